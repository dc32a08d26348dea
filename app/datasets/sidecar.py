"""Corrections to what is recognised in a file: from a small TOML beside it, or from flags.

This module owns the names that may be corrected and checks every one of them strictly: an unknown key is an error, as
a silent default would be read as a correction that worked.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import get_args

from app.pipeline.errors import DataError, unknown
from app.pipeline.systems import parse
from app.pipeline.types import Crs, FieldKind, PlotKind

_CHOICES = {
    "kind": get_args(PlotKind),
    "scales": ("equal", "free"),
    "reverse": ("none", "x", "y", "xy"),
}
_FIELD_KINDS = get_args(FieldKind)


@dataclass(frozen=True, slots=True)
class FieldCorrection:
    """What is said of one column; empty: as recognised."""

    label: str = ""
    unit: str = ""
    kind: str = ""
    categories: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corrections:
    """What is said of a file; empty: as recognised.

    Parameters
    ----------
    name, title, description, source, licence : str
        As in `Dataset`.
    x, y : str
        The columns of the coordinates.
    crs : str
        ``lonlat``, ``mercator`` or ``plane``; or an EPSG code or WKT, of a system whose coordinates go to the map.
    kind : str
        ``points`` or ``lines``.
    track : str
        Lines: the column whose equal values are one track.
    scales : str
        Of a plane: ``equal``, where a unit is as long on both axes, or ``free``, where the view is filled.
    reverse : str
        Of a plane: the axes that grow to the left or downward, ``x``, ``y`` or ``xy``; ``none`` for neither.
    time : str
        Lines: the column by which the rows of a track are ordered; ``none``: as they come.
    gap_time : float or None
        Lines: the seconds beyond which a line ends; 0: none do.
    gap_distance : float or None
        Lines: the kilometres, on planes the units of the axes, beyond which a line ends; 0: none do.
    fields : mapping of str to FieldCorrection
        By the column's name.
    """

    name: str = ""
    title: str = ""
    description: str = ""
    source: str = ""
    licence: str = ""
    x: str = ""
    y: str = ""
    crs: str = ""
    kind: str = ""
    track: str = ""
    scales: str = ""
    reverse: str = ""
    time: str = ""
    gap_time: float | None = None
    gap_distance: float | None = None
    fields: Mapping[str, FieldCorrection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, allowed in _CHOICES.items():
            value = getattr(self, key)
            if value and value not in allowed:
                raise DataError(f"{key} = {value!r} is not allowed: use one of {', '.join(allowed)}.")
        if self.crs and self.crs not in get_args(Crs):
            _check_system(self.crs)
        if self.name and not re.fullmatch(r"[a-z0-9_-]+", self.name):
            raise DataError(f"name = {self.name!r} is not allowed: use lower-case letters, digits, '-' and '_'.")
        if bool(self.x) != bool(self.y):
            raise DataError(f"x = {self.x!r} and y = {self.y!r}: name both columns of the pair, or neither.")

    @property
    def shape(self) -> bool:
        """Whether they say how the file is drawn, and not only what it is called."""
        said = (self.x, self.crs, self.kind, self.track, self.scales, self.reverse, self.time)
        return any(said) or self.gap_time is not None or self.gap_distance is not None

    def over(self, other: "Corrections") -> "Corrections":
        """Return these, and the others where these say nothing."""
        own = {
            one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) not in ("", None, {})
        }
        return replace(other, **own)


def _check_system(crs: str) -> None:
    try:
        parse(crs)
    except DataError as error:
        near = unknown("", crs, get_args(Crs)) if ":" not in crs else ""
        hint = "; did you mean" in str(near)
        guess = str(near).partition("; ")[2].partition("?")[0] + "? " if hint else ""
        raise DataError(
            f"crs = {crs!r} is not allowed: {guess}use one of {', '.join(get_args(Crs))}, or a system ({error})"
        ) from None


def sidecar(path: Path) -> Path:
    """Return where a file's corrections lie: ``trips.parquet`` has ``trips.parquet.toml``."""
    return path.with_name(f"{path.name}.toml")


def read_sidecar(path: Path) -> Corrections:
    """Read the corrections beside a file.

    Parameters
    ----------
    path : Path
        The data file, or folder.

    Returns
    -------
    Corrections
        Empty where there are none.

    Raises
    ------
    DataError
        If the file is not TOML, or holds an unknown key or a value that is not allowed.
    """
    file = sidecar(path)
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Corrections()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{str(file)!r} cannot be read as TOML: {error}.") from error
    try:
        return _corrections(found)
    except DataError as error:
        raise DataError(f"{str(file)!r}: {error}") from error


def _corrections(found: dict[str, object]) -> Corrections:
    _check_keys(found, (one.name for one in fields(Corrections)))
    columns = found.pop("fields", {})
    if not isinstance(columns, dict) or not all(isinstance(one, dict) for one in columns.values()):
        raise DataError("fields: write a table for each column, as in [fields.fare].")
    return Corrections(
        name=_text(found, "name"),
        title=_text(found, "title"),
        description=_text(found, "description"),
        source=_text(found, "source"),
        licence=_text(found, "licence"),
        x=_text(found, "x"),
        y=_text(found, "y"),
        crs=_text(found, "crs"),
        kind=_text(found, "kind"),
        track=_text(found, "track"),
        scales=_text(found, "scales"),
        reverse=_text(found, "reverse"),
        time=_text(found, "time"),
        gap_time=_amount(found, "gap_time"),
        gap_distance=_amount(found, "gap_distance"),
        fields={name: _field(name, said) for name, said in columns.items()},
    )


def _field(column: str, found: dict[str, object]) -> FieldCorrection:
    _check_keys(found, (one.name for one in fields(FieldCorrection)))
    said = FieldCorrection(
        label=_text(found, "label"),
        unit=_text(found, "unit"),
        kind=_text(found, "kind"),
        categories=_texts(found, "categories"),
        labels=_texts(found, "labels"),
        colors=_texts(found, "colors"),
    )
    if said.kind and said.kind not in _FIELD_KINDS:
        raise DataError(f"fields.{column}.kind = {said.kind!r} is not allowed: use one of {', '.join(_FIELD_KINDS)}.")
    for key, values in (("labels", said.labels), ("colors", said.colors)):
        if values and len(values) != len(said.categories):
            raise DataError(f"fields.{column}.{key} holds {len(values)} values for {len(said.categories)} categories.")
    for color in said.colors:
        if not re.fullmatch(r"#[0-9a-f]{6}", color):
            raise DataError(f"fields.{column}.colors: {color!r} is not a colour such as '#ff8800'.")
    return said


def _check_keys(found: Mapping[str, object], known: Iterable[str]) -> None:
    names = list(known)
    for key in found:
        if key not in names:
            raise DataError(str(unknown("key", key, names)))


def _text(found: Mapping[str, object], key: str) -> str:
    value = found.get(key, "")
    if not isinstance(value, str):
        raise DataError(f"{key} = {value!r} is not text: write it between quotes.")
    return value


def _amount(found: Mapping[str, object], key: str) -> float | None:
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise DataError(f"{key} = {value!r} is not allowed: use a number from 0, which splits no track.")
    return float(value)


def _texts(found: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = found.get(key, [])
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise DataError(f"{key} = {values!r} is not a list of texts.")
    return tuple(values)
