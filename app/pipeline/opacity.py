"""Images made more transparent as a whole: a last step, which no stage knows of, so that all opacities share theirs."""

import struct
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from app.pipeline.errors import CodecError
from app.pipeline.png import INDEXED, RGBA, SIGNATURE, chunks

Parts: TypeAlias = list[tuple[bytes, bytes]]
Alphas: TypeAlias = npt.NDArray[np.uint8]

_LEVEL = 1


def faded(image: bytes, percent: int) -> bytes:
    """Return a PNG with the alpha of each pixel at a part of what it is, rounded half up; at 100 as it is.

    Parameters
    ----------
    image : bytes
        Indexed by a palette, or RGBA with 8 bits a channel and unfiltered scanlines, as `png` writes both.
    percent : int
        0 to 100.

    Returns
    -------
    bytes
        Of an indexed image only the alphas of its palette are written anew.

    Raises
    ------
    CodecError
        For an image of another kind.
    """
    if percent == 100:
        return image
    parts = [(one.type, image[one.start + 8 : one.stop - 4]) for one in chunks(image)]
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", parts[0][1])
    if depth != 8 or colour not in (INDEXED, RGBA):
        raise CodecError(f"an image of colour type {colour} with {depth} bits a channel cannot be faded.")
    faint = _faint_palette(parts, percent) if colour == INDEXED else _faint_pixels(parts, (height, width), percent)
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in faint)


def _faint_palette(parts: Parts, percent: int) -> Parts:
    found = dict(parts)
    known = np.frombuffer(found.get(b"tRNS", b""), np.uint8)
    alphas = np.full(len(found[b"PLTE"]) // 3, 255, np.uint8)
    alphas[: len(known)] = known
    kept = [one for one in parts if one[0] != b"tRNS"]
    after = [kind for kind, _ in kept].index(b"PLTE") + 1
    return [*kept[:after], (b"tRNS", _scaled(alphas, percent).tobytes()), *kept[after:]]


def _faint_pixels(parts: Parts, shape: tuple[int, int], percent: int) -> Parts:
    height, width = shape
    packed = b"".join(data for kind, data in parts if kind == b"IDAT")
    lines = np.frombuffer(isal_zlib.decompress(packed), np.uint8).reshape(height, 1 + 4 * width).copy()
    if lines[:, 0].any():
        raise CodecError("an image with filtered scanlines cannot be faded.")
    lines[:, 4::4] = _scaled(lines[:, 4::4], percent)
    pixels = (b"IDAT", bytes(isal_zlib.compress(lines, _LEVEL)))
    return [*(one for one in parts if one[0] not in (b"IDAT", b"IEND")), pixels, (b"IEND", b"")]


def _scaled(alphas: Alphas, percent: int) -> Alphas:
    return ((alphas.astype(np.uint16) * percent + 50) // 100).astype(np.uint8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", isal_zlib.crc32(data, isal_zlib.crc32(kind)))
