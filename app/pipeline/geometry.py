"""Columns that hold points: which they are, how they are stored, and their coordinates as two columns of numbers.

This module owns GeoParquet's metadata, GeoArrow's extensions, and structs and lists of coordinates. It refuses to
invent points for lines and areas.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from app.pipeline.errors import DataError
from app.pipeline.plain import EXTENSION, SYSTEM, extension, nature, plain
from app.pipeline.systems import DEGREES, System, parse
from app.pipeline.wkb import Floats, Found, read_points

Encoding: TypeAlias = Literal["wkb", "struct", "list", "box"]

PAIRS: Final = (("x", "y"), ("lon", "lat"), ("longitude", "latitude"), ("lng", "lat"), ("easting", "northing"))
BOX: Final = ("xmin", "ymin", "xmax", "ymax")
BARE: Final = {"geometry", "geom", "the_geom", "wkb", "wkb_geometry", "geo", "shape", "point", "location"}
"""Names under which binary columns that say nothing of themselves are looked at."""
FLAT: Final = 1e-6
"""A box this much wider than its distance from zero is a point, written as single precision numbers around it."""
WIDEST: Final = 540.0
"""Degrees beyond which nothing is a longitude, however often the world is counted round."""
REMEDY: Final = "make points of them, such as by ST_PointOnSurface in DuckDB or PostGIS, and add the file again"


@dataclass(frozen=True, slots=True)
class Geometry:
    """A column of points.

    Parameters
    ----------
    column : str
    encoding : {'wkb', 'struct', 'list', 'box'}
    names : tuple of str
        What its two columns of numbers are called.
    children : tuple of str
        Of a struct or box: the parts that hold the coordinates.
    system : System or None
        What the file says of its coordinates; None where it says nothing.
    """

    column: str
    encoding: Encoding
    names: tuple[str, str]
    children: tuple[str, ...] = ()
    system: System | None = None

    @property
    def fields(self) -> tuple[pa.Field, pa.Field]:
        """The two columns of numbers; their metadata say where they are longitude and latitude."""
        said = {SYSTEM: DEGREES.encode()} if self.system else None
        return pa.field(self.names[0], pa.float64(), metadata=said), pa.field(
            self.names[1], pa.float64(), metadata=said
        )

    @property
    def note(self) -> str:
        """What is read from it, in one sentence."""
        read = f"{self.names[0]!r} and {self.names[1]!r}"
        if not self.system:
            return f"{self.column!r} holds points: they are read as {read}."
        if self.system.is_geographic:
            return f"{self.column!r} holds points: their longitude and latitude are read as {read}."
        code = f" ({self.system.code})" if self.system.code else ""
        return f"{self.column!r} holds points in {self.system.name}{code}: they are projected to degrees, {read}."

    def read(self, array: pa.Array) -> Found:
        """Read the coordinates of a batch; NaN where a row has no point."""
        found = _READERS[self.encoding](self, array)
        if self.system and not self.system.is_geographic:
            x, y = self.system.to_degrees(found.x, found.y)
            return Found(x, y, found.others)
        return found


class Seen(NamedTuple):
    """The columns of points of a file, and what there is to say of others."""

    points: tuple[Geometry, ...]
    notes: tuple[str, ...]


def find_geometries(schema: pa.Schema, logical: Mapping[str, str], heads: Mapping[str, pa.Array]) -> Seen:
    """Find the columns of points of a file.

    Parameters
    ----------
    schema : pyarrow.Schema
        As the file has it, with its metadata.
    logical : mapping of str to str
        Parquet's own geometry columns, and their coordinate systems as the file writes them; empty for the default.
    heads : mapping of str to pyarrow.Array
        The first values of columns of bytes, structs and lists: what metadata claim is compared with them.

    Returns
    -------
    Seen
        The primary column comes first; boxes only where nothing else holds points.
    """
    said = _said(schema)
    notes: list[str] = []
    found: list[Geometry] = []
    for field in schema:
        try:
            one = _geometry(field, said, logical, heads.get(field.name), schema, notes)
        except _OtherShapeError as other:
            notes.append(f"Left out: {field.name!r} holds {other}, not points; {REMEDY}.")
            continue
        if one:
            found.append(_checked(one, heads.get(field.name), notes))
    if any(one.encoding != "box" for one in found):
        found = [one for one in found if one.encoding != "box"]
    elif any(note.startswith("Left out") for note in notes):
        # The boxes of lines and areas are no points either.
        found = []
    primary = said.get("primary_column")
    return Seen(tuple(sorted(found, key=lambda one: one.column != primary)), tuple(notes))


def _checked(one: Geometry, head: pa.Array | None, notes: list[str]) -> Geometry:
    """Return points without the system that their file claims, where it says degrees and most values cannot be."""
    if head is None or not one.system or not one.system.is_geographic:
        return one
    x, y, _ = one.read(head)
    fits = (np.abs(x) <= WIDEST) & (np.abs(y) <= WIDEST)
    if np.count_nonzero(fits) * 2 >= np.count_nonzero(np.isfinite(x)):
        return one
    notes.append(
        f"{one.column!r} is said to hold longitude and latitude, but its values are none, such as {x[~fits][0]:g}, "
        f"{y[~fits][0]:g}: they are drawn as they are."
    )
    return replace(one, system=None, names=_names(one.column, ("x", "y")))


class _OtherShapeError(Exception):
    """A column holds other shapes than points; the message names them."""


def _said(schema: pa.Schema) -> dict[str, Any]:
    """Return GeoParquet's metadata; nothing where there are none, or they are damaged."""
    try:
        found = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("columns", {}), dict) else {}


def _geometry(
    field: pa.Field,
    said: Mapping[str, Any],
    logical: Mapping[str, str],
    head: pa.Array | None,
    schema: pa.Schema,
    notes: list[str],
) -> Geometry | None:
    name = extension(field)
    own = said.get("columns", {}).get(field.name)
    if isinstance(own, dict):
        written = own.get("crs", DEGREES)
        if str(own.get("encoding", "WKB")).lower() not in ("wkb", "point"):
            raise _OtherShapeError(str(own["encoding"]))
    elif field.name in logical:
        written = logical[field.name] or DEGREES
    elif name.startswith(("geoarrow.", "ogc.")):
        written = _extension_system(field)
        if name not in ("geoarrow.wkb", "geoarrow.point", "ogc.wkb"):
            if nature(field.type) == "text":
                return None
            raise _OtherShapeError(name.removeprefix("geoarrow."))
    else:
        return _undeclared(field, head, schema)
    return _stored(field, _system(field.name, written, notes), head)


def _undeclared(field: pa.Field, head: pa.Array | None, schema: pa.Schema) -> Geometry | None:
    """Return what a column is by its type alone: structs and lists of two; bytes where nothing else could be points."""
    if not _binary(field.type):
        return _stored(field, None, None)
    named = {name.lower() for name in schema.names}
    if field.name.lower() not in BARE or any(x in named and y in named for x, y in PAIRS) or head is None:
        return None
    found = read_points(head)
    return _stored(field, None, head) if np.isfinite(found.x).any() and not found.others else None


def _stored(field: pa.Field, system: System | None, head: pa.Array | None) -> Geometry | None:
    """Return a column of points by how it is stored; None where its type holds none."""
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    names = _names(field.name, ("lon", "lat") if system else ("x", "y"))
    if _binary(kind):
        found = read_points(head) if head is not None else None
        if found and found.others and not np.isfinite(found.x).any():
            raise _OtherShapeError(_listed(found.others))
        return Geometry(field.name, "wkb", names, system=system)
    if pa.types.is_struct(kind):
        parts = {kind.field(at).name.lower(): kind.field(at) for at in range(kind.num_fields)}
        pair = next((pair for pair in PAIRS if all(_number(parts.get(part)) for part in pair)), None)
        if pair:
            called = names if system else _names(field.name, (parts[pair[0]].name, parts[pair[1]].name))
            return Geometry(field.name, "struct", called, tuple(parts[part].name for part in pair), system)
        if all(_number(parts.get(part)) for part in BOX):
            return Geometry(field.name, "box", names, tuple(parts[part].name for part in BOX), system)
    plainly = 2 if extension(field) != "geoarrow.point" else kind.list_size if _sized(kind) else 0
    if _sized(kind) and kind.list_size == plainly >= 2 and nature(kind.value_type) == "number":
        return Geometry(field.name, "list", names, system=system)
    return None


def _names(column: str, parts: tuple[str, str]) -> tuple[str, str]:
    return f"{column}.{parts[0]}", f"{column}.{parts[1]}"


def _system(column: str, written: object, notes: list[str]) -> System | None:
    """Return the system that a file writes, None where it writes none; one that is not understood is said."""
    if not written:
        return None
    try:
        system = parse(written if isinstance(written, Mapping) else str(written))
        system.to_degrees([0.0], [0.0])
    except DataError as error:
        notes.append(f"The coordinates of {column!r} are drawn as they are: {error}")
        return None
    return system


def _extension_system(field: pa.Field) -> object:
    """Return what GeoArrow's metadata say of a column's system."""
    written = (field.metadata or {}).get(EXTENSION.replace(b"name", b"metadata"), b"{}")
    if isinstance(field.type, pa.BaseExtensionType):
        written = field.type.__arrow_ext_serialize__()
    try:
        found = json.loads(written or b"{}")
    except ValueError:
        return None
    return found.get("crs") if isinstance(found, dict) else None


def _wkb(_: Geometry, array: pa.Array) -> Found:
    return read_points(array.storage if isinstance(array, pa.ExtensionArray) else array)


def _struct(one: Geometry, array: pa.Array) -> Found:
    x, y = _parts(array, one.children)
    return Found(x, y, Counter())


def _box(one: Geometry, array: pa.Array) -> Found:
    x0, y0, x1, y1 = _parts(array, one.children)
    wide = np.maximum(np.abs(x1 - x0) / np.maximum(np.abs(x0), 1), np.abs(y1 - y0) / np.maximum(np.abs(y0), 1)) > FLAT
    x, y = np.where(wide, np.nan, (x0 + x1) / 2), np.where(wide, np.nan, (y0 + y1) / 2)
    return Found(x, y, +Counter({"boxes": int(np.count_nonzero(wide))}))


def _list(_: Geometry, array: pa.Array) -> Found:
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    size = array.type.list_size
    values = _floats(array.values.slice(array.offset * size, len(array) * size)).reshape(-1, size).copy()
    values[array.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return Found(values[:, 0].copy(), values[:, 1].copy(), Counter())


_READERS: Final = {"wkb": _wkb, "struct": _struct, "list": _list, "box": _box}


def _parts(array: pa.Array, names: Sequence[str]) -> list[Floats]:
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    # `field` would keep what lies below null rows, often 0; `flatten` makes it null.
    parts = dict(zip((each.name for each in array.type), array.flatten(), strict=True))
    return [_floats(parts[name]) for name in names]


def _floats(array: pa.Array) -> Floats:
    return np.asarray(plain(array).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def _number(field: pa.Field | None) -> bool:
    return field is not None and nature(field.type) == "number" and not pa.types.is_duration(field.type)


def _sized(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(kind))


def _binary(kind: pa.DataType) -> bool:
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    types = pa.types
    return any(holds(kind) for holds in (types.is_binary, types.is_large_binary, types.is_binary_view))


def _listed(others: Counter[str]) -> str:
    return " and ".join(name for name, _ in others.most_common(3))
