"""One case from its seed to its outcome, and the server, browser and files that serve many."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.browsing import start_server, stop_server
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

    def run(self, seed: int) -> Outcome:
        """Return what came of a seed's case."""
        case = make_case(seed, self._sources)
        outcome = Outcome(case)
        outcome.compared("cases", 1)
        with self._pages.without_errors():
            self._judge(case, outcome)
        return outcome

    def _judge(self, case: Case, outcome: Outcome) -> None:
        pages = self._pages
        seen = pages.explorer(case)
        right = judge_view(case, seen, pages, outcome)
        judge_scale(case, seen, right, outcome)
        judge_legend(case, seen.told, right, outcome)
        judge_ticks(seen, outcome)
        judge_hovers(case, seen, pages, right, outcome)
        if case.has_figure:
            judge_figure(case, pages, outcome)


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
