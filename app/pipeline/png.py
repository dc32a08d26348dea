"""PNG images, written whole: indexed by a palette where colours are few, else RGBA.

References
----------
PNG (Portable Network Graphics) Specification, ISO/IEC 15948.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from app.pipeline import pixels
from app.pipeline.compiled import read_only
from app.pipeline.errors import CodecError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED, RGBA = 3, 6
MOST_INDEXED = 255
"""Colours of an indexed image, beside the transparent one."""


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


def levelled(levels: npt.NDArray[np.uint16], table: npt.NDArray[np.uint8]) -> bytes:
    """Write levels in their colours: indexed where they are few enough, else RGBA.

    Parameters
    ----------
    levels : ndarray, uint16, shape (height, width)
        0 is transparent.
    table : ndarray, uint8, shape (n, 4)
        RGBA of each level.

    Returns
    -------
    bytes
    """
    flat = read_only(levels).ravel()
    seen = np.flatnonzero(pixels.mark(flat, len(table) - 1))
    shown = seen[seen > 0]
    if len(shown) <= MOST_INDEXED:
        codes = np.zeros(len(table), np.uint8)
        codes[shown] = np.arange(1, len(shown) + 1)
        found = np.empty(levels.shape, np.uint8)
        pixels.look_up(flat, read_only(codes), found.reshape(-1))
        return indexed(found, table[shown, :3])
    rgba = np.empty(flat.size, np.uint32)
    pixels.look_up(flat, read_only(table).view(np.uint32).ravel(), rgba)
    return direct(rgba.view(np.uint8).reshape(*levels.shape, 4))


def indexed(codes: npt.NDArray[np.uint8], colours: npt.NDArray[np.uint8]) -> bytes:
    """Write an indexed image.

    Parameters
    ----------
    codes : ndarray, uint8, shape (height, width)
        0 is transparent; 1 is the first colour.
    colours : ndarray, uint8, shape (n, 3)
        255 at most.

    Returns
    -------
    bytes
    """
    height, width = codes.shape
    palette = np.concatenate([np.zeros((1, 3), np.uint8), colours])
    extra = _chunk(b"PLTE", palette.tobytes()) + _chunk(b"tRNS", b"\x00")
    return _image(INDEXED, width, height, codes, extra)


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
