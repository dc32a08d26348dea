"""Arrow types as few as views need: every way of storing numbers, times and texts as one of them.

This module owns what a type holds, how a batch becomes plain, and which type two files agree on. It refuses to read
files, and to look at what is nested or binary.
"""

from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Nature: TypeAlias = Literal["number", "time", "bool", "text", "other"]

TEXT = pa.dictionary(pa.int32(), pa.string())
"""What dictionaries of text become, whatever their indices and their kind of text."""
MOMENT = pa.timestamp("us")
"""What times of several units become: finer than milliseconds, and wide enough for any year."""
EXACT = 15
"""Decimal digits that a float of 64 bits keeps."""
EXTENSION = b"ARROW:extension:name"
SYSTEM = b"coordinate_system"
"""Key of a column's metadata: the code of the coordinate system that its values are in."""


def nature(kind: pa.DataType) -> Nature:
    """Return what a column of that Arrow type holds; the values' type counts for dictionaries and runs.

    Examples
    --------
    >>> nature(pa.dictionary(pa.uint8(), pa.decimal128(9, 2))), nature(pa.binary()), nature(pa.list_(pa.int8()))
    ('number', 'other', 'other')
    """
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        own: dict[str, Nature] = {"arrow.json": "other", "arrow.bool8": "bool"}
        return own.get(kind.extension_name) or nature(kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return nature(kind.value_type)
    if types.is_boolean(kind):
        return "bool"
    if types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind):
        return "time"
    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_null, types.is_duration)
    if any(holds(kind) for holds in numbers):
        return "number"
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    return "text" if any(holds(kind) for holds in texts) else "other"


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column is read as; what is nested or binary keeps its own.

    Examples
    --------
    >>> [str(plain_type(one)) for one in (pa.decimal32(9, 3), pa.float16(), pa.dictionary(pa.int8(), pa.int64()))]
    ['double', 'float', 'int64']
    """
    types = pa.types
    if nature(kind) == "other":
        return kind
    if isinstance(kind, pa.BaseExtensionType):
        return pa.bool_() if nature(kind) == "bool" else plain_type(kind.storage_type)
    if types.is_dictionary(kind):
        return TEXT if nature(kind) == "text" else plain_type(kind.value_type)
    if types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if types.is_decimal(kind):
        return _decimal(kind)
    if types.is_float16(kind):
        return pa.float32()
    return pa.string() if nature(kind) == "text" else kind


def plain(array: pa.Array) -> pa.Array:
    """Convert a batch to the type that `plain_type` names; it is returned as it is where it has that type.

    Raises
    ------
    pyarrow.ArrowException
        Where values are not what their type says, such as an index beyond its dictionary.
    """
    kind = array.type
    wanted = plain_type(kind)
    if isinstance(array, pa.ExtensionArray) and nature(kind) != "other":
        return plain(array.storage).cast(wanted)
    if pa.types.is_dictionary(kind) and nature(kind) != "other":
        return _dictionary(array, wanted)
    if kind == wanted:
        return array
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(array))
    if pa.types.is_decimal(kind) and kind.bit_width < 128:
        # Small decimals have no cast to floats.
        array = array.cast(pa.decimal128(38, kind.scale))
    return array.cast(wanted)


def _dictionary(array: pa.DictionaryArray, wanted: pa.DataType) -> pa.Array:
    values = array.dictionary
    if len(array) and len(array) != array.null_count:
        low, high = pc.min_max(array.indices).values()
        if not 0 <= low.as_py() <= high.as_py() < len(values):
            raise pa.ArrowIndexError(f"an index beyond a dictionary of {len(values):,} values")
    if array.type == wanted:
        return array
    if wanted != TEXT:
        # Of a whole file's dictionary a batch may need few values; but it is converted once, its indices row by row.
        return plain(values).take(array.indices)
    return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), plain(values).cast(pa.string()))


def _decimal(kind: pa.DataType) -> pa.DataType:
    """Return the type of numbers that keeps a decimal's digits; those of many digits may be identifiers, and stay."""
    if kind.scale == 0 and kind.precision <= 18:
        return pa.int64()
    if kind.precision <= EXACT:
        return pa.float64()
    return pa.decimal128(38, kind.scale) if kind.bit_width < 128 else kind


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Return the type that holds the values of both of two plain types, as files of one folder have them.

    Notes
    -----
    Nothing gives way to anything; whole numbers of different sizes become int64, with fractions float64; times of
    different units or zones are UTC in microseconds; what has nothing in common becomes text.

    Examples
    --------
    >>> [str(common_type(pa.int64(), other)) for other in (pa.null(), pa.int32(), pa.float32(), pa.string())]
    ['int64', 'int64', 'double', 'string']
    """
    types = pa.types
    if one == other or types.is_null(other) or nature(other) == "other":
        return one
    if types.is_null(one) or nature(one) == "other":
        return other
    both = {nature(one), nature(other)}
    if both <= {"number", "bool"} and not (types.is_duration(one) or types.is_duration(other)):
        return _number(one, other)
    if both == {"time"}:
        clocks = types.is_time(one), types.is_time(other)
        if not any(clocks):
            return MOMENT
        if all(clocks):
            return pa.time64("ns")
    if types.is_duration(one) and types.is_duration(other):
        return pa.duration("us")
    return pa.string()


def _number(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    types = pa.types
    if not all(types.is_integer(kind) or types.is_boolean(kind) for kind in (one, other)):
        return pa.float64()
    if pa.uint64() not in (one, other):
        return pa.int64()
    rest = other if one == pa.uint64() else one
    # Unsigned beside signed: no whole type holds both, and texts keep identifiers apart that floats would merge.
    return pa.uint64() if types.is_unsigned_integer(rest) or types.is_boolean(rest) else pa.string()


def widened(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Convert a plain batch to the type that it shares with others, from `common_type`; what cannot be is null."""
    kind = array.type
    if kind == wanted:
        return array
    if nature(kind) == "other" or pa.types.is_null(kind):
        return pa.nulls(len(array), wanted)
    if kind == TEXT:
        return array.dictionary.take(array.indices).cast(wanted)
    if pa.types.is_string(wanted):
        return as_written(array)
    if pa.types.is_boolean(kind):
        array = array.cast(pa.uint8())
    # Units are made coarser, and numbers beyond 2^53 rounded, on purpose.
    return array.cast(wanted, safe=False)


def as_written(array: pa.Array) -> pa.Array:
    """Write plain values as text: True and False, whole floats without a point, durations in seconds; NaN is null."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "True", "False")
    if pa.types.is_duration(kind):
        array = pc.divide(array.cast(pa.int64()).cast(pa.float64()), float(PER_SECOND[kind.unit]))
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
    if pa.types.is_timestamp(kind) and kind.tz:
        array = array.cast(pa.timestamp(kind.unit))
    return array.cast(pa.string())


PER_SECOND: dict[str, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def extension(field: pa.Field) -> str:
    """Return the name of a column's extension type, known to Arrow or only written beside the column; or nothing."""
    if isinstance(field.type, pa.BaseExtensionType):
        return str(field.type.extension_name)
    said: Any = (field.metadata or {}).get(EXTENSION, b"")
    return str(said.decode(errors="replace"))
