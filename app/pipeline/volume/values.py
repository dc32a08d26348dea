"""Values on the volume: small ones in the index's rows, large ones as files; whole or not at all.

Nothing here opens a pickle: values are bytes, keys are text, and a row that says otherwise is refused
(CVE-2025-69872). What is read is held against a checksum of its key and its bytes.
"""

import errno
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any, NamedTuple

from diskcache import Disk
from diskcache.core import MODE_BINARY, MODE_RAW
from isal import isal_zlib

from app.pipeline.errors import CodecError

FILE_BYTES = 32_768
"""From here on a value is a file: SQLite writes large ones slowly."""
ABANDONED_SECONDS = 600.0
"""After which an unfinished file is taken for the remains of a process that died."""
NEW = "new"
VALUE_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{28}\.val")


class Row(NamedTuple):
    """What the index says of a value."""

    tag: Any
    size: Any
    mode: Any
    filename: Any
    value: Any


def checksum(key: str, data: bytes) -> int:
    """Return the CRC-32 of a key and the bytes under it, so that a value is whole only where it belongs."""
    return int(isal_zlib.crc32(data, isal_zlib.crc32(key.encode())))


class BytesDisk(Disk):
    """A `diskcache.Disk` for bytes under text keys.

    A file is written whole beside the index's folder, in ``new``, and moved into place by whoever has the index's
    write lock: so no file that stands in its place is without a row, but for one of a process killed in between.
    """

    def put(self, key: object) -> tuple[str, bool]:
        """Return a key as the index holds it."""
        if type(key) is not str:
            raise CodecError(f"{key!r} is not a key: use text.")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Return a key as it was set."""
        if not raw or type(key) is not str:
            raise CodecError("the cache holds a key that is not text: it was not written here.")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, str | None, bytes | None]:  # noqa: ARG002
        """Return size, mode, file and inline value of bytes; a large value has been written to a new file."""
        if type(value) is not bytes or read:
            raise CodecError(f"a value of {type(value).__name__} cannot be stored: encode it to bytes.")
        if len(value) < self.min_file_size:
            return len(value), MODE_RAW, None, value
        name = secrets.token_hex(15)
        filename = f"{name[:2]}/{name[2:]}.val"
        _write(self._draft(filename), value)
        return len(value), MODE_BINARY, filename, None

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:  # noqa: ARG002
        """Refuse: a value is read by `whole`, with its key and its checksum."""
        raise CodecError("a value is read with its key.")

    def whole(self, key: str, row: Row) -> bytes:
        """Return a row's value.

        Raises
        ------
        CodecError
            Where it is not what was stored under the key, or not bytes.
        FileNotFoundError
            Where its file is gone.
        OSError
            Where the process cannot open any file just now.
        """
        data = self._read(row) if row.mode == MODE_BINARY else row.value if row.mode == MODE_RAW else None
        if type(data) is not bytes:
            raise CodecError("the cache holds a value that is not bytes: it was not written here.")
        if len(data) != row.size or checksum(key, data) != row.tag:
            raise CodecError("a stored value does not match its checksum: it was damaged.")
        return data

    def _read(self, row: Row) -> bytes:
        path = self.path(row.filename)
        if path is None:
            raise CodecError(f"the cache names a file {row.filename!r} that is not one of its own.")
        try:
            return _read(path, row.size)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise
            raise CodecError(f"a stored value cannot be read: {error}.") from error

    def path(self, filename: object) -> str | None:
        """Return where a value's file is, or None where it is not one of ours."""
        ours = type(filename) is str and VALUE_FILE.fullmatch(filename)
        return f"{self._directory}/{filename}" if ours else None

    def _draft(self, filename: str) -> str:
        return f"{self._directory}/../{NEW}/{filename[3:]}"

    def publish(self, filename: str) -> None:
        """Move a new file into its place. The caller has the index's write lock."""
        path = f"{self._directory}/{filename}"
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(path))
        os.rename(self._draft(filename), path)

    def remove(self, file_path: object) -> None:
        """Delete the file of a value, in place or new; never one that a planted row names elsewhere."""
        path = self.path(file_path)
        if path is not None:
            for one in (path, self._draft(str(file_path))):
                with suppress(OSError):
                    os.unlink(one)


def sweep(folder: Path, older: float = ABANDONED_SECONDS) -> None:
    """Delete the new files of writers that died.

    Parameters
    ----------
    folder : Path
        Where new files are.
    older : float
        Seconds.
    """
    for path in folder.glob("*.val"):
        with suppress(OSError):
            if path.stat().st_mtime < time() - older:
                path.unlink()


def give_way(folder: Path, size: int) -> list[str]:
    """Delete the oldest values that are files, until some bytes are free or none are left; return their names.

    Parameters
    ----------
    folder : Path
        Of the index, whose rows are for the caller to delete.
    size : int
    """
    found = []
    for path in folder.glob("*/*.val"):
        with suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_blocks * 512, path))
    gone: list[str] = []
    for _, held, path in sorted(found):
        if size <= 0:
            break
        with suppress(OSError):
            path.unlink()
            gone, size = [*gone, f"{path.parent.name}/{path.name}"], size - held
    return gone


def _write(path: str, data: bytes) -> None:
    """Write a new file whole, or leave none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        # Half a file, on a volume that is likely to be full, would be in no count.
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _read(path: str, size: int) -> bytes:
    """Return a file's bytes, or nothing where they are more or fewer."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Before room is made for them: a size may be damaged too.
        if os.fstat(descriptor).st_size != size:
            return b""
        data = os.read(descriptor, size)
        while len(data) < size and (more := os.read(descriptor, size - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)
