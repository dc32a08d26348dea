"""The secret: made once, private, and the same for all who ask."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.pipeline.errors import StoreError
from app.pipeline.secret import load_secret, share_secret


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    secret = load_secret(tmp_path / "cache")
    assert load_secret(tmp_path / "cache") == secret
    assert len(secret) == 64
    assert stat.S_IMODE((tmp_path / "cache" / "secret").stat().st_mode) == 0o600
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["secret"]


def test_workers_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(load_secret, [tmp_path] * 64))) == 1


@pytest.mark.parametrize("damaged", [b"", b"short", b"\xff" * 64])
def test_a_damaged_secret_is_replaced(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "secret").write_bytes(damaged)
    secret = load_secret(tmp_path)
    assert len(secret) == 64
    assert load_secret(tmp_path) == secret


def test_without_a_folder_the_secret_is_of_this_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert load_secret(None) != load_secret(None)
    assert len(load_secret(tmp_path / "file")) == 64


def test_a_secret_that_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    share_secret(tmp_path / "cache")
    assert load_secret(tmp_path / "cache") == load_secret(tmp_path / "cache")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"several workers need one secret, and the cache folder .* STAGEBOARD_SECRET"):
        share_secret(tmp_path / "file")
