"""Reading columns of a file into arrays, once, and keeping them as ``.npy`` files for every process.

This module owns one reading: what is needed must succeed, what is not is left out with its reason. Formats are
`sources`, conversions are `columns`.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from app.pipeline.columns import Coding, Frequencies, Values, as_marks, as_numbers
from app.pipeline.errors import DataError, unknown
from app.pipeline.files import ReadAgainError, Source
from app.pipeline.mapped import mapped
from app.pipeline.outline import converted
from app.pipeline.sinks import COPY_ROWS, FileSink, MemorySink, Sink

Progress: TypeAlias = Callable[[float, str], None]
Form: TypeAlias = Literal["numbers", "codes", "marks"]
Converted = TypeVar("Converted")

LAYOUT = "2"
"""Changed when the same request would be stored otherwise."""
ABANDONED = 86_400
"""Seconds after which a temporary folder is taken for the remains of a process that died."""


class Wanted(NamedTuple):
    """A column in one form: as numbers or times, as codes of categories, or as marks that tell tracks apart."""

    column: str
    form: Form
    categories: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name of the files that hold it."""
        slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in self.column)[:40]
        return f"{slug}-{self.form}-{sha256(json.dumps([LAYOUT, *self]).encode()).hexdigest()[:12]}"


class Stored(NamedTuple):
    """A column that was read, shape (rows,), with what its codes mean and what there is to say of it."""

    array: Values
    categories: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: int = 0
    left: str = ""
    """Why the column is left out; empty where it is there."""


class Reader:
    """One reading of a file's columns into sinks; what is not needed may be left out."""

    def __init__(self, source: Source, wanted: Sequence[Wanted], needed: Set[Wanted], progress: Progress) -> None:
        self._source, self._wanted, self._needed, self._progress = source, wanted, needed, progress
        self._left: dict[Wanted, str] = {}
        for one in wanted:
            if one.column not in source.schema.names:
                raise DataError(f"{str(source.path)!r}: {unknown('column', one.column, source.schema.names)}")

    def into_memory(self) -> dict[Wanted, Stored]:
        """Read into arrays."""
        return self._read(lambda _: MemorySink())

    def into_folder(self, home: Path) -> dict[Wanted, Stored]:
        """Read into a temporary folder, and move each column to its place when all are whole."""
        home.mkdir(parents=True, exist_ok=True)
        with _temporary(home) as scratch:
            # The arrays are mapped before they move, so that they live on even if the folder is deleted meanwhile.
            stored = self._read(lambda one: FileSink(scratch / f"{one.stem}.npy"))
            for one, found in stored.items():
                facts = {"column": one.column, "rows": len(found.array), "layout": LAYOUT}
                facts |= {
                    "categories": found.categories,
                    "notes": found.notes,
                    "left": found.left,
                    "skipped": found.skipped,
                }
                (scratch / f"{one.stem}.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
                for suffix in (".json",) if found.left else (".npy", ".json"):
                    os.replace(scratch / f"{one.stem}{suffix}", home / f"{one.stem}{suffix}")
        return stored

    def _read(self, sink: Callable[[Wanted], Sink]) -> dict[Wanted, Stored]:
        while True:
            try:
                return self._pass(sink)
            except ReadAgainError:
                continue

    def _pass(self, sink: Callable[[Wanted], Sink]) -> dict[Wanted, Stored]:
        codings, start = self._codings()
        with ExitStack() as stack:
            sinks = {one: stack.enter_context(closing(sink(one))) for one in self._wanted if one not in self._left}
            row = 0
            for batch in self._batches([one.column for one in sinks], start, "Reading"):
                for one in list(sinks):
                    values = self._try(one, batch.column(one.column), partial(_convert, one, codings), row)
                    if values is None:
                        sinks.pop(one).close()
                    else:
                        sinks[one].append(values)
                row += len(batch)
            stored = {one: Stored(target.finish()) for one, target in sinks.items()}
        if stored and not any(len(found.array) for found in stored.values()):
            raise DataError(f"{str(self._source.path)!r} has no rows: nothing can be drawn.")
        for one, coding in codings.items():
            if one in stored and coding.shifts:
                stored[one] = Stored(_shifted(sink(one), stored[one].array, coding))
            if one in stored:
                stored[one] = Stored(stored[one].array, coding.categories, coding.notes)
        self._progress(1.0, f"Read {self._source.path.name}")
        return self._noted(stored)

    def _noted(self, stored: Mapping[Wanted, Stored]) -> dict[Wanted, Stored]:
        """Add what the reading found: what the source says of its rows, and what was left out."""
        told, skipped = self._source.notes, self._source.skipped
        found = {one: each._replace(notes=(*told, *each.notes), skipped=skipped) for one, each in stored.items()}
        gone = {one: Stored(np.empty(0), (), (f"Left out: {why}",), skipped, why) for one, why in self._left.items()}
        return {one: gone[one] if one in gone else found[one] for one in self._wanted}

    def _try(
        self, one: Wanted, array: pa.Array, convert: Callable[[pa.Array], Converted], row: int
    ) -> Converted | None:
        """Convert a batch of a column; None where it cannot be and is not needed: it is left out from now on."""
        path = self._source.path
        try:
            return converted(array, convert, one.column, path, row)
        except DataError as error:
            if one in self._needed:
                raise
            self._left[one] = str(error)
            return None

    def _codings(self) -> tuple[dict[Wanted, Coding], float]:
        """Return how to code each category column, and the fraction of the work that finding out took."""
        codes = [one for one in self._wanted if one.form == "codes" and one not in self._left]
        counts = {one: Frequencies() for one in codes if not one.categories}
        row = 0
        if counts:
            for batch in self._batches([one.column for one in counts], 0.0, "Counting values of", 0.5):
                for one in list(counts):
                    if self._try(one, batch.column(one.column), counts[one].add, row) is None:
                        del counts[one]
                row += len(batch)
        found = {one: Coding(one.column, one.categories) for one in codes if one.categories}
        found |= {one: Coding(one.column, many.top(), many.note(one.column)) for one, many in counts.items()}
        return found, 0.5 if counts else 0.0

    def _batches(self, columns: list[str], start: float, doing: str, end: float = 1.0) -> Iterator[pa.RecordBatch]:
        message = f"{doing} {self._source.path.name}"
        self._progress(start, message)
        parts = self._source.scan(list(dict.fromkeys(columns)))
        while True:
            try:
                part = next(parts, None)
            except DataError:
                if not self._isolate(set(columns), message):
                    raise
                raise ReadAgainError from None
            if part is None:
                return
            yield part.batch
            self._progress(start + (end - start) * min(part.fraction, 1.0), message)

    def _isolate(self, columns: set[str], message: str) -> bool:
        """Leave out the columns that cannot be read by themselves; return whether the others are worth another pass."""
        needed = {one.column for one in self._needed}
        before = len(self._left)
        for column in sorted(columns):
            try:
                for _, fraction in self._source.scan([column]):
                    self._progress(fraction, message)
            except DataError as error:
                said = str(error)
                if repr(column) not in said:
                    said = f"column {column!r} is damaged: {said.rstrip('.')}; copy or write the file again."
                if column in needed:
                    raise DataError(said) from error
                self._left |= {one: said for one in self._wanted if one.column == column}
        return len(self._left) > before


def _convert(one: Wanted, codings: Mapping[Wanted, Coding], array: pa.Array) -> Values:
    if one.form == "codes":
        return codings[one].code(array)
    return as_marks(array) if one.form == "marks" else as_numbers(array, one.column)


def _shifted(target: Sink, codes: Values, coding: Coding) -> Values:
    for start in range(0, len(codes), COPY_ROWS):
        target.append(coding.shift(codes[start : start + COPY_ROWS]))
    return target.finish()


def load(home: Path, one: Wanted) -> Stored | None:
    """Open a stored column; None where it is not there, or damaged."""
    try:
        facts = json.loads((home / f"{one.stem}.json").read_text(encoding="utf-8"))
        if facts["left"]:
            return Stored(np.empty(0), (), tuple(facts["notes"]), int(facts["skipped"]), facts["left"])
        array = mapped(home / f"{one.stem}.npy")
        if len(array) != facts["rows"]:
            return None
        return Stored(array, tuple(facts["categories"]), tuple(facts["notes"]), int(facts["skipped"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _temporary(home: Path) -> Iterator[Path]:
    for old in home.glob(".new-*"):
        if time.time() - old.stat().st_mtime > ABANDONED:
            shutil.rmtree(old, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
