"""PNG images, written whole: indexed by a palette, or RGBA.

Indexed images carry level 0 as transparent. A new palette replaces two small chunks and touches no pixel.

References
----------
PNG (Portable Network Graphics) Specification, ISO/IEC 15948.
"""

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from app.pipeline.errors import CodecError
from app.pipeline.palettes import channels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED, RGBA = 3, 6
LEVELS = 255


class Chunk(NamedTuple):
    """A chunk of a PNG: its type, and where its data lie."""

    type: bytes
    start: int
    stop: int


def _chunk(kind: bytes, data: bytes) -> bytes:
    crc = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", crc)))


def _pixels(rows: npt.NDArray[np.uint8]) -> bytes:
    """Return compressed scanlines, each behind filter 0.

    Level 1 of isal is a fifth smaller than level 0 and as fast; the next ones gain nothing.
    """
    lines = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    lines[:, 0] = 0
    lines[:, 1:] = rows
    return bytes(isal_zlib.compress(lines, 1))


def _image(colour: int, width: int, height: int, rows: npt.NDArray[np.uint8], extra: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"".join((SIGNATURE, header, extra, _chunk(b"IDAT", _pixels(rows)), _chunk(b"IEND", b"")))


@lru_cache(256)
def _palette(colours: tuple[str, ...]) -> bytes:
    """Return the palette chunks: transparent, then 255 levels, between the colours as Datashader interpolates them."""
    table = np.zeros((LEVELS + 1, 3), np.uint8)
    at, old = np.linspace(0, 1, LEVELS), np.linspace(0, 1, len(colours))
    for channel, one in enumerate(channels(colours)):
        table[1:, channel] = np.interp(at, old, one)
    return _chunk(b"PLTE", table.tobytes()) + _chunk(b"tRNS", b"\x00")


def indexed(levels: npt.NDArray[np.uint8], colours: Sequence[str]) -> bytes:
    """Write levels as an indexed image.

    Parameters
    ----------
    levels : ndarray, uint8, shape (height, width)
        0 is transparent; 1 to 255 are the colours, least first.
    colours : sequence of '#rrggbb'

    Returns
    -------
    bytes
    """
    height, width = levels.shape
    return _image(INDEXED, width, height, levels, _palette(tuple(colours)))


def direct(rgba: npt.NDArray[np.uint8]) -> bytes:
    """Write an RGBA image, uint8, shape (height, width, 4)."""
    height, width, _ = rgba.shape
    return _image(RGBA, width, height, rgba.reshape(height, width * 4))


def chunks(image: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG, or raise `CodecError`."""
    if not image.startswith(SIGNATURE):
        raise CodecError("stored bytes are not a PNG image.")
    at = len(SIGNATURE)
    while at + 12 <= len(image):
        (size,) = struct.unpack_from(">I", image, at)
        yield Chunk(image[at + 4 : at + 8], at, at + 12 + size)
        at += 12 + size


def recoloured(image: bytes, colours: Sequence[str]) -> bytes:
    """Return an indexed image in other colours; one without a palette as it is."""
    for one in chunks(image):
        if one.type == b"PLTE":
            palette = _palette(tuple(colours))
            return b"".join((image[: one.start], palette, memoryview(image)[one.start + len(palette) :]))
    return image


def read_levels(image: bytes) -> Any:
    """Return the levels of an indexed image that `indexed` wrote, uint8, shape (height, width)."""
    found = {one.type: one for one in chunks(image)}
    head, data = found[b"IHDR"], found[b"IDAT"]
    width, height = struct.unpack_from(">II", image, head.start + 8)
    lines = isal_zlib.decompress(image[data.start + 8 : data.stop - 4])
    return np.frombuffer(lines, np.uint8).reshape(height, width + 1)[:, 1:]
