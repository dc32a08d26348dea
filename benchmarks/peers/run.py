"""Measure Stageboard beside its peers, in one run on one machine: print tables, and write JSON.

    python -m benchmarks.peers.run [--rows 10000000] [--repeats 7] [--only panel,dash,extensions,stageboard]
        [--parts actions,sessions,memory,restart] [--data FILE] [--out benchmarks/results/peers-10m.json]

Each part of each peer runs in a process of its own and within its time: what fails there is reported, and the rest goes
on. Ratios of one run are worth more than milliseconds of a shared machine.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from app.datasets.make import make_taxi
from benchmarks.peers.frame import HOME, SIZE
from benchmarks.peers.report import lines
from benchmarks.peers.servers import PEERS, ROOT

# A part, and the seconds that one peer may take for it.
PARTS = {"actions": 900, "sessions": 300, "memory": 300, "restart": 300}
PACKAGES = (
    "dash",
    "dash-extensions",
    "datashader",
    "holoviews",
    "numba",
    "numpy",
    "pandas",
    "panel",
    "plotly",
    "bokeh",
)


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, before anything is started."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=False, cwd=ROOT)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load_before": [round(one, 2) for one in os.getloadavg()],
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def measured(name: str, part: str, data: Path, folder: Path, repeats: int) -> dict[str, Any]:
    """Return what one part of one peer found, or why it failed."""
    out, log = folder / f"{name}-{part}.json", folder / f"{name}-{part}.log"
    given = [name, part, str(data), str(folder / name), str(repeats), str(out)]
    with log.open("w") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers.one", *given],
            cwd=ROOT, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            child.wait(PARTS[part])
        except subprocess.TimeoutExpired:
            return {"failed": f"it took more than {PARTS[part]} seconds"}
        finally:
            end(child)
    if child.returncode or not out.exists():
        return {"failed": (log.read_text().strip().splitlines() or ["it said nothing"])[-1]}
    return json.loads(out.read_text())


def end(child: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it has started and left."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # nothing is left
    child.wait()


def asked() -> argparse.Namespace:
    """Read the command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=10_000_000)
    ask.add_argument("--repeats", type=int, default=7)
    ask.add_argument("--only", default=",".join(PEERS))
    ask.add_argument("--parts", default=",".join(PARTS))
    ask.add_argument("--data", type=Path, help="a file of `app data make taxi`, called taxi.parquet; else one is made")
    ask.add_argument("--shots", type=Path, help="a folder for a picture of each peer's page")
    ask.add_argument("--out", type=Path)
    given = ask.parse_args()
    given.only, given.parts = given.only.split(","), given.parts.split(",")
    for one, known in ((given.only, PEERS), (given.parts, PARTS)):
        if wrong := set(one) - set(known):
            ask.error(f"unknown: {', '.join(sorted(wrong))}; known: {', '.join(known)}")
    return given


def write(report: dict[str, Any], out: Path | None) -> None:
    """Write what is known so far: a run that is stopped keeps it."""
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(report, indent=2) + "\n")


def main() -> None:
    """Run the benchmark."""
    given = asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started is ended, too
    report = {**machine(), "rows": given.rows, "repeats": given.repeats, "plot": SIZE, "view": HOME, "peers": {}}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = given.data.resolve() if given.data else folder / "taxi.parquet"
        if not given.data:
            print(f"Making {given.rows:,} rows", flush=True)
            make_taxi(data, given.rows)
        for name in given.only:
            report["peers"][name] = {}
            for part in given.parts:
                print(f"{datetime.now(UTC):%H:%M:%S} {name}: {part}", flush=True)
                report["peers"][name][part] = measured(name, part, data, folder, given.repeats)
                write(report, given.out)
        if given.shots:
            given.shots.mkdir(parents=True, exist_ok=True)
            for picture in folder.glob("*.png"):
                shutil.move(picture, given.shots / picture.name)
    print("\n".join(lines(report["peers"])))


if __name__ == "__main__":
    main()
