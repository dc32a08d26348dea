"""The uploads of all sessions: each found, and deleted, by its own session alone.

Owns whose an upload is, and that what was computed of it goes with it; how a file becomes one is `receiving`'s.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from cachetools import LRUCache

from app.datasets.uploads import record
from app.datasets.uploads.allowance import Allowance
from app.datasets.uploads.folders import erase, former, held, is_gone, put_away
from app.datasets.uploads.receiving import receive
from app.datasets.uploads.record import NAME, Upload
from app.datasets.uploads.sweeping import ABANDONED, OWNER, remains
from app.pipeline.errors import DataError, StoreError, unknown
from app.pipeline.keys import scope
from app.pipeline.rooms import Progress, silent
from app.pipeline.types import Dataset

_LOG = logging.getLogger(__name__)

COLUMNS = "columns"
TOUCH = 3_600
"""Seconds that the last use of a session's folder may lag behind."""
LOOK = 0.5
"""Seconds between two looks at what a layout that is being made has taken."""


def nothing_computed(scope: str) -> bool:
    """Return that nothing is computed under any scope."""
    del scope
    return True


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
    discard : callable
        Takes a scope, forgets all that was computed under it, and returns whether that was all: False where more is on
        its way.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        upload: int,
        quota: int,
        total: int,
        idle: float,
        discard: Callable[[str], bool] = nothing_computed,
    ) -> None:
        self._folder = folder.resolve() if folder else None
        self.allowance = Allowance(upload, quota, total)
        self._idle, self._discard = idle, discard
        # Of which this process may hold what it computed, whoever deletes them.
        self._shown: set[Path] = set()
        self._datasets: LRUCache[Path, Dataset] = LRUCache(256)
        self._lock = Lock()
        self._swept = 0.0

    def of(self, owner: str) -> tuple[Upload, ...]:
        """Return an owner's uploads, the latest first."""
        home = self._home(owner)
        if home is None or not home.is_dir():
            return ()
        self.touch(owner)
        found = (record.read(one) for one in home.iterdir() if NAME.fullmatch(one.name))
        return tuple(sorted((one for one in found if one), key=lambda one: -one.at))

    def find(self, owner: str, name: str) -> Dataset | None:
        """Return an owner's upload as a data set; None for any other name, whoever has it."""
        home = self._home(owner)
        if home is None or not NAME.fullmatch(name):
            return None
        facts = record.read(home / name)
        return self._opened(home / name, facts) if facts else None

    def readable(self, owner: str) -> tuple[list[Dataset], list[tuple[str, str]]]:
        """Return an owner's uploads as data sets, and what the others are called with why they cannot be read."""
        found, gone = [], []
        for one in self.of(owner):
            try:
                found += [dataset] if (dataset := self.find(owner, one.name)) else []
            except DataError as error:
                gone.append((one.file, str(error)))
        return found, gone

    def _opened(self, home: Path, facts: Upload) -> Dataset:
        with self._lock:
            found = self._datasets.get(home)
            self._shown.add(home)
        if found is None:
            found = record.dataset(home, facts)
            with self._lock:
                self._datasets[home] = found
        return found

    def columns(self, path: Path) -> Path | None:
        """Return where the columns of an upload's file are kept; None for any other file."""
        ours = self._folder is not None and len(path.parents) > 2 and path.parents[2] == self._folder
        return path.parent / COLUMNS if ours else None

    def scope(self, path: Path) -> str:
        """Return how the keys begin of what is computed of an upload's file."""
        return self._scope(path.parent)

    def _scope(self, home: Path) -> str:
        """Return the scope of an upload's folder, or of a session's, also where it was put away."""
        places = home.relative_to(self._folder or home).parts
        return scope(*(former(Path(one)) for one in places))

    def watched(self, path: Path, progress: Progress = silent) -> Progress:
        """Return a progress callback that also ends the making of a layout which its session has no room for."""
        home, looked = path.parents[1], 0.0

        def told(fraction: float, message: str) -> None:
            nonlocal looked
            if time.monotonic() - looked > LOOK:
                self.allowance.check_room(home)
                looked = time.monotonic()
            progress(fraction, message)

        return told

    def size(self, owner: str, name: str = "") -> int:
        """Return the bytes that an owner's upload takes on the disk, or all of them."""
        home = self._home(owner)
        return held(home / name) if home and (not name or NAME.fullmatch(name)) else 0

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
        home = self._home(owner)
        if home is None:
            raise StoreError("this server keeps no files of its users: its cache folder cannot be used.")
        self.sweep()
        return receive(home, file, declared or 0, chunks, self.allowance)

    def delete(self, owner: str, name: str) -> None:
        """Delete one of an owner's uploads, with all that was made of it.

        Raises
        ------
        UnknownNameError
            For any other name, whoever has it.
        StoreError
            Where nothing can be deleted just now.
        """
        home = self._home(owner)
        if home is None or not NAME.fullmatch(name) or record.read(home / name) is None:
            raise unknown("upload", name[:80], (one.name for one in self.of(owner)))
        self._delete(home / name)

    def forget(self, owner: str) -> None:
        """Delete all that is kept of an owner; raises `StoreError` as `delete` does."""
        home = self._home(owner)
        if home and home.is_dir():
            self._delete(home)

    def _delete(self, home: Path) -> None:
        try:
            self._remove(home)
        except OSError as error:
            raise StoreError(f"nothing can be deleted just now ({error.strerror}): try again later.") from error

    def _remove(self, home: Path) -> bool:
        """Delete a folder at once, and what was computed of it; return whether all of it is gone.

        Its name says to the last what that was: where this process dies on the way, a sweep goes on.
        """
        away = put_away(home)
        self._discard(self._scope(away))
        return erase(away)

    def touch(self, owner: str) -> None:
        """Note that an owner is still there."""
        home = self._home(owner)
        with suppress(OSError):
            if home and time.time() - home.stat().st_mtime > TOUCH:
                os.utime(home)

    def sweep(self, every: float = ABANDONED) -> int:
        """Delete what belongs to sessions that have ended, and what processes that died have left.

        What cannot be deleted is said in the log, and is no error for anyone.

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
        found = list(remains(self._folder, self._idle))
        return sum(map(self._swept_away, found))

    def _swept_away(self, home: Path) -> bool:
        gone, reason = False, "what is in it stays"
        try:
            gone = self._remove(home)
        except OSError as error:
            reason = str(error.strerror)
        if not gone:
            _LOG.warning("a folder of uploads that nobody uses cannot be deleted: %s", reason)
        return gone

    def tidy(self) -> None:
        """Forget here what this process holds of uploads that another has deleted, until no more of it can come."""
        with self._lock:
            shown = tuple(self._shown)
        for home in filter(is_gone, shown):
            if self._discard(self._scope(home)):
                with self._lock:
                    self._shown.discard(home)

    def _home(self, owner: str) -> Path | None:
        return self._folder / owner if self._folder and OWNER.fullmatch(owner) else None
