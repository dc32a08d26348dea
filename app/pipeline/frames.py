"""The codec of pandas frames: Arrow IPC, which cannot run code.

A frame comes back equal in its values, types, index, labels and attributes, or is refused when it is written: what
Arrow would change on its way, such as a column of mixed objects, is never changed in silence.
"""

import json
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc as paipc

from app.pipeline.errors import CodecError

MARK = b"stageboard"
"""Names our part of the schema's metadata: what Arrow itself does not keep of a frame."""

LABELS = b"stageboard.labels"
OBJECT = np.dtype(object)
REFUSALS = (pa.ArrowException, TypeError, ValueError, NotImplementedError, OverflowError, RecursionError, UserWarning)
"""What Arrow and pandas raise, or warn of, for a frame that they cannot write or read: a `CodecError` to us."""


class Frames:
    """pandas frames, as one Arrow IPC file.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    >>> FRAMES.decode(FRAMES.encode(frame)).equals(frame)
    True
    >>> FRAMES.encode(pd.DataFrame({"thing": [object()]}))
    Traceback (most recent call last):
        ...
    app.pipeline.errors.CodecError: this frame cannot be stored: column 'thing' holds what Arrow does not: ...
    """

    name = "arrow"
    packs = False

    def settle(self, value: Any) -> Any:
        """Return the frame as it will be decoded."""
        return self.decode(self.encode(value))

    def encode(self, value: Any) -> bytes:
        """Return the Arrow file of a frame, or raise `CodecError` where it would come back as another."""
        if type(value) is not pd.DataFrame:
            raise CodecError(f"{type(value).__name__} is not a pandas DataFrame.")
        # With a column, because Arrow counts the rows of one without by its columns: none.
        labels = _written(pd.DataFrame({"": 0}, index=value.columns), "its column labels hold")
        data = _written(value.set_axis(_places(value), axis=1), "", {LABELS: labels}, value.columns)
        changed = _difference(value, self.decode(data))
        if changed:
            raise CodecError(f"this frame cannot be stored: {changed} would come back as another.")
        return data

    def decode(self, data: bytes) -> Any:
        """Return the frame in an Arrow file; it is the caller's own to change."""
        try:
            table = _read(data)
            frame = _frame(table)
            frame.columns = _frame(_read(table.schema.metadata[LABELS])).index
        except (*REFUSALS, KeyError) as error:
            raise CodecError(f"stored bytes are not a whole frame: {error}.") from error
        return frame


FRAMES = Frames()


def _places(frame: pd.DataFrame) -> list[str]:
    """Return a name a column; labels may be of any type, or not unique, which Arrow's may not."""
    return [str(place) for place in range(len(frame.columns))]


def _written(
    frame: pd.DataFrame, where: str, more: dict[bytes, bytes] | None = None, labels: pd.Index | None = None
) -> bytes:
    """Return a frame with plain labels as an Arrow file; say which column is to blame where that cannot be."""
    objects = [place for place, kind in enumerate(frame.dtypes) if kind == OBJECT]
    kept = {"objects": objects, "index": frame.index.dtype == OBJECT, "freq": _freq(frame.index)}
    try:
        with warnings.catch_warnings():  # pandas warns, and drops, what we refuse
            warnings.simplefilter("error")
            json.dumps(frame.attrs, allow_nan=False)
            table = pa.Table.from_pandas(frame, preserve_index=None)
            metadata = {**(table.schema.metadata or {}), MARK: json.dumps(kept).encode(), **(more or {})}
            table = table.replace_schema_metadata(metadata)
            sink = pa.BufferOutputStream()
            with paipc.new_file(sink, table.schema) as file:
                file.write_table(table)
    except REFUSALS as error:
        blame = where or _blamed(frame, labels)
        raise CodecError(f"this frame cannot be stored: {blame} what Arrow does not: {error}.") from error
    return bytes(sink.getvalue().to_pybytes())


def _blamed(frame: pd.DataFrame, labels: pd.Index | None) -> str:
    """Return what of a frame Arrow refuses: a column where one alone is refused, else the index."""
    for place in range(len(frame.columns)):
        try:
            pa.Array.from_pandas(frame.iloc[:, place])
        except REFUSALS:
            return f"column {frame.columns[place] if labels is None else labels[place]!r} holds"
    return "its index or its attributes hold"


def _read(data: bytes) -> pa.Table:
    with paipc.open_file(pa.py_buffer(data)) as file:
        return file.read_all()


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return the frame of a table, with what Arrow does not keep put back."""
    kept = json.loads(table.schema.metadata[MARK])
    # Arrow's arrays are read-only, and pandas then refuses to change them in place.
    frame: pd.DataFrame = table.to_pandas().copy()
    for place in kept["objects"]:
        # A bare array of objects would be searched for a better type.
        frame.isetitem(place, pd.Series(table.column(place).to_pylist(), frame.index, dtype=OBJECT))  # type: ignore[arg-type]
    if kept["index"] and not isinstance(frame.index, pd.MultiIndex):
        frame.index = frame.index.astype(OBJECT)
    if kept["freq"]:
        frame.index = frame.index.copy()
        frame.index.freq = kept["freq"]  # type: ignore[attr-defined]
    return frame


def _freq(index: pd.Index) -> str | None:
    """Return the step that pandas knows of times, beside their values; a period's is part of its type."""
    return index.freqstr if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None


def _difference(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Return what two frames differ in, or nothing; values that Arrow holds as they are need no look."""
    for what, first, second in (("its index", one.index, other.index), ("its labels", one.columns, other.columns)):
        if not _same_index(first, second):
            return what
    if one.attrs != other.attrs:
        return "its attributes"
    for place, label in enumerate(one.columns):
        here, there = one.iloc[:, place], other.iloc[:, place]
        if not (_same_type(here.dtype, there.dtype) and (here.dtype != OBJECT or _same_objects(here, there))):
            return f"column {label!r} of type {here.dtype}"
    return ""


def _same_index(one: pd.Index, other: pd.Index) -> bool:
    if type(one) is not type(other) or list(one.names) != list(other.names):
        return False
    if isinstance(one, pd.MultiIndex) and isinstance(other, pd.MultiIndex):
        return (
            all(_same_index(one.get_level_values(n), other.get_level_values(n)) for n in range(one.nlevels))
            and one.nlevels == other.nlevels
        )
    alike = _same_type(one.dtype, other.dtype) and one.equals(other)
    return alike and _freq(one) == _freq(other) and (one.dtype != OBJECT or _same_objects(one, other))


def _same_type(one: Any, other: Any) -> bool:
    """Whether two types are the same; pandas calls unordered categories equal in any order."""
    if isinstance(one, pd.CategoricalDtype) and isinstance(other, pd.CategoricalDtype):
        return one.ordered == other.ordered and _same_index(one.categories, other.categories)
    return bool(type(one) is type(other) and one == other)


def _same_objects(one: Any, other: Any) -> bool:
    """Whether objects are the same; [1] and [1.0] are equal, but not the same."""
    return all(
        type(a) is type(b) and a == b and (type(a) is str or repr(a) == repr(b))
        for a, b in zip(one, other, strict=True)
    )
