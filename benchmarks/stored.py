"""How long a fresh process takes to read what others have stored.

python -m benchmarks.stored CACHE is that process; it prints JSON.
"""

import json
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from app.runtime import Runtime
from app.settings import load
from benchmarks.report import digits, timed

# A tile of 522 by 522 cells, and an aggregate of 1000 by 600.
STAGES = {"tile": "grid-", "aggregate": "spread-"}
MOST = 60


def measure(cache: Path) -> dict[str, Any]:
    """Return the median and the worst milliseconds of a read from disk, by what is read."""
    ask = [sys.executable, "-m", "benchmarks.stored", str(cache)]
    return dict(json.loads(subprocess.run(ask, capture_output=True, text=True, check=True).stdout))


def read(cache: Path) -> dict[str, Any]:
    """Read tiles and aggregates, each once."""
    with Runtime(load(cache=cache)) as runtime:
        names = list(runtime.store.keys())
        found = {}
        for what, stage in STAGES.items():
            keys = [key for key in names if key.startswith(stage)][:MOST]
            ms = [timed(partial(runtime.store.get, key)) for key in keys]
            if ms:
                found[what] = {"read": len(keys), "p50_ms": digits(statistics.median(ms)), "max_ms": digits(max(ms))}
        return found


if __name__ == "__main__":
    print(json.dumps(read(Path(sys.argv[1]))))
