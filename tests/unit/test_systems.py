"""Coordinate systems: what is known, what is refused, and where published points land."""

import numpy as np
import pytest
from pyproj import CRS

from app.pipeline.errors import DataError
from app.pipeline.systems import parse

METRE = 1e-5
"""About a metre in degrees; what a system calls its origin lies up to 70 m off on another datum."""


@pytest.mark.parametrize(
    ("system", "x", "y", "longitude", "latitude"),
    [
        # The origins and examples that the national surveys publish.
        ("EPSG:2056", 2_600_000, 1_200_000, 7.438632495, 46.951082877),  # the old observatory of Bern
        ("EPSG:21781", 600_000, 200_000, 7.438632495, 46.951082877),
        ("EPSG:27700", 530_034, 180_381, -0.1275, 51.5072),  # Charing Cross
        ("EPSG:28992", 155_000, 463_000, 5.387203, 52.155172),  # Amersfoort
        ("EPSG:2193", 1_600_000, 10_000_000, 173.0, 0.0),  # northing comes first in the registry, not here
        ("EPSG:32632", 500_000, 0, 9.0, 0.0),
        ("EPSG:2154", 700_000, 6_600_000, 3.0, 46.5),
        ("EPSG:2263", 984_250, 0, -74.0, 40 + 1 / 6),  # US survey feet
        ("EPSG:3857", 20_037_508.342789244, 0, 180.0, 0.0),
        ("EPSG:4807", 0, 50, 2.33655, 45.0),  # grads from Paris
        ("+proj=utm +zone=33 +datum=WGS84", 500_000, 0, 15.0, 0.0),
    ],
)
def test_published_points_land_where_they_are(
    system: str, x: float, y: float, longitude: float, latitude: float
) -> None:
    found = parse(system).to_degrees([x], [y])
    assert abs(abs(found[0][0]) - abs(longitude)) < 80 * METRE
    assert abs(found[1][0] - latitude) < 80 * METRE


def test_a_round_trip_through_every_way_of_writing_it_is_the_same_system() -> None:
    system = CRS.from_epsg(25832)
    ways = ["EPSG:25832", "25832", system.to_wkt(), system.to_wkt("WKT1_GDAL"), system.to_json(), system.to_json_dict()]
    assert {parse(way).code for way in ways} == {"EPSG:25832"}
    assert {parse(parse(way).definition).unit for way in ways} == {"m"}
    assert {parse(way).to_degrees(500_000, 5_000_000)[0].item() for way in ways} == {9.0}


@pytest.mark.parametrize("way", ["EPSG:4326", "4326", "OGC:CRS84", "EPSG:4979", "EPSG:9518", "WGS 84"])
def test_degrees_of_the_map_are_left_as_they_are(way: str) -> None:
    system = parse(way)
    assert (system.is_geographic, system.unit, system.is_mercator) == (True, "°", False)
    x, y = system.to_degrees([200.0, 9.5, np.nan, 1.0], [50.0, -91.0, 1.0, np.inf])
    np.testing.assert_array_equal(x, [200.0, 9.5, np.nan, np.nan])
    np.testing.assert_array_equal(y, [50.0, -91.0, np.nan, np.nan])


def test_degrees_on_another_datum_are_shifted() -> None:
    system = parse("EPSG:4267")
    assert not system.is_geographic
    x, y = system.to_degrees([-100.0], [40.0])
    assert 10 * METRE < abs(x[0] + 100) < 200 * METRE
    assert abs(y[0] - 40) < 200 * METRE


@pytest.mark.parametrize("way", ["EPSG:3857", "ESRI:102100"])
def test_the_metres_of_the_map_are_known(way: str) -> None:
    assert parse(way).is_mercator
    assert not parse("EPSG:3395").is_mercator


def test_heights_of_a_compound_system_do_not_matter() -> None:
    assert parse("EPSG:7415").code == "EPSG:28992"


@pytest.mark.parametrize("system", ["EPSG:2056", "EPSG:27700", "EPSG:3857", "EPSG:32632", "+proj=merc"])
def test_absurd_coordinates_are_no_place(system: str) -> None:
    given = np.array([1e9, -1e12, np.inf, np.nan, 5.0]), np.array([1e9, 3.0, 1.0, 1.0, np.nan])
    before = [one.copy() for one in given]
    x, y = parse(system).to_degrees(*given)
    assert np.isnan(x).all()
    assert np.isnan(y).all()
    np.testing.assert_array_equal(given, before)


def test_a_point_beyond_its_systems_area_is_still_a_place() -> None:
    x, y = parse("EPSG:32632").to_degrees([1_500_000.0], [5_000_000.0])
    assert 20 < x[0] < 25
    assert 44 < y[0] < 46


@pytest.mark.parametrize("text", ["EPSG:999999", "nonsense", "", "{", '{"type": 1}', "GEOGCS[", "0", "x" * 500])
def test_what_is_not_known_is_refused_with_what_to_give(text: str) -> None:
    with pytest.raises(DataError, match=r"no coordinate system is known by .*: give an EPSG code such as 'EPSG:2056'"):
        parse(text)


@pytest.mark.parametrize("text", ["EPSG:5703", "EPSG:4978"])
def test_heights_and_space_are_no_places_on_the_map(text: str) -> None:
    with pytest.raises(DataError, match="another kind than places on the map"):
        parse(text)


def test_no_way_leads_from_mars() -> None:
    with pytest.raises(DataError, match="no way leads from 'Mars"):
        parse("IAU_2015:49900").to_degrees([1.0], [2.0])
