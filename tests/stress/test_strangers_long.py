"""Two thousand random files, as `tests/strangers` has sixty; STRESS_FILES says how many."""

import os
from pathlib import Path
from shutil import rmtree

import pytest

from tests.strangers.judging import judge
from tests.strangers.making import make

FILES = int(os.environ.get("STRESS_FILES", "2000"))


def test_two_thousand_strangers_open_and_their_rows_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for seed in range(FILES):
        folder = tmp_path / str(seed)
        monkeypatch.setenv("STAGEBOARD_FOLDER", str(folder / "own" / "data"))
        one = make(seed, folder / "file")
        faults = judge(one, folder / "own", lambda: capsys.readouterr().out)
        wrong += [f"seed {seed}, {one.words}: {fault}" for fault in faults]
        rmtree(folder)
    assert wrong == []
