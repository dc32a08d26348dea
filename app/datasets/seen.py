"""A column of a file as its sample shows it: what it holds, and whether it numbers rows rather than measures anything.

Owns what an identifier is. A column that cannot be converted is said to be one, and never stops the others.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.datasets.names import words
from app.pipeline.columns import KEPT, Nature, as_numbers, as_texts
from app.pipeline.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

DISTINCT: Final = 50
"""Rows that must all differ before a column is taken to number them."""
_NAMED: Final = frozenset(
    [
        "id",
        "ids",
        "uuid",
        "guid",
        "fid",
        "gid",
        "oid",
        "uid",
        "pk",
        "index",
        "idx",
        "rowid",
        "objectid",
        "key",
        "unnamed",
        "level",
        "rownum",
        "healpix",
        "htm",
    ]
)
_WHOLE_NAMES: Final = frozenset(["", "id", "index", "unnamed: 0", "row", "level_0", "__index_level_0__"])
_LOOKED_AT: Final = 20


@dataclass
class Column:
    """A column, and a sample of its values.

    Parameters
    ----------
    name : str
    nature : {'number', 'time', 'bool', 'text', 'other'}
    values : pyarrow.ChunkedArray
    """

    name: str
    nature: Nature
    values: pa.ChunkedArray

    @cached_property
    def fault(self) -> str:
        """Why its values cannot be had; empty where they can."""
        try:
            if self.nature in ("number", "time", "bool"):
                self.numbers()
            elif self.nature == "text":
                self._texts()
        except (DataError, pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            return next(iter(str(error).splitlines()), type(error).__name__)[:200]
        return ""

    def numbers(self) -> Floats:
        """Return the values as float64, shape (n,), NaN where there is none."""
        chunks = [as_numbers(chunk, self.name).astype(np.float64) for chunk in self.values.chunks]
        return np.concatenate(chunks) if chunks else np.empty(0)

    @cached_property
    def distinct(self) -> int:
        """How many values differ."""
        if not pa.types.is_dictionary(self.values.type):
            return len(self.values.drop_null().unique())
        try:
            chunks = self.values.unify_dictionaries().chunks
        except pa.ArrowException:  # not of every type of values
            return len(set(self.values.drop_null().to_pylist()))
        return len(np.unique(np.concatenate([one.indices.drop_null().to_numpy() for one in chunks])))

    @property
    def _all_differ(self) -> bool:
        held: int = len(self.values) - self.values.null_count
        return held >= DISTINCT and self.distinct == held

    @property
    def is_named_id(self) -> bool:
        """Whether its name says that it numbers rows, or refers to what is numbered elsewhere."""
        *_, last = words(self.name) or ("",)
        stem = last if not last.isdecimal() else next(iter(words(self.name)), "")
        return self.name.lower() in _WHOLE_NAMES or stem in _NAMED

    @cached_property
    def is_identifier(self) -> bool:
        """Whether it tells rows apart: named so, or whole numbers or texts that all differ."""
        if self.is_named_id:
            return True
        return self.nature in ("number", "text") and self._holds_whole and self._all_differ

    @property
    def _holds_whole(self) -> bool:
        kind = self.values.type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_floating(kind):
            with np.errstate(invalid="ignore"):
                found = self.numbers()
                steps = np.diff(found)
                # Measures can be whole too; what counts up by ones is none.
                return len(steps) > 0 and bool((steps == 1).all())
        return self.nature == "text" or bool(pa.types.is_integer(kind))

    @property
    def is_json(self) -> bool:
        """Whether its texts are objects or lists in JSON."""
        held = [text for text in self._head() if text is not None]
        return bool(held) and all(_is_json(text) for text in held)

    def _head(self) -> Iterator[str | None]:
        for chunk in self.values.drop_null().slice(0, _LOOKED_AT).chunks:
            plain = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
            yield from as_texts(plain.cast(pa.string())).to_pylist()

    def _texts(self) -> None:
        for chunk in self.values.chunks:
            held = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
            as_texts(held)

    @property
    def has_groups(self) -> bool:
        """Whether it holds whole numbers, of which there are few, so that each can be shown for itself."""
        kind = self.values.type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        few = bool(pa.types.is_integer(kind)) and self.distinct <= KEPT
        return few and (not self.is_named_id or self.distinct >= 2)

    @property
    def no_category(self) -> str:
        """Why its texts make no categories; empty where they do."""
        if self.is_json:
            return "hold JSON"
        if self._all_differ:
            return "differ in every row"
        if self.is_named_id and self.distinct > KEPT:
            return "are identifiers"
        return ""


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except ValueError:
        # A text that was cut is no whole JSON; how it begins must do.
        return text.lstrip()[1:].lstrip()[:1] in ('"', "{", "[") and len(text) > 190
    return True
