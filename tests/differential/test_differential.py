"""Forty cases of what the pages show against what is right.

DIFFERENTIAL_SEEDS names other seeds: ``DIFFERENTIAL_SEEDS=417 make test TESTS=tests/differential``. The pictures of a
case that fails are kept in tests/artifacts/differential/.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.differential.run import Bench, batch_of, bench_of

SEEDS = [int(one) for one in os.environ.get("DIFFERENTIAL_SEEDS", ",".join(map(str, range(40)))).split(",")]


@pytest.fixture(scope="module")
def bench(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Bench]]:
    """Return a function that has a seed's files served, once a batch."""
    folder = tmp_path_factory.mktemp("differential")
    with ExitStack() as stack:
        made: dict[int, Bench] = {}

        def of(seed: int) -> Bench:
            batch = batch_of(seed)
            if batch not in made:
                made[batch] = stack.enter_context(bench_of(batch, folder, browser))
            return made[batch]

        yield of


@pytest.mark.browser
@pytest.mark.parametrize("seed", SEEDS, ids="seed-{}".format)
def test_what_is_shown_is_right(bench: Callable[[int], Bench], seed: int) -> None:
    made = bench(seed)
    outcome = made.begin(seed)
    made.judge(outcome)
    kept = outcome.keep() if outcome.faults else []
    assert outcome.faults == [], f"{outcome.case.words()}; pictures: {', '.join(map(str, kept)) or 'none'}"
