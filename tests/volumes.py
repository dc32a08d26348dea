"""Small volumes of a test's own, that can be full or read-only as no folder can be for root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def volume(folder: Path, size: str) -> Iterator[Path]:
    """Mount an empty volume on a folder, or skip the test where that is not permitted."""
    folder.mkdir(exist_ok=True)
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    except FileNotFoundError:
        pytest.skip("a volume cannot be mounted here: there is no mount command")
    if mounted.returncode:
        pytest.skip(f"a volume cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def remount(folder: Path, how: str) -> None:
    """Make a volume read-only (``ro``) or writable (``rw``)."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)
