"""The process that looks at a file ends within its limits, and how it ended is a sentence about the user's file."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets.inspection import Limits, Report, inspect
from app.pipeline.errors import DataError

CALLED = "Trips of Ada"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "given.parquet"
    random = np.random.default_rng(1)
    pq.write_table(pa.table({"x": random.random(50_000), "y": random.random(50_000), "l": [[1]] * 50_000}), path)
    return path


def test_a_good_file_is_written_anew_and_told_of(given: Path, tmp_path: Path) -> None:
    report = inspect(given, tmp_path / "out.parquet", Limits(), CALLED)
    assert report == Report(50_000, 2, report.unpacked, ("l",))
    assert report.unpacked >= 800_000
    assert pq.read_table(tmp_path / "out.parquet")["x"].equals(pq.read_table(given)["x"])


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(written=100_000), "takes more than the 100,000 bytes that are left: delete an upload"),
        (Limits(seconds=0), f"looking at '{CALLED}' took longer than 0 s"),
        (Limits(memory=2**22), "takes more than 4,194,304 bytes of memory: send it in smaller batches"),
    ],
)
def test_the_system_holds_it_to_its_limits(given: Path, tmp_path: Path, limits: Limits, said: str) -> None:
    with pytest.raises(DataError) as raised:
        inspect(given, tmp_path / "out.parquet", limits, CALLED)
    assert said in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
