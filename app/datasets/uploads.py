"""Files that users sent: each in a folder of its own, in the folder of the session that alone may see it.

``{owner}/{name}/{slug}.parquet`` with ``upload.json`` and ``columns/`` beside it: what an upload takes on the disk, its
layout included, is what its folder holds, and is gone when the folder is. A folder is made under another name and
renamed when it is whole. No name that a user chose is ever a path.
"""

import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock

from cachetools import LRUCache

from app.datasets.inspection import Limits, inspect
from app.datasets.names import label, slug, stem
from app.datasets.recognise import recognise
from app.datasets.suspects import extension
from app.pipeline.errors import (
    DataError,
    ParameterError,
    QuotaError,
    StageboardError,
    StoreError,
    TooLargeError,
    unknown,
)
from app.pipeline.rooms import Progress, silent
from app.pipeline.types import Dataset

PREFIX = "upload-"
FACTS = "upload.json"
COLUMNS = "columns"
MOST_NAME = 255
"""Characters of a file's name; file systems allow no more."""
ABANDONED = 3_600
"""Seconds after which a folder that is not whole is taken for the remains of a process that died."""
TOUCH = 3_600
"""Seconds that the last use of a session's folder may lag behind."""
LOOK = 0.5
"""Seconds between two looks at what a layout that is being made has taken."""
_PART = ".part-"
_OWNER = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(PREFIX + r"[a-z0-9_-]{1,60}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that a session sent.

    Parameters
    ----------
    name : str
        Its data set's name.
    file : str
        What the user called the file.
    sent : int
        Bytes that were sent.
    rows, columns : int
    at : float
        When, in seconds since 1970.
    """

    name: str
    file: str
    sent: int
    rows: int
    columns: int
    at: float


class Uploads:
    """The uploads of all sessions. Safe for threads and processes.

    Parameters
    ----------
    folder : Path or None
        Where they are kept; None: nowhere, and every upload is refused.
    upload, quota, total : int
        Bytes that one file, one session, and all sessions may take.
    idle : float
        Seconds after which what a session has not used is deleted.
    """

    def __init__(self, folder: Path | None, *, upload: int, quota: int, total: int, idle: float) -> None:
        self._folder = folder.resolve() if folder else None
        self.upload, self.quota, self._total, self._idle = upload, quota, total, idle
        self._datasets: LRUCache[Path, Dataset] = LRUCache(256)
        self._lock = Lock()
        self._swept = 0.0

    def of(self, owner: str) -> tuple[Upload, ...]:
        """Return an owner's uploads, the latest first."""
        home = self._home(owner)
        if home is None or not home.is_dir():
            return ()
        self.touch(owner)
        found = (_facts(one) for one in home.iterdir() if _NAME.fullmatch(one.name))
        return tuple(sorted((one for one in found if one), key=lambda one: -one.at))

    def find(self, owner: str, name: str) -> Dataset | None:
        """Return an owner's upload as a data set; None for any other name, whoever has it."""
        home = self._home(owner)
        if home is None or not _NAME.fullmatch(name):
            return None
        facts = _facts(home / name)
        return self._opened(home / name, facts) if facts else None

    def _opened(self, home: Path, facts: Upload) -> Dataset:
        with self._lock:
            found = self._datasets.get(home)
        if found is None:
            found = _recognised(home, facts)
            with self._lock:
                self._datasets[home] = found
        return found

    def columns(self, path: Path) -> Path | None:
        """Return where the columns of an upload's file are kept; None for any other file."""
        ours = self._folder is not None and len(path.parents) > 2 and path.parents[2] == self._folder
        return path.parent / COLUMNS if ours else None

    def watched(self, path: Path, progress: Progress = silent) -> Progress:
        """Return a progress callback that also ends the making of a layout which its session has no room for."""
        home, looked = path.parents[1], 0.0

        def told(fraction: float, message: str) -> None:
            nonlocal looked
            if time.monotonic() - looked > LOOK:
                self._check_room(home, 0)
                looked = time.monotonic()
            progress(fraction, message)

        return told

    def size(self, owner: str, name: str = "") -> int:
        """Return the bytes that an owner's upload takes on the disk, or all of them."""
        home = self._home(owner)
        return held(home / name) if home and (not name or _NAME.fullmatch(name)) else 0

    def receive(self, owner: str, file: str, declared: int | None, chunks: Iterable[bytes]) -> Upload:
        """Keep a file that is being sent, when it has been looked at.

        Parameters
        ----------
        owner : str
        file : str
            What the user calls it.
        declared : int or None
            How many bytes are said to come.
        chunks : iterable of bytes
            What comes.

        Raises
        ------
        TooLargeError
            For more than one file may have: before a byte is read where it is declared, else when it has come.
        QuotaError
            Where the session has no room for it.
        ParameterError, DataError
            For a name or content that is refused.
        StoreError
            Where nothing can be kept at all.
        """
        called = display(file)
        given = extension(called)
        home = self._home(owner)
        if home is None or self._folder is None:
            raise StoreError("this server keeps no files of its users: its cache folder cannot be used.")
        self._check_size(declared or 0)
        self._check_room(home, declared or 0)
        self._check_total(declared or 0)
        try:
            with self._part(home) as part:
                sent = self._store(chunks, part / f"given{given}")
                facts = self._inspected(home, part, f"given{given}", called, sent)
                self._check_room(home, 0)
                os.replace(part, home / facts.name)
        except OSError as error:
            if isinstance(error, StageboardError):
                raise
            raise StoreError(f"the file cannot be kept ({error.strerror}): try again later.") from error
        return facts

    def _inspected(self, home: Path, part: Path, given: str, called: str, sent: int) -> Upload:
        """Fill a folder with what a file holds, and say what that is."""
        short = slug(stem(called))[:40]
        room = max(self.quota - held(home), 0)
        report = inspect(part / given, part / f"{short}.parquet", Limits(unpacked=self.quota, written=room), called)
        (part / given).unlink()
        name = f"{PREFIX}{short}-{secrets.token_hex(4)}"
        facts = Upload(name, called, sent, report.rows, report.columns, time.time())
        try:
            _recognised(part, facts)
        except DataError as error:
            raise DataError(str(error).replace(repr(str(part / f"{short}.parquet")), repr(called))) from None
        (part / FACTS).write_text(json.dumps(asdict(facts)), encoding="utf-8")
        return facts

    def _store(self, chunks: Iterable[bytes], path: Path) -> int:
        size = 0
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                self._check_size(size)
                file.write(chunk)
        return size

    def _check_size(self, size: int) -> None:
        if size > self.upload:
            raise TooLargeError(f"the file is larger than {self.upload:,} bytes, which is the most that can be sent.")

    def _check_room(self, home: Path, more: int) -> None:
        used = held(home)
        if used + more > self.quota:
            raise QuotaError(
                f"your uploads take {used:,} of the {self.quota:,} bytes that you have: delete one to make room."
            )

    def _check_total(self, more: int) -> None:
        if self._folder and held(self._folder) + more > self._total:
            raise StoreError("the uploads of all users fill their share of this server's disk: try again later.")

    @contextmanager
    def _part(self, home: Path) -> Iterator[Path]:
        """Yield a folder to fill; what is left of it at the end is deleted."""
        self.sweep()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=_PART, dir=home))
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def delete(self, owner: str, name: str) -> None:
        """Delete one of an owner's uploads, with all that was made of it.

        Raises
        ------
        UnknownNameError
            For any other name, whoever has it.
        """
        home = self._home(owner)
        if home is None or not _NAME.fullmatch(name) or _facts(home / name) is None:
            raise unknown("upload", name[:80], (one.name for one in self.of(owner)))
        _remove(home / name)

    def forget(self, owner: str) -> None:
        """Delete all that is kept of an owner."""
        home = self._home(owner)
        if home and home.is_dir():
            _remove(home)

    def touch(self, owner: str) -> None:
        """Note that an owner is still there."""
        home = self._home(owner)
        with suppress(OSError):
            if home and time.time() - home.stat().st_mtime > TOUCH:
                os.utime(home)

    def sweep(self, every: float = ABANDONED) -> int:
        """Delete what belongs to sessions that have ended, and what processes that died have left.

        Parameters
        ----------
        every : float
            Nothing is done where this process swept less than so many seconds ago.

        Returns
        -------
        int
            How many folders that were.
        """
        with self._lock:
            if self._folder is None or time.monotonic() - self._swept < every:
                return 0
            self._swept = time.monotonic()
        gone = 0
        for home in _folders(self._folder):
            # On a volume that cannot be written it stays until the next time.
            with suppress(StoreError):
                if self._ended(home):
                    _remove(home)
                    gone += 1
        return gone

    def _ended(self, home: Path) -> bool:
        """Whether a folder is of nobody any more."""
        for part in _folders(home):
            if _facts(part) is None and _age(part) > ABANDONED:
                shutil.rmtree(part, ignore_errors=True)
        return _age(home) > (self._idle if any(_folders(home)) else ABANDONED)

    def _home(self, owner: str) -> Path | None:
        return self._folder / owner if self._folder and _OWNER.fullmatch(owner) else None


def display(file: str) -> str:
    """Return what a file is called, as one line of text.

    Raises
    ------
    ParameterError
        For a name that no file can have.

    Examples
    --------
    >>> display("Fahrten  2015.csv")
    'Fahrten 2015.csv'
    """
    if not file or len(file) > MOST_NAME:
        raise ParameterError(f"a file's name of {len(file):,} characters is not between 1 and {MOST_NAME}: rename it.")
    if not file.isprintable() or set("/\\") & set(file):
        raise ParameterError(f"the file's name {file[:60]!r} holds characters that no name may have: rename it.")
    return " ".join(file.split())


def held(folder: Path) -> int:
    """Return the bytes that a folder's files take on the disk, holes not counted."""
    size = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                size += os.lstat(os.path.join(place, file)).st_blocks * 512
    return size


def _recognised(home: Path, facts: Upload) -> Dataset:
    path = next(home.glob("*.parquet"), home / "gone.parquet")
    found = recognise(path)
    return replace(
        found,
        name=facts.name,
        title=label(stem(facts.file)),
        source=f"Your file {facts.file}",
        licence="Private: no other session can see it",
    )


def _facts(home: Path) -> Upload | None:
    """Read what is said of an upload; None where there is none, or it is not whole."""
    try:
        return Upload(**json.loads((home / FACTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _folders(home: Path) -> list[Path]:
    try:
        return [one for one in home.iterdir() if one.is_dir()]
    except OSError:
        return []


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(folder: Path) -> None:
    """Delete a folder at once, so that nobody finds half of it, or raise `StoreError`."""
    away = folder.with_name(f".gone-{secrets.token_hex(8)}")
    try:
        os.replace(folder, away)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"the files cannot be deleted just now ({error.strerror}): try again later.") from error
    shutil.rmtree(away, ignore_errors=True)
