"""What worker processes hold: private and shared memory over what imports and compiled kernels take.

python -m benchmarks.memory FILE CACHE SEED is one such worker, and is told when to go on through its standard input.
"""

import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from app import heap
from app.pipeline.controls import opening
from app.pipeline.warmup import warm_up
from app.runtime import Runtime
from app.settings import load
from benchmarks import session
from benchmarks.baseline import SIZE

VIEWS = 10
# What smaps_rollup names, by what it is: pages that this process alone has written; and its share of all.
KINDS = {"private_dirty_mb": "Private_Dirty:", "pss_mb": "Pss:"}


def of(pid: int) -> dict[str, float]:
    """Return a process's memory, MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) / 1e3 for line in lines[1:]}
    return {kind: sizes[name] for kind, name in KINDS.items()}


def measure(path: Path, cache: Path, workers: int) -> dict[str, Any]:
    """Return what each of some workers has over its imports, at rest: it has opened the data and answered ten views."""
    ask = [sys.executable, "-m", "benchmarks.memory", str(path), str(cache)]
    pipe = subprocess.PIPE
    # Each answers views that none before it has stored.
    seeds = [str(100 * workers + one) for one in range(workers)]
    running = [subprocess.Popen([*ask, seed], stdin=pipe, stdout=pipe, text=True) for seed in seeds]
    try:
        before = _heard(running, "imported\n")
        after = _heard(running, "answered\n")
    finally:
        for one in running:
            one.communicate("\n")
    rows = [{kind: later[kind] - first[kind] for kind in KINDS} for first, later in zip(before, after, strict=True)]
    imports = {f"imports_{kind}": round(statistics.mean(one[kind] for one in before)) for kind in KINDS}
    return {
        "workers": workers,
        **{kind: round(statistics.mean(one[kind] for one in rows), 1) for kind in KINDS},
        **imports,
    }


def _heard(running: list["subprocess.Popen[str]"], word: str) -> list[dict[str, float]]:
    """Wait until each worker has said a word, look at all, and tell them to go on."""
    for one in running:
        if one.stdout is None or one.stdout.readline() != word:
            raise RuntimeError(f"a worker ended before it had {word.strip()}.")
    sizes = [of(one.pid) for one in running]
    for one in running:
        if one.stdin:
            one.stdin.write("\n")
            one.stdin.flush()
    return sizes


def _paused(word: str) -> None:
    print(word, flush=True)
    sys.stdin.readline()


def work(path: Path, cache: Path, seed: int) -> None:
    """Import and compile, open the data, answer ten views, come to rest, and wait to be looked at."""
    heap.keep()
    warm_up()
    heap.give_back()
    _paused("imported")
    with Runtime(load(cache=cache, data=(path,))) as runtime:
        plot = next(one for one in runtime.catalogue if one.plots[0].path == path).plots[0]
        points = runtime.points(runtime.root(plot))
        for action in session.script(opening(plot), VIEWS - 1, seed):
            bounds = points.at.world.bounds(action.view) if points.at.world else None
            runtime.image(plot, replace(action.controls, bounds=bounds), *SIZE)
        heap.give_back()
        _paused("answered")


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
