"""A file as it comes: written, looked at, and given its folder when all of it is good.

Owns the way from a request's body to an upload; it is filled in a folder of another name, so that no upload is ever
seen half. Refuses by a sentence, and leaves nothing of what it refused.
"""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.datasets.inspection import Limits, inspect
from app.datasets.names import display, slug, stem
from app.datasets.suspects import extension
from app.datasets.uploads.allowance import Allowance
from app.datasets.uploads.record import FILE, PREFIX, Upload, dataset, write
from app.pipeline.errors import DataError, StageboardError, StoreError

PART = ".part-"
MOST_SLUG = 40


def receive(home: Path, file: str, declared: int, chunks: Iterable[bytes], allowance: Allowance) -> Upload:
    """Keep a file that is being sent in its session's folder, when it has been looked at.

    Parameters
    ----------
    home : Path
        Of the session; made if missing.
    file : str
        What the user calls it.
    declared : int
        How many bytes are said to come; 0 where that is not said.
    chunks : iterable of bytes
        What comes.
    allowance : Allowance

    Raises
    ------
    TooLargeError, QuotaError, ParameterError, DataError, StoreError
        As `Uploads.receive`.
    """
    called = display(file)
    given = f"given{extension(called)}"
    allowance.check_size(declared)
    allowance.check_room(home, declared)
    allowance.check_total(home.parent, declared)
    try:
        with _part(home) as part:
            sent = _stored(chunks, part / given, allowance)
            upload = _inspected(part, given, called, sent, allowance)
            allowance.check_room(home)
            os.replace(part, home / upload.name)
    except OSError as error:
        if isinstance(error, StageboardError):
            raise
        raise StoreError(f"the file cannot be kept ({error.strerror}): try again later.") from error
    return upload


@contextmanager
def _part(home: Path) -> Iterator[Path]:
    """Yield a folder to fill; what is left of it at the end is deleted."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=PART, dir=home))
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _stored(chunks: Iterable[bytes], path: Path, allowance: Allowance) -> int:
    """Write what comes, and return how many bytes that were."""
    size = 0
    with path.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            allowance.check_size(size)
            file.write(chunk)
    return size


def _inspected(part: Path, given: str, called: str, sent: int, allowance: Allowance) -> Upload:
    """Fill a folder with what a file in it holds, in place of the file, and say what that is."""
    short = slug(stem(called))[:MOST_SLUG]
    out = part / f"{short}{FILE}"
    report = inspect(part / given, out, Limits(unpacked=allowance.quota, written=allowance.room(part.parent)), called)
    (part / given).unlink()
    name = f"{PREFIX}{short}-{secrets.token_hex(4)}"
    upload = Upload(name, called, sent, report.rows, report.columns, time.time())
    try:
        dataset(part, upload)
    except DataError as error:
        raise DataError(str(error).replace(repr(str(out)), repr(called))) from None
    write(part, upload)
    return upload
