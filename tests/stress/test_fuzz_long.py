"""The fuzzing of `tests/app/test_fuzz.py`, longer, and by another seed at every run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how

from benchmarks import report
from tests.app.fuzzing import KINDS, Fuzz

TIMES = int(os.environ.get("FUZZ_TIMES", "10"))


@pytest.fixture(scope="module")
def fuzz(app, settings, request) -> Iterator[Fuzz]:
    made = Fuzz(app, [settings.cache, settings.folder])
    yield made
    if request.session.testsfailed:
        return
    print(f"{made.tries:,} hostile requests, no fault")
    if folder := os.environ.get("STRESS_RESULTS"):
        tried = {"requests": made.tries, "examples": {kind: TIMES * many for kind, many in KINDS.items()}}
        report.write(Path(folder) / "stress-fuzz.json", {**report.facts(), **tried})


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_breaks_what_is_promised(fuzz: Fuzz, kind: str) -> None:
    @how(max_examples=TIMES * KINDS[kind], deadline=None, suppress_health_check=list(HealthCheck))
    @given(fuzz.asks(kind))
    def tried(asks) -> None:
        for ask in asks:
            fuzz.judge(ask)

    tried()
