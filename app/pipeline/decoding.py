"""Bytes of any encoding as blocks of whole lines in UTF-8, each line ended by one line feed.

This module owns encodings and line ends. It refuses to know what a line holds. A byte that is not UTF-8 costs its
line's encoding, never the file: such lines are read as Windows-1252, and counted.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from app.pipeline.unpacking import Unpacked

Ends: TypeAlias = Literal["\n", "\r"]

BLOCK = 4 * 2**20
MOST_LINE = 8 * 2**20
"""Bytes of a line; a longer one is left out."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONE_CR: Final = re.compile(rb"\r(?!\n)")


class Encoding(NamedTuple):
    """How bytes become text: the codec, how many bytes its mark takes, and what ends a line."""

    codec: str
    mark: int
    ends: Ends

    @property
    def note(self) -> str:
        """What to say of it; nothing of UTF-8."""
        if self.codec == "utf-8":
            return ""
        said = {"cp1252": "Windows-1252 (Latin-1), as it is not UTF-8; save it as UTF-8 if letters look wrong"}
        return (
            f"The text is read as {said.get(self.codec, self.codec.upper().removesuffix('-LE').removesuffix('-BE'))}."
        )


@dataclass
class Decoded:
    """What has been seen of a file while it was decoded.

    Parameters
    ----------
    odd : int
        Lines that are not UTF-8 in a file that is.
    first_odd : int
        The first of them.
    long : int
        Lines that were left out, as they are longer than `MOST_LINE`.
    first_long : int
        The first of them.
    nothing : int
        NUL bytes that were taken out.
    """

    odd: int = 0
    first_odd: int = 0
    long: int = 0
    first_long: int = 0
    nothing: int = 0


class Block(NamedTuple):
    """Whole lines in UTF-8, the number of the first of them, and the fraction of the file read with them."""

    text: bytes
    line: int
    fraction: float


def guess_encoding(start: bytes) -> Encoding:
    r"""Guess how a file is encoded from its first bytes, a few thousand or more.

    Examples
    --------
    >>> guess_encoding(b"x,y\r1,2\r")
    Encoding(codec='utf-8', mark=0, ends='\r')
    >>> guess_encoding("x,y".encode("utf-16-le")).codec
    'utf-16-le'
    """
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return Encoding(codec, len(mark), _ends(start[len(mark) :].decode(codec, "replace")))
    codec = _wide(start) or ("utf-8" if _is_utf8(start, cut=True) else "cp1252")
    return Encoding(codec, 0, _ends(start.decode(codec, "replace")))


def decode(source: Unpacked, encoding: Encoding, seen: Decoded) -> Iterator[Block]:
    """Yield a file's lines, block by block; empty lines stay, so that lines can be counted.

    Parameters
    ----------
    source : Unpacked
        At its beginning.
    encoding : Encoding
    seen : Decoded
        Is added to.

    Notes
    -----
    Memory is bounded by `BLOCK` and `MOST_LINE`, whatever the file holds.
    """
    source.read(encoding.mark)
    wide = codecs.getincrementaldecoder(encoding.codec)("replace") if encoding.codec.startswith("utf-") else None
    rest, line, cut = b"", 1, False
    while True:
        raw = source.read(BLOCK)
        last = len(raw) < BLOCK
        text = raw if encoding.codec in ("utf-8", "cp1252") or wide is None else wide.decode(raw, last).encode()
        block = rest + (text.replace(b"\r", b"\n") if encoding.ends == "\r" else text)
        end = len(block) if last else block.rfind(b"\n") + 1
        whole, rest = block[:end], block[end:]
        if cut and whole:
            # The end of a line that was left out.
            start = whole.find(b"\n") + 1 or len(whole)
            whole, cut, line = whole[start:], False, line + 1
        if len(rest) > MOST_LINE:
            seen.first_long = seen.first_long or line + whole.count(b"\n")
            seen.long, rest, cut = seen.long + 1, b"", True
        elif cut:
            rest = b""
        if whole:
            clean = _clean(whole, encoding, seen, line)
            yield Block(clean, line, source.fraction)
            line += clean.count(b"\n")
        if last:
            return


def recode(raw: bytes, encoding: Encoding) -> bytes:
    """Return a piece from the middle of a file as UTF-8; what its ends cut in two is replaced."""
    if encoding.codec in ("utf-8", "cp1252"):
        text = raw.replace(b"\r", b"\n") if encoding.ends == "\r" else raw
        return _clean(text, encoding, Decoded(), 1)
    text = raw.decode(encoding.codec, "replace").encode()
    return _clean(text.replace(b"\r", b"\n") if encoding.ends == "\r" else text, encoding, Decoded(), 1)


def _clean(text: bytes, encoding: Encoding, seen: Decoded, line: int) -> bytes:
    if b"\0" in text:
        seen.nothing += text.count(b"\0")
        text = text.replace(b"\0", b"")
    if b"\r" in text:
        text = _LONE_CR.sub(b" ", text.replace(b"\r\n", b"\n"))
    if encoding.codec == "cp1252":
        return text if text.isascii() else _western(text)
    return text if _is_utf8(text) else _mended(text, seen, line)


def _mended(text: bytes, seen: Decoded, line: int) -> bytes:
    lines = text.split(b"\n")
    for at, one in enumerate(lines):
        if not _is_utf8(one):
            lines[at] = _western(one)
            seen.odd, seen.first_odd = seen.odd + 1, seen.first_odd or line + at
    return b"\n".join(lines)


def _western(text: bytes) -> bytes:
    try:
        return text.decode("cp1252").encode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()


def _is_utf8(text: bytes, cut: bool = False) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError as error:
        # A piece of a file may end within a letter.
        return cut and error.reason == "unexpected end of data"
    return True


def _wide(start: bytes) -> str:
    """Return UTF-16's codec where every other byte of a text is nothing, as in Latin letters without a mark."""
    even, odd = start[0:4096:2], start[1:4096:2]
    if len(odd) and odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if len(even) and even.count(0) > 0.6 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return ""


def _ends(text: str) -> Ends:
    return "\r" if "\r" in text and "\n" not in text else "\n"
