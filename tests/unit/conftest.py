"""What several unit tests stand on."""

import pytest

from app.pipeline.stores.disk import DiskStore


@pytest.fixture
def store(tmp_path):
    """Open a store in a folder of its own."""
    made = DiskStore(tmp_path / "cache", 10_000_000)
    yield made
    made.close()
