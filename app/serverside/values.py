"""Callback values as bytes, and back, by codecs that cannot run code.

Frames are Arrow IPC, arrays `.npy`, plain values JSON, bytes themselves; each comes back equal, and is the caller's own
to change. Anything else is refused when it is written, by what it is, because it could only be pickled.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from app.pipeline.codecs import JSON, NPY, RAW, Codec
from app.pipeline.errors import CodecError
from app.pipeline.frames import FRAMES

# The first byte of what is stored.
CODECS: Final[dict[bytes, Codec]] = {b"f": FRAMES, b"a": NPY, b"b": RAW, b"j": JSON}
# Exact types: a subclass, such as a masked array or a frame of geometries, holds more than its codec would write.
KINDS: Final[dict[type, bytes]] = {pd.DataFrame: b"f", np.ndarray: b"a", bytes: b"b"}
ALLOWED: Final = "give a pandas DataFrame, a NumPy array of numbers, bytes, or plain text, numbers, lists and mappings"


def pack(value: Any) -> bytes:
    """Return a value's bytes.

    Raises
    ------
    CodecError
        For what cannot be written so that it comes back equal.

    Examples
    --------
    >>> unpack(pack({"rows": 3, "names": ["a", None]}))
    {'rows': 3, 'names': ['a', None]}
    >>> pack({1, 2})
    Traceback (most recent call last):
        ...
    app.pipeline.errors.CodecError: a value of type set cannot be kept: give a pandas DataFrame, ...
    """
    kind = KINDS.get(type(value), b"j")
    try:
        if kind == b"j":
            _check_plain(value)
        return kind + CODECS[kind].encode(value)
    except CodecError:
        raise
    except (ValueError, TypeError, RecursionError) as error:  # NumPy's, for types that it cannot describe
        raise CodecError(f"a value of type {type(value).__name__} cannot be kept: {error}; {ALLOWED}.") from error


def unpack(data: bytes) -> Any:
    """Return the value of bytes that `pack` wrote.

    Raises
    ------
    CodecError
        For bytes that it did not write.
    """
    kind = data[:1]
    if kind not in CODECS:
        raise CodecError(f"stored bytes begin with {kind!r}: they are no value that was written here.")
    value = CODECS[kind].decode(data[1:])
    return value.copy() if kind == b"a" else value


def _check_plain(value: Any) -> None:
    """Refuse what JSON would change in silence, such as tuples, and keys that are numbers."""
    if type(value) is list:
        for one in value:
            _check_plain(one)
    elif type(value) is dict:
        for name, one in value.items():
            if type(name) is not str:
                raise CodecError(f"a mapping's key {name!r} cannot be kept: it would come back as text; use text.")
            _check_plain(one)
    elif value is not None and type(value) not in (str, int, float, bool):
        raise CodecError(f"a value of type {type(value).__name__} cannot be kept: {ALLOWED}.")
