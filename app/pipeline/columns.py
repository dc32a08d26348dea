"""Arrow columns as NumPy arrays: numbers, times, codes of categories, and marks that tell tracks apart.

This module owns the conversion of one batch at a time, and the bounded count of a column's values. It refuses to read
or write files.
"""

from collections import Counter
from heapq import nlargest
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.pipeline.errors import DataError
from app.pipeline.plain import PER_SECOND, TEXT, Nature, as_written, nature, plain

__all__ = ["Coding", "Frequencies", "Nature", "Values", "as_marks", "as_numbers", "as_texts", "nature"]

Values: TypeAlias = NDArray[np.generic]

KEPT = 20
"""Without declared categories, a column shows so many; the last is ``other`` where there are more."""
COUNTED = 262_144
"""Distinct values held at once while counting; beyond, the rarer half is let go."""
TEXT_LENGTH = 200
"""Characters of a value that count: longer values that begin alike are one category."""
NO_MARK = np.uint64(0xFFF8_DEAD_0000_0001)
"""What stands for no track; no other value becomes it but that whole number."""


def as_numbers(array: pa.Array, name: str) -> Values:
    """Convert a batch of numbers, times or booleans.

    Parameters
    ----------
    array : pyarrow.Array
    name : str
        The column's name, for the error.

    Returns
    -------
    ndarray, shape (n,)
        Floats and integers in their own size, float64 where integers have nulls; booleans as uint8; decimals as
        float64; times as float64 milliseconds since 1970 UTC; durations as float64 seconds. NaN for null.

    Raises
    ------
    DataError
        If the column holds text, or anything nested.
    """
    kind = array.type
    if nature(kind) in ("text", "other"):
        shown = next((repr(value)[:60] for value in array.slice(0, 1000).to_pylist() if value not in (None, "")), "")
        raise DataError(
            f"column {name!r} does not hold numbers but {kind}{f' ({shown})' if shown else ''}: "
            "correct the file, choose another column, or declare it as a category."
        )
    array = plain(array)
    kind = array.type
    if nature(kind) == "time":
        return _milliseconds(array)
    if pa.types.is_duration(kind):
        return _floats(array.cast(pa.int64())) / PER_SECOND[kind.unit]
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    elif pa.types.is_null(kind) or pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    found: Values = array.to_numpy(zero_copy_only=False)
    return found


def as_marks(array: pa.Array) -> NDArray[np.uint64]:
    """Convert a batch so that equal values stay equal, and others differ: all 64 bits of numbers, hashes of text.

    Returns
    -------
    ndarray, uint64, shape (n,)
        Whole numbers and times as they are, negative ones from above; `NO_MARK` for null, NaN and empty text.

    Raises
    ------
    DataError
        If the column holds anything nested.

    Notes
    -----
    Hashing needs no table of all texts, so that memory stays bounded; two of a million tracks share a hash with a
    probability of 3e-8.
    """
    types = pa.types
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    if types.is_dictionary(array.type) and nature(array.type) == "text":
        array = plain(array)
        hashes = np.append(_hashes(array.dictionary), NO_MARK)
        places = array.indices.fill_null(len(array.dictionary)).to_numpy(zero_copy_only=False)
        return np.asarray(hashes[places])
    if types.is_decimal(array.type):
        array = array.cast(pa.string())
    if nature(array.type) in ("text", "other"):
        return _hashes(array)
    array = plain(array)
    if types.is_floating(array.type):
        # Minus nothing is nothing.
        marks: NDArray[np.uint64] = (_floats(array) + 0.0).view(np.uint64)
        marks[np.isnan(marks.view(np.float64))] = NO_MARK
        return marks
    if types.is_uint64(array.type):
        whole = array
    else:
        short = types.is_time32(array.type) or types.is_date32(array.type)
        whole = array.cast(pa.int32()).cast(pa.int64()) if short else array.cast(pa.int64())
    marks = np.array(whole.fill_null(0).to_numpy(zero_copy_only=False)).view(np.uint64)
    marks[array.is_null().to_numpy(zero_copy_only=False)] = NO_MARK
    return marks


def _hashes(array: pa.Array) -> NDArray[np.uint64]:
    """Hash texts or bytes; `NO_MARK` where there is none, or an empty one."""
    if nature(array.type) == "other" and not pa.types.is_fixed_size_binary(array.type):
        try:
            array = array.cast(pa.large_binary())
        except pa.ArrowException as error:
            raise DataError(
                f"a column of {array.type} cannot tell tracks apart: choose one of text or numbers."
            ) from error
    pairs = pc.dictionary_encode(plain(array))
    values = np.asarray(pairs.dictionary.to_pylist(), dtype=object)
    hashes = pd.util.hash_array(values, categorize=False) if len(values) else np.empty(0, np.uint64)
    hashes[[one in (None, "", b"") for one in values.tolist()]] = NO_MARK
    places = pairs.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    found: NDArray[np.uint64] = np.append(hashes, NO_MARK)[places]
    return found


class Frequencies:
    """How often each value of a column occurs, in bounded memory.

    Notes
    -----
    Beyond `COUNTED` distinct values the rarer half is forgotten, so that counts of rare values become lower bounds;
    values common enough to be shown are not affected.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._forgotten = False

    def add(self, array: pa.Array) -> bool:
        """Count a batch; always true, so that a conversion that failed can be told from it."""
        where, texts = _dictionary(array)
        counts = np.bincount(where, minlength=len(texts) + 1)
        for text, count in zip(texts.to_pylist(), counts.tolist(), strict=False):
            if text is not None and count:
                self._counts[text] += count
        if len(self._counts) > COUNTED:
            self._counts = Counter(dict(self._counts.most_common(COUNTED // 2)))
            self._forgotten = True
        return True

    def top(self) -> tuple[str, ...]:
        """Return the values to show, the most frequent first; where all of them are whole numbers, in their order."""
        most = KEPT if len(self._counts) <= KEPT else KEPT - 1
        kept = nlargest(most, sorted(self._counts), key=lambda text: self._counts[text])
        numbers = all(text.removeprefix("-").isdecimal() for text in kept)
        return tuple(sorted(kept, key=int) if numbers else kept)

    def note(self, name: str) -> str:
        """Say what is not shown, or nothing where everything is."""
        if len(self._counts) <= KEPT:
            return ""
        many = f"More than {COUNTED:,}" if self._forgotten else f"{len(self._counts):,}"
        return f"{many} distinct values in {name!r}: the {KEPT - 1} most frequent are kept, the others are counted as "


class Coding:
    """Codes for the values of a category column: the categories in order, then ``other``, then ``missing``.

    Parameters
    ----------
    name : str
        The column's name, for the notes.
    known : tuple of str
        The categories that have a code of their own.
    folded : str
        What to say where further values occur, up to the name of the last category.
    """

    def __init__(self, name: str, known: tuple[str, ...], folded: str = "") -> None:
        if len(known) > 65_000:
            raise DataError(f"column {name!r} declares {len(known):,} categories: declare at most 65,000.")
        self._name, self._known, self._folded = name, known, folded
        self._type = np.dtype(np.uint8 if len(known) <= 254 else np.uint16)
        self._values = pa.array(known, pa.string())
        self.others = self.absent = 0

    def code(self, array: pa.Array) -> Values:
        """Convert a batch; `settle` tells what its codes mean in the end."""
        where, texts = _dictionary(array)
        found = pc.index_in(texts, value_set=self._values).fill_null(len(self._known)).to_numpy(zero_copy_only=False)
        table = np.append(found, len(self._known) + 1).astype(self._type)
        table[:-1][texts.is_null().to_numpy(zero_copy_only=False)] = len(self._known) + 1
        codes = table[where]
        self.others += int(np.count_nonzero(codes == len(self._known)))
        self.absent += int(np.count_nonzero(codes == len(self._known) + 1))
        return codes

    @property
    def shifts(self) -> bool:
        """Whether codes of missing values must move down by one, as no other value occurred."""
        return bool(self.absent and not self.others)

    def shift(self, codes: Values) -> Values:
        """Move the codes of missing values to where `categories` has them."""
        return np.minimum(codes, len(self._known)).astype(self._type)

    @property
    def categories(self) -> tuple[str, ...]:
        """What each code means: ``other`` and ``missing`` only where they occur."""
        names = list(self._known)
        for name, count in (("other", self.others), ("missing", self.absent)):
            if count:
                names.append(f"{name} values" if name in self._known else name)
        return tuple(names)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the values that have no code of their own."""
        notes = []
        other = "other values" if "other" in self._known else "other"
        if self.others and self._folded:
            notes.append(f"{self._folded}{other!r}.")
        elif self.others:
            notes.append(f"{counted(self.others)} with a {self._name!r} that is not declared: counted as {other!r}.")
        if self.absent:
            missing = "missing values" if "missing" in self._known else "missing"
            notes.append(f"{counted(self.absent)} without {self._name!r}: counted as {missing!r}.")
        return tuple(notes)


def as_texts(array: pa.Array) -> pa.Array:
    """Write values as categories, cut to `TEXT_LENGTH`; null, NaN and '' as null."""
    texts = pc.utf8_slice_codeunits(as_written(plain(array)), 0, TEXT_LENGTH)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _dictionary(array: pa.Array) -> tuple[NDArray[np.intp], pa.Array]:
    """Return each row's place in an array of texts, one past its end for null, and the texts."""
    if nature(array.type) == "other":
        what = f"{array.type}, not text in UTF-8," if pa.types.is_binary(array.type) else str(array.type)
        raise DataError(f"a column of {what} cannot be a category: choose a column of text or numbers.")
    whole = plain(array)
    pairs = whole if whole.type == TEXT else pc.dictionary_encode(whole)
    texts = as_texts(pairs.dictionary)
    places = pairs.indices.cast(pa.int64()).fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return places.astype(np.intp, copy=False), texts


def counted(count: int) -> str:
    """Return a number of rows, in words."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def _milliseconds(array: pa.Array) -> Values:
    kind = array.type
    if pa.types.is_date32(kind):
        return _floats(array.cast(pa.int32())) * 86_400_000.0
    if pa.types.is_date64(kind):
        return _floats(array.cast(pa.int64()))
    whole = array.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64())
    if kind.unit == "ns":
        # A float64 cannot tell such whole numbers apart, and later division would not bring back round milliseconds.
        return _floats(pc.divide(whole, 1_000)) / 1_000
    if kind.unit == "us":
        # Multiplied first, a moment of our days would be beyond the whole numbers of a float64.
        return _floats(whole) / 1_000
    return _floats(whole) * 1_000 / PER_SECOND[kind.unit]


def _floats(array: pa.Array) -> NDArray[np.float64]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)
