"""One case from its seed to its outcome, and the server, browser and files that serve many."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.browsing import FLAGS, chromium, start_server, stop_server
from tests.differential.cases import BATCH, Case, make_case
from tests.differential.compare import Outcome
from tests.differential.data import Source, make_files
from tests.differential.figures import judge_figure
from tests.differential.hovering import judge_hovers
from tests.differential.page import Pages
from tests.differential.pictures import judge_view
from tests.differential.words import judge_legend, judge_scale, judge_ticks


class Bench:
    """A server on a batch's files, and the pages that look at it."""

    def __init__(self, sources: dict[str, Source], pages: Pages) -> None:
        self._sources, self._pages = sources, pages

    def begin(self, seed: int) -> Outcome:
        """Return a seed's case, of which nothing is known yet."""
        outcome = Outcome(make_case(seed, self._sources))
        outcome.compared("cases", 1)
        return outcome

    def judge(self, outcome: Outcome) -> None:
        """Look at a case on both pages, and note what differs."""
        with self._pages.without_errors():
            self._explorer(outcome.case, outcome)
            if outcome.case.has_figure:
                judge_figure(outcome.case, self._pages, outcome)

    def _explorer(self, case: Case, outcome: Outcome) -> None:
        pages = self._pages
        seen = pages.explorer(case)
        right = judge_view(case, seen, pages, outcome)
        judge_scale(case, seen, right, outcome)
        judge_legend(case, seen.told, right, outcome)
        judge_ticks(seen, outcome)
        judge_hovers(case, seen, pages, right, outcome)


def batch_of(seed: int) -> int:
    """Return the number of the files that a seed's case is about."""
    return seed // BATCH


@contextmanager
def bench_of(batch: int, folder: Path, browser: Browser) -> Iterator[Bench]:
    """Write a batch's files, and serve them."""
    files = folder / f"batch-{batch}"
    files.mkdir(parents=True)
    sources = make_files(files, batch)
    given = [part for one in sources.values() if not one.named for part in ("--data", str(one.path))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGEBOARD_RATE", "0")
        server = start_server(files, *given)
    pages = Pages(browser, server.url)
    try:
        yield Bench(sources, pages)
    finally:
        pages.close()
        stop_server(server)


def run_batch(seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return the reports of seeds that share their files, in a browser of their own; for a process of its own."""
    with TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        with bench_of(batch_of(seeds[0]), Path(folder), browser) as bench:
            return [_reported(bench, seed) for seed in seeds]


def _reported(bench: Bench, seed: int) -> dict[str, Any]:
    """Return a seed's report; a case that comes to no end is a fault, and keeps no other from being tried."""
    outcome = bench.begin(seed)
    try:
        bench.judge(outcome)
    except (AssertionError, Error, ValueError, LookupError) as error:
        outcome.fault("cases unread", f"{type(error).__name__}: {error}"[:400])
    if outcome.faults:
        outcome.keep()
    return outcome.report()
