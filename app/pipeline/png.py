"""PNG images, written whole: indexed by a palette where colours are few, else RGBA.

References
----------
PNG (Portable Network Graphics) Specification, ISO/IEC 15948.
"""

import struct

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from app.pipeline import pixels
from app.pipeline.compiled import read_only

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED, RGBA = 3, 6
MOST_INDEXED = 255
"""Colours of an indexed image, beside the transparent one."""
OPAQUE = 100


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


def levelled(levels: npt.NDArray[np.uint16], table: npt.NDArray[np.uint8], opacity: int = 100) -> bytes:
    """Write levels in their colours: indexed where they are few enough, else RGBA.

    Parameters
    ----------
    levels : ndarray, uint16, shape (height, width)
        0 is transparent.
    table : ndarray, uint8, shape (n, 4)
        RGBA of each level.
    opacity : int
        Percent.

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
        return indexed(found, table[shown, :3], opacity)
    rgba = np.empty(flat.size, np.uint32)
    pixels.look_up(flat, read_only(_faded(table, opacity)).view(np.uint32).ravel(), rgba)
    return direct(rgba.view(np.uint8).reshape(*levels.shape, 4))


def indexed(codes: npt.NDArray[np.uint8], colours: npt.NDArray[np.uint8], opacity: int = 100) -> bytes:
    """Write an indexed image.

    Parameters
    ----------
    codes : ndarray, uint8, shape (height, width)
        0 is transparent; 1 is the first colour.
    colours : ndarray, uint8, shape (n, 3)
        255 at most.
    opacity : int
        Percent.

    Returns
    -------
    bytes
    """
    height, width = codes.shape
    palette = np.concatenate([np.zeros((1, 3), np.uint8), colours])
    alphas = bytes([0]) if opacity == OPAQUE else bytes([0, *[faded(255, opacity)] * len(colours)])
    extra = _chunk(b"PLTE", palette.tobytes()) + _chunk(b"tRNS", alphas)
    return _image(INDEXED, width, height, codes, extra)


def faded(alpha: int, opacity: int) -> int:
    """Return a byte of opacity at a percentage of it, rounded.

    Examples
    --------
    >>> faded(255, 40), faded(255, 100), faded(41, 50)
    (102, 255, 21)
    """
    return (alpha * opacity + 50) // 100


def _faded(rgba: npt.NDArray[np.uint8], opacity: int) -> npt.NDArray[np.uint8]:
    if opacity == OPAQUE:
        return rgba
    found = rgba.copy()
    found[..., 3] = read_only(np.array([faded(alpha, opacity) for alpha in range(256)], np.uint8))[rgba[..., 3]]
    return found


def direct(rgba: npt.NDArray[np.uint8], opacity: int = 100) -> bytes:
    """Write an RGBA image, uint8, shape (height, width, 4), at a percentage of its opacity."""
    height, width, _ = rgba.shape
    return _image(RGBA, width, height, _faded(rgba, opacity).reshape(height, width * 4))
