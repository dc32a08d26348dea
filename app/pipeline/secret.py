"""The secret that signs cookies and tokens: the same for every worker of a cache folder."""

import os
import secrets
from pathlib import Path

from app.pipeline.errors import ParameterError, StoreError

FILE = "secret"
MIN_LENGTH = 16


def check_secret(secret: str) -> str:
    """Return the secret, or raise `ParameterError` where it could be guessed."""
    if len(secret) < MIN_LENGTH:
        raise ParameterError(f"a secret of {len(secret)} characters can be guessed: give at least {MIN_LENGTH}.")
    return secret


def share_secret(folder: Path) -> None:
    """Make the secret of a cache folder, or raise `StoreError` where several workers could not share one."""
    try:
        if _read(folder / FILE) or _write(folder / FILE):
            return
        reason = "its secret cannot be read"
    except OSError as error:
        reason = str(error)
    raise StoreError(
        f"several workers need one secret, and the cache folder {str(folder)!r} cannot keep it: {reason}. "
        "Set STAGEBOARD_SECRET, choose another folder by --cache, or serve by --workers 1."
    )


def load_secret(folder: Path | None) -> str:
    """Return the secret that all workers of a cache folder share, made on the first call.

    Parameters
    ----------
    folder : Path or None
        The cache folder. None, or one that cannot be written: a secret for this process only.

    Returns
    -------
    str
        64 hexadecimal digits.

    Notes
    -----
    The file is readable by its owner alone. It is written whole under another name and then linked, so that of
    several workers that start at once the first wins and the others read what it wrote.
    """
    if folder is None:
        return secrets.token_hex(32)
    path = folder / FILE
    try:
        return _read(path) or _write(path)
    except OSError:
        return secrets.token_hex(32)


def _read(path: Path) -> str:
    """Return the file's secret, or nothing where it is absent or damaged."""
    try:
        text = path.read_text("ascii").strip()
    except (FileNotFoundError, UnicodeError):
        return ""
    return text if len(text) >= MIN_LENGTH else ""


def _write(path: Path) -> str:
    """Make the file, unless another worker was faster, and return what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(draft, path)
    except FileExistsError:
        if not _read(path):
            os.replace(draft, path)
            return _read(path)
    draft.unlink()
    return _read(path)
