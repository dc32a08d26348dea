"""What every benchmark says beside its figures: the machine, the versions, the commit; and how it prints and writes."""

import json
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

LIBRARIES = ("datashader", "numba", "numpy", "pandas", "pyarrow", "diskcache")


def _commit() -> str:
    """Return the commit at hand, marked where other files than results were changed."""

    def git(*words: str) -> str:
        command = ["git", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)benchmarks/results")
    return git("rev-parse", "--short=7", "HEAD") + ("-dirty" if changed else "")


def facts() -> dict[str, Any]:
    """Return where and when this runs, and what on."""
    return {
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "load": load(),
        "machine": platform.machine(),
        "processor": _line_of("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _line_of("/proc/meminfo", "MemTotal"),
        "system": platform.system() + " " + platform.release(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def load() -> float:
    """Return how many processes wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def _line_of(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    started = perf_counter()
    call()
    return (perf_counter() - started) * 1e3


def spread_of(ms: Sequence[float]) -> dict[str, float]:
    """Return the median, the 95th percentile and the sum of milliseconds."""
    ranked = sorted(ms)
    p95 = ranked[math.ceil(0.95 * len(ranked)) - 1]
    return {"p50_ms": digits(statistics.median(ranked)), "p95_ms": digits(p95), "total_ms": digits(sum(ranked))}


def digits(value: float) -> float:
    """Return a number with the three digits that a measurement has."""
    return float(f"{value:.3g}") if abs(value) < 100 else round(value)


def cell(value: object) -> str:
    """Return a figure or word as a table shows it."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def show(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of rows that have the same columns."""
    lines = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    print(f"\n{title}")
    for name, *values in lines:
        print(name.ljust(first), *(value.rjust(width) for value, width in zip(values, others, strict=True)), sep="  ")


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")
