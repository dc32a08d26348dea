"""Hostile requests: none ends in a fault, shows another session's things, or opens a file that it should not."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how

from tests.app.fuzzing import KINDS, Fuzz


@pytest.fixture(scope="module")
def fuzz(app, settings) -> Fuzz:
    return Fuzz(app, [settings.cache, settings.folder])


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_breaks_what_is_promised(fuzz: Fuzz, kind: str) -> None:
    @how(max_examples=KINDS[kind], deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(fuzz.asks(kind))
    def tried(asks) -> None:
        for ask in asks:
            fuzz.judge(ask)

    tried()


def test_ten_thousand_requests_are_sent(fuzz: Fuzz) -> None:
    each = dict.fromkeys(KINDS, 1) | {"mutants": len(fuzz.everywhere(None, b"", ""))}
    assert sum(KINDS[kind] * each[kind] for kind in KINDS) >= 10_000


def test_a_file_outside_is_seen(fuzz: Fuzz, tmp_path) -> None:
    with fuzz.watch.opened() as paths:
        (tmp_path / "stray").write_text("x")
    assert paths == [str((tmp_path / "stray").resolve())]
