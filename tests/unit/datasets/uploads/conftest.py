"""A folder for tests of what may not be read or changed."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def common() -> Iterator[Path]:
    """Return a folder that every user of the system may look into; pytest's own are closed."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder
        for one in (folder, *folder.rglob("*")):
            one.chmod(0o755)
