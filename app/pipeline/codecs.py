"""Codecs: how a stage's value becomes the bytes that stores keep.

No codec can run code: arrays are `.npy` without objects, the rest is JSON or bytes as they are. A codec refuses what it
cannot write exactly.
"""

import io
import json
import struct
from functools import lru_cache
from tokenize import TokenError
from typing import Any, Protocol

import numpy as np
from isal import igzip, igzip_lib

from app.pipeline.compiled import read_only
from app.pipeline.errors import CodecError

# Of a `.npy` file: magic, version, and the length of the text that follows, which tells the layout.
HEAD_BYTES = 10


class Codec(Protocol):
    """Turns values to bytes and back.

    ``decode(encode(value))`` equals ``settle(value)``, to the bit and in its layout, so that it makes no difference to
    what is computed from a value whether it was stored meanwhile. `decode` raises `CodecError` on bytes that `encode`
    cannot have written.
    """

    name: str
    packs: bool
    """Whether it compresses: then encoding is best done later, and decoding not twice."""

    def settle(self, value: Any) -> Any:
        """Return the value as it will be decoded, arrays read-only; refuse what `encode` would."""
        ...

    def encode(self, value: Any) -> bytes:
        """Return the value's bytes."""
        ...

    def decode(self, data: bytes) -> Any:
        """Return the bytes' value; arrays may be read-only views of them."""
        ...


# Few layouts are in use at a time, and reading a header's text costs ten times what the rest of a decoding does.
@lru_cache(1024)
def _layout(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, the order and the type that the head of a `.npy` file tells."""
    file = io.BytesIO(head)
    np.lib.format.read_magic(file)
    return np.lib.format.read_array_header_1_0(file)


class Npy:
    """NumPy arrays of numbers, in NumPy's own format."""

    name = "npy"
    packs = False

    def settle(self, value: Any) -> Any:
        """Return a read-only array, in the order of C."""
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise CodecError(f"an array of {array.dtype!r} cannot be stored: use numbers.")
        return read_only(array).reshape(array.shape)

    def encode(self, value: Any) -> bytes:
        """Return the `.npy` file of an array."""
        array = self.settle(value)
        out = io.BytesIO()
        np.lib.format.write_array_header_1_0(out, np.lib.format.header_data_from_array_1_0(array))
        return b"".join((out.getvalue(), array.reshape(-1).view(np.uint8).data))

    def decode(self, data: bytes) -> Any:
        """Return a read-only view of the array in a `.npy` file."""
        start = HEAD_BYTES + int.from_bytes(data[HEAD_BYTES - 2 : HEAD_BYTES], "little")
        try:
            shape, fortran, dtype = _layout(data[:start])
            if dtype.hasobject:
                raise CodecError("a stored array holds objects: it is not one that was written here.")
            return np.frombuffer(data, dtype, offset=start).reshape(shape, order="F" if fortran else "C")
        except (ValueError, TokenError) as error:
            raise CodecError(f"stored bytes are not a whole array: {error}.") from error


class Packed(Npy):
    """The same, compressed: for numbers that are many and much alike."""

    name = "packed"
    packs = True

    def encode(self, value: Any) -> bytes:
        """Return the compressed ``.npy`` file of an array."""
        return igzip.compress(super().encode(value), compresslevel=1, mtime=0)

    def decode(self, data: bytes) -> Any:
        """Return a read-only array."""
        try:
            return super().decode(bytes(igzip.decompress(data)))  # type: ignore[no-untyped-call]
        # isal's stubs take the class for an instance.
        except (OSError, EOFError, struct.error, igzip_lib.error) as error:  # type: ignore[misc]
            raise CodecError(f"stored bytes are not a packed array: {error}.") from error


class Json:
    """Text, numbers, booleans, None, and lists and mappings of them."""

    name = "json"
    packs = False

    def settle(self, value: Any) -> Any:
        """Return the value with lists for tuples, and text for keys."""
        return self.decode(self.encode(value))

    def encode(self, value: Any) -> bytes:
        """Return compact JSON; floats keep every digit."""
        try:
            return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise CodecError(f"{type(value).__name__} cannot be stored as JSON: {error}.") from error

    def decode(self, data: bytes) -> Any:
        """Return the value."""
        try:
            return json.loads(data)
        except ValueError as error:
            raise CodecError(f"stored bytes are not JSON: {error}.") from error


class Raw:
    """Bytes that are final already: images, encoded tiles."""

    name = "bytes"
    packs = False

    def settle(self, value: Any) -> Any:
        """Return the bytes themselves."""
        return self.encode(value)

    def encode(self, value: Any) -> bytes:
        """Return the bytes themselves."""
        if not isinstance(value, bytes):
            raise CodecError(f"{type(value).__name__} is not bytes.")
        return value

    def decode(self, data: bytes) -> Any:
        """Return the bytes themselves."""
        return data


NPY, PACKED, JSON, RAW = Npy(), Packed(), Json(), Raw()
CODECS: dict[str, Codec] = {one.name: one for one in (NPY, PACKED, JSON, RAW)}
