"""Pieces of a text from all over a file, so that what is guessed from them holds for the whole.

This module owns which bytes are looked at. A file that is not packed is read in places; a packed one has to be
unpacked from its beginning, of which no more than `MOST_UNPACKED` is looked at.
"""

from pathlib import Path
from typing import NamedTuple

from app.pipeline.decoding import Encoding, guess_encoding, recode
from app.pipeline.unpacking import packing, unpacked

HEAD = 2**18
PIECE = 2**16
PIECES = 28
MOST_UNPACKED = 2**31


class Excerpt(NamedTuple):
    """Whole lines of a file in UTF-8: its first ones, and others from its whole length.

    Parameters
    ----------
    encoding : Encoding
    head : bytes
    others : bytes
    notes : tuple of str
    """

    encoding: Encoding
    head: bytes
    others: bytes
    notes: tuple[str, ...]


def excerpt(path: Path) -> Excerpt:
    """Take pieces of a file: all of it where it is small.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError, OSError, EOFError
        If it cannot be read.
    """
    if packing(path):
        head, pieces, whole, notes = _streamed(path)
    else:
        head, pieces, whole = _in_places(path)
        notes = ()
    encoding = guess_encoding(head)
    first = recode(head[encoding.mark :], encoding)
    if not whole:
        first = first[: first.rfind(b"\n") + 1] or first
    others = []
    for at, piece in enumerate(pieces):
        text = recode(piece, encoding)
        start = text.find(b"\n") + 1
        # The last piece ends where the file does.
        end = len(text) if at == len(pieces) - 1 else text.rfind(b"\n") + 1
        others.append(text[start:end] if start else b"")
    joined = b"".join(one if one.endswith(b"\n") else one + b"\n" for one in others if one)
    # A late letter can show that a text is not UTF-8, and that is for the pass to say; here it is read line by line.
    return Excerpt(encoding, first, joined, notes)


def _in_places(path: Path) -> tuple[bytes, list[bytes], bool]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= HEAD + PIECES * PIECE:
            return stream.read(), [], True
        head = stream.read(HEAD)
        pieces = []
        for at in range(1, PIECES + 1):
            # Letters of two or four bytes must not be cut.
            stream.seek((HEAD + (size - HEAD - PIECE) * at // PIECES) // 4 * 4)
            pieces.append(stream.read(PIECE + 4 if at == PIECES else PIECE))
    return head, pieces, False


def _streamed(path: Path) -> tuple[bytes, list[bytes], bool, tuple[str, ...]]:
    """Unpack a file and keep pieces at even distances, which grow with what comes out of it, and its end."""
    kept: list[bytes] = []
    step, at, before, last = 1, 0, b"", b""
    with unpacked(path) as source:
        head = source.read(HEAD)
        while at * PIECE < MOST_UNPACKED and (piece := source.read(PIECE)):
            before, last = last, piece
            if at % step == 0:
                kept.append(piece)
                if len(kept) > 2 * PIECES:
                    kept, step = kept[::2], step * 2
            at += 1
        notes = source.notes
    if step == 1:
        return b"".join((head, *kept)), [], True, notes
    return head, [*kept[: -1 if kept[-1] is last else None], before + last], False, notes
