"""The comparison of `tests/differential`, over a thousand seeds.

STRESS_SEEDS says how many, 1000 by default; STRESS_RESULTS names a folder that gets a report. A seed that fails is
looked at alone by ``DIFFERENTIAL_SEEDS=417 make test TESTS=tests/differential``.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, groupby
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from benchmarks import report
from tests.differential.compare import FAULTS, total
from tests.differential.run import batch_of, run_batch

SEEDS = int(os.environ.get("STRESS_SEEDS", "1000"))
PROCESSES = 2
SAID = 200
"""So many cases that fail are told in the report."""


def test_what_is_shown_of_a_thousand_cases_is_right() -> None:
    began = monotonic()
    batches = [list(seeds) for _, seeds in groupby(range(SEEDS), batch_of)]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        reports = list(chain(*pool.map(run_batch, _halved(batches))))
    counts = total(reports)
    failing = [one for one in reports if one["faults"]]
    report.show(
        f"{SEEDS:,} cases, {len(failing):,} with faults", [{"what": name, "n": n} for name, n in counts.items()]
    )
    for one in failing[:SAID]:
        print(f"\nseed {one['seed']}: {one['case']}", *one["faults"], sep="\n  ")
    if folder := os.environ.get("STRESS_RESULTS"):
        found = {"seeds": SEEDS, "seconds": round(monotonic() - began), "counts": counts, "failing": failing[:SAID]}
        report.write(Path(folder) / "stress-differential.json", {**report.facts(), **found})
    assert {name: counts[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)


def _halved(batches: list[list[int]]) -> list[list[int]]:
    """Return batches, or halves where they are too few for the processes."""
    if len(batches) >= PROCESSES:
        return batches
    return [half for one in batches for half in (one[::2], one[1::2]) if half]
