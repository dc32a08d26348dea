"""What uploads may take: to the byte, for a file, a session and all of them."""

from pathlib import Path

import pytest

from app.datasets.uploads.allowance import Allowance
from app.datasets.uploads.folders import held
from app.pipeline.errors import QuotaError, StoreError, TooLargeError
from tests.unit.datasets.uploads.shelf import put


def test_what_fits_to_the_byte_is_taken_and_one_more_is_not(tmp_path: Path) -> None:
    home = put(tmp_path).parent
    used = held(home)
    allowance = Allowance(upload=100, quota=used + 10, total=used + 20)
    assert allowance.room(home) == 10
    allowance.check_size(100)
    allowance.check_room(home, 10)
    allowance.check_total(tmp_path, 20)
    with pytest.raises(TooLargeError, match="larger than 100 bytes"):
        allowance.check_size(101)
    with pytest.raises(QuotaError, match="delete one to make room"):
        allowance.check_room(home, 11)
    with pytest.raises(StoreError, match="all users"):
        allowance.check_total(tmp_path, 21)


def test_who_has_more_than_is_allowed_has_no_room(tmp_path: Path) -> None:
    assert Allowance(100, 1, 100).room(put(tmp_path).parent) == 0
