"""PNG images, written whole: indexed by a palette, or RGBA.

Indexed images carry level 0 as transparent. A new palette replaces two small chunks and touches no pixel.

References
----------
PNG (Portable Network Graphics) Specification, ISO/IEC 15948.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from app.pipeline.errors import CodecError
from app.pipeline.palettes import rgb

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
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def _pixels(rows: npt.NDArray[np.uint8]) -> bytes:
    """Return compressed scanlines, each behind filter 0."""
    lines = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    lines[:, 1:] = rows
    return bytes(isal_zlib.compress(lines, 1))


def _image(colour: int, width: int, height: int, rows: npt.NDArray[np.uint8], extra: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return SIGNATURE + header + extra + _chunk(b"IDAT", _pixels(rows)) + _chunk(b"IEND", b"")


def _palette(colours: Sequence[str]) -> bytes:
    """Return the palette chunks: transparent, then 255 levels sampled from the colours."""
    picked = [colours[round(at * (len(colours) - 1) / (LEVELS - 1))] for at in range(LEVELS)]
    table = bytes(component for colour in ("#000000", *picked) for component in rgb(colour))
    return _chunk(b"PLTE", table) + _chunk(b"tRNS", b"\x00")


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
    return _image(INDEXED, width, height, levels, _palette(colours))


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
    found = {one.type: one for one in chunks(image)}
    if b"PLTE" not in found:
        return image
    return image[: found[b"PLTE"].start] + _palette(colours) + image[found[b"tRNS"].stop :]


def read_levels(image: bytes) -> Any:
    """Return the levels of an indexed image that `indexed` wrote, uint8, shape (height, width)."""
    found = {one.type: one for one in chunks(image)}
    head, data = found[b"IHDR"], found[b"IDAT"]
    width, height = struct.unpack_from(">II", image, head.start + 8)
    lines = isal_zlib.decompress(image[data.start + 8 : data.stop - 4])
    return np.frombuffer(lines, np.uint8).reshape(height, width + 1)[:, 1:]
