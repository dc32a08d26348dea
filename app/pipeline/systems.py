"""Coordinate systems by their code, WKT or PROJJSON, and their coordinates as longitude and latitude.

This module owns what a system is called and how batches of its coordinates reach the map. It refuses to guess: which
system a file is in is said by the file, or by its owner.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError

from app.pipeline.errors import DataError

DEGREES: Final = "OGC:CRS84"
"""Longitude and latitude on WGS 84, in this order: what the map is drawn from, and what GeoParquet means by default."""
_Floats: TypeAlias = NDArray[np.float64]
_MERCATOR: Final = 3857
_NOWHERE: Final = (np.inf, np.inf, -np.inf, -np.inf)
_REMEDY: Final = "give an EPSG code such as 'EPSG:2056', or WKT"
_UNITS: Final = {"metre": "m", "meter": "m", "degree": "°", "foot": "ft", "US survey foot": "ft", "kilometre": "km"}


@dataclass(frozen=True, slots=True)
class System:
    """A coordinate system of the earth's surface.

    Parameters
    ----------
    name : str
        As its registry calls it, such as ``CH1903+ / LV95``.
    code : str
        Its authority and code, such as ``EPSG:2056``; empty where it has none.
    unit : str
        Of its coordinates: ``m``, ``ft``, ``°``, or the unit's full name.
    is_geographic : bool
        True where coordinates are longitude and latitude on WGS 84 already, so that nothing is to be projected. Degrees
        on another datum, such as NAD27, are not: they lie up to 100 m off.
    is_mercator : bool
        True for the metres of the web's map.
    definition : str
        PROJJSON, which `parse` reads again.
    """

    name: str
    code: str
    unit: str
    is_geographic: bool
    is_mercator: bool
    definition: str

    def to_degrees(self, x: ArrayLike, y: ArrayLike) -> tuple[_Floats, _Floats]:
        """Project coordinates to longitude and latitude on WGS 84.

        Parameters
        ----------
        x, y : array_like, shape (n,)
            To the east and to the north, or longitude and latitude, in the unit of the system: always in this order,
            whatever order the registry gives to the system's axes.

        Returns
        -------
        longitude, latitude : ndarray, shape (n,)
            Degrees; both are NaN where either is missing or the point cannot be projected.

        Raises
        ------
        DataError
            If there is no way from this system to the map.

        Notes
        -----
        Thread-safe. Projections take 0.2 to 0.8 s for a million points. Shifts between datums use the best of the ways
        that need no files beside the library's own: they are right to a few metres. Projections are periodic, so that
        absurd coordinates such as 1e9 would land somewhere: far outside of the system's area a point must come back to
        where it was, or it counts as one that cannot be projected.
        """
        # Copies: what is given stays as it is.
        east, north = np.array(x, np.float64, ndmin=1), np.array(y, np.float64, ndmin=1)
        if not self.is_geographic:
            longitude, latitude = _transformer(self.definition).transform(east, north)
            absurd = _absurd(self.definition, east, north, longitude, latitude)
            longitude[absurd] = np.nan
            east, north = longitude, latitude
        off = ~(np.isfinite(east) & np.isfinite(north))
        east[off] = north[off] = np.nan
        return east, north


def parse(text: str | Mapping[str, object]) -> System:
    """Read what names or describes a coordinate system.

    Parameters
    ----------
    text : str or mapping
        An authority's code (``EPSG:2056``, or ``2056`` alone), a name, WKT of either version, a PROJ string, or
        PROJJSON.

    Returns
    -------
    System

    Raises
    ------
    DataError
        If nothing such is known, or it does not describe places on the earth.

    Examples
    --------
    >>> parse("EPSG:2056").name, parse("EPSG:2056").unit
    ('CH1903+ / LV95', 'm')
    """
    return _parsed(text if isinstance(text, str) else json.dumps(text, sort_keys=True))


def known_system(crs: str) -> str:
    """Return a system by the name that plots know it by, or raise `DataError`.

    Examples
    --------
    >>> known_system("EPSG:4326"), known_system("plane"), known_system("2056")
    ('lonlat', 'plane', 'EPSG:2056')
    """
    if crs in ("lonlat", "mercator", "plane"):
        return crs
    found = parse(crs)
    return "lonlat" if found.is_geographic else "mercator" if found.is_mercator else found.code or crs


@lru_cache(maxsize=64)
def _parsed(text: str) -> System:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    try:
        found = CRS.from_user_input(f"EPSG:{text.strip()}" if text.strip().isdecimal() else text.strip())
        flat = _horizontal(found)
    except CRSError:
        raise DataError(f"no coordinate system is known by {shown!r}: {_REMEDY}.") from None
    if flat is None or len(flat.axis_info) < 2:
        raise DataError(f"{found.name!r} is a system of another kind than places on the map: {_REMEDY}.")
    unit = flat.axis_info[0].unit_name
    return System(
        name=flat.name if flat.name != "unknown" else shown,
        code=":".join(flat.to_authority() or ()),
        unit=_UNITS.get(unit, unit),
        is_geographic=flat.is_geographic and flat.to_2d().equals(CRS(DEGREES), ignore_axis_order=True),
        is_mercator=flat.to_epsg() == _MERCATOR,
        definition=flat.to_json(),
    )


def _horizontal(system: CRS) -> CRS | None:
    """Return the part of a system that lies on the earth's surface; None where it has none."""
    if system.is_geographic or system.is_projected:
        # Of a compound system, whose heights would need a geoid, the map wants the horizontal part alone.
        parts = [part for part in system.sub_crs_list if part.is_geographic or part.is_projected]
        return parts[0] if parts else system
    return None


@lru_cache(maxsize=16)
def _transformer(definition: str) -> Transformer:
    try:
        return Transformer.from_crs(CRS.from_json(definition), DEGREES, always_xy=True)
    except ProjError as error:
        name = json.loads(definition).get("name", "this system")
        raise DataError(f"no way leads from {name!r} to longitude and latitude: {_REMEDY} of another.") from error


def _absurd(definition: str, x: _Floats, y: _Floats, longitude: _Floats, latitude: _Floats) -> NDArray[np.intp]:
    """Return the places of points far outside of a system's area that do not come back to where they were."""
    west, south, east, north = _usual(definition)
    far = np.flatnonzero(~((x >= west) & (x <= east) & (y >= south) & (y <= north)))
    if not len(far):
        return far
    back = _transformer(definition).transform(longitude[far], latitude[far], direction=TransformDirection.INVERSE)
    near = [np.isclose(was[far], now, rtol=1e-6, atol=1.0) for was, now in zip((x, y), back, strict=True)]
    found: NDArray[np.intp] = far[~(near[0] & near[1])]
    return found


@lru_cache(maxsize=16)
def _usual(definition: str) -> tuple[float, float, float, float]:
    """Return a rectangle three times as wide as the area of a system, in its own unit; empty where none is known."""
    area = CRS.from_json(definition).area_of_use
    if area is None or area.west >= area.east:
        return _NOWHERE
    try:
        west, south, east, north = _transformer(definition).transform_bounds(
            area.west, area.south, area.east, area.north, direction=TransformDirection.INVERSE
        )
    except ProjError:
        return _NOWHERE
    wide, high = east - west, north - south
    return (west - wide, south - high, east + wide, north + high) if np.isfinite(wide + high) else _NOWHERE
