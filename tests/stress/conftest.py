"""Reports of what stress tests measure: shown, and written where STRESS_RESULTS names a folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[list[dict[str, Any]]]:
    """Return a list for a module's figures; it says what they are of by its TITLE, and for how long by its SECONDS."""
    made: list[dict[str, Any]] = []
    yield made
    if request.session.testsfailed:
        return
    title, seconds = request.module.TITLE, request.module.SECONDS
    report.show(title, made)
    if folder := os.environ.get("STRESS_RESULTS"):
        name = Path(request.module.__file__).stem.removeprefix("test_")
        report.write(Path(folder) / f"stress-{name}.json", {**report.facts(), "seconds": seconds, "rows": made})
