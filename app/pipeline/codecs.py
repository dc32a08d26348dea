"""Codecs: how a stage's value becomes the bytes that stores keep.

No codec can run code: arrays are `.npy` without objects, the rest is JSON or bytes as they are. A codec refuses what it
cannot write exactly.
"""

import io
import json
from tokenize import TokenError
from typing import Any, Protocol

import numpy as np

from app.pipeline.errors import CodecError


class Codec(Protocol):
    """Turns values to bytes and back.

    ``decode(encode(value))`` equals ``value``; `decode` raises `CodecError` on bytes that `encode` cannot have written.
    """

    name: str

    def encode(self, value: Any) -> bytes:
        """Return the value's bytes."""
        ...

    def decode(self, data: bytes) -> Any:
        """Return the bytes' value; arrays may be read-only views of them."""
        ...


class Npy:
    """NumPy arrays of numbers, in NumPy's own format."""

    name = "npy"

    def encode(self, value: Any) -> bytes:
        """Return the `.npy` file of an array."""
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise CodecError(f"an array of {array.dtype!r} cannot be stored: use numbers.")
        out = io.BytesIO()
        np.lib.format.write_array(out, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
        return out.getvalue()

    def decode(self, data: bytes) -> Any:
        """Return a read-only view of the array in a `.npy` file."""
        head = io.BytesIO(data)
        try:
            np.lib.format.read_magic(head)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
            if dtype.hasobject:
                raise CodecError("a stored array holds objects: it is not one that was written here.")
            flat = np.frombuffer(data, dtype, offset=head.tell())
            return flat.reshape(shape, order="F" if fortran else "C")
        except (ValueError, TokenError) as error:
            raise CodecError(f"stored bytes are not a whole array: {error}.") from error


class Json:
    """Text, numbers, booleans, None, and lists and mappings of them."""

    name = "json"

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

    def encode(self, value: Any) -> bytes:
        """Return the bytes themselves."""
        if not isinstance(value, bytes):
            raise CodecError(f"{type(value).__name__} is not bytes.")
        return value

    def decode(self, data: bytes) -> Any:
        """Return the bytes themselves."""
        return data


NPY, JSON, RAW = Npy(), Json(), Raw()
CODECS: dict[str, Codec] = {one.name: one for one in (NPY, JSON, RAW)}
