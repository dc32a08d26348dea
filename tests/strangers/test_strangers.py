"""Sixty random files; STRANGERS names other seeds: ``STRANGERS=417 make test TESTS=tests/strangers``."""

import os
from pathlib import Path

import pytest

from tests.strangers.judging import judge
from tests.strangers.making import make

SEEDS = [int(one) for one in os.environ.get("STRANGERS", ",".join(map(str, range(60)))).split(",")]


@pytest.mark.parametrize("seed", SEEDS, ids="seed-{}".format)
def test_a_stranger_opens_and_its_rows_add_up(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STAGEBOARD_FOLDER", str(tmp_path / "own" / "data"))
    one = make(seed, tmp_path / "file")
    assert judge(one, tmp_path / "own", lambda: capsys.readouterr().out) == [], f"{one.path.name}: {one.words}"
