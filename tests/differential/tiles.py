"""Tiles as the server sends them, and the view that they compose."""

import gzip
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.differential.truth import PAD, Window

Array = npt.NDArray[Any]
_TYPES = {1: "u1", 2: "<u2", 3: "<u4", 4: "<f4", 5: "<f8"}
SIDE = 512


def decode(body: bytes) -> Array | None:
    """Return a tile's planes, counts as uint32 and floats as float64; None where it is empty."""
    data = gzip.decompress(body)
    magic, code, apron, size, planes, _, held = struct.unpack("<4sBBHHHI", data[:16])
    assert (magic, apron, size) == (b"SBT1", PAD, SIDE)
    if code == 0:
        return None
    kind, side = np.dtype(_TYPES[code]), size + 2 * apron
    many = planes * side * side
    if not held:
        values = np.frombuffer(data, kind, offset=16)
    else:
        length = (many + 63) // 64 * 8
        bits = np.unpackbits(np.frombuffer(data, np.uint8, length, 16), count=many, bitorder="little")
        values = np.full(many, np.nan)
        values[bits.astype(bool)] = np.frombuffer(data, kind, offset=16 + length)
    return values.reshape(planes, side, side).astype(np.uint32 if kind.kind == "u" else np.float64)


def addresses(window: Window) -> list[tuple[int, int]]:
    """Return the columns and rows of the tiles in the world that a window touches with what is around it."""
    wide, last = window.padded(), 2**window.z
    columns = range(max(0, wide.x0 // SIDE), min(last, (wide.x1 - 1) // SIDE + 1))
    rows = range(max(0, wide.y0 // SIDE), min(last, (wide.y1 - 1) // SIDE + 1))
    return [(x, y) for x in columns for y in rows]


def composed(window: Window, fetch: Callable[[int, int], bytes], empty: Array) -> Array:
    """Return the cells of a window and of those around it.

    Parameters
    ----------
    window : Window
    fetch : callable
        Returns a tile's body by its column and row; nothing where it is empty.
    empty : ndarray, shape (planes, height, width)
        The cells where nothing is.
    """
    tiles = {at: decode(body) if (body := fetch(*at)) else None for at in addresses(window)}
    wide, found = window.padded(), empty.copy()
    for (x, y), tile in tiles.items():
        x0, x1 = max(x * SIDE, wide.x0), min((x + 1) * SIDE, wide.x1)
        y0, y1 = max(y * SIDE, wide.y0), min((y + 1) * SIDE, wide.y1)
        if tile is None or x0 >= x1 or y0 >= y1:
            continue
        left, top = PAD - x * SIDE, PAD - y * SIDE
        part = tile[:, y0 + top : y1 + top, x0 + left : x1 + left]
        found[:, y0 - wide.y0 : y1 - wide.y0, x0 - wide.x0 : x1 - wide.x0] = part
    return found


def differing(seen: Array, true: Array, within: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which cells are not the true ones: counts to the bit, floats to what a tile may lose of them.

    Parameters
    ----------
    seen, true : ndarray, shape (planes, height, width)
    within : ndarray, shape (height, width)
        Which cells are compared.
    """
    if true.dtype.kind == "u":
        return (seen != true) & within
    finite = np.isfinite(true)
    span = float(np.ptp(true[finite])) if finite.any() else 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(seen - true)
        borne = np.maximum(np.abs(true) * 2e-7, span * LOST)
        same = (seen == true) | (np.isnan(seen) & np.isnan(true)) | (finite & (off <= borne))
    return ~same & within


LOST = 1.5e-5
"""What a tile may lose of a value, as a share of the range of all."""
