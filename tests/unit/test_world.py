"""The plane: exact edges, tiles that partition it, and views that snap to themselves."""

from math import floor, log10
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.pipeline.errors import ParameterError
from app.pipeline.types import Axis, Bounds, Plot, TileAddress, TileRect
from app.pipeline.world import (
    APRON,
    MAX_LATITUDE,
    MAX_Z,
    QUANTA,
    TILE,
    WEB_MERCATOR,
    PixelRect,
    R,
    World,
    degrees,
    in_world,
    mercator,
    mercator_bounds,
    padded,
    pixel_quanta,
    plane_world,
    tile_rect,
)

zooms = st.integers(0, MAX_Z)
quanta = st.integers(0, QUANTA - 1)
finite = st.floats(-1e12, 1e12)


def plot(**kwargs):
    return Plot("p", Path("p.parquet"), Axis("x", reverse=kwargs.pop("rx", False)),
                Axis("y", reverse=kwargs.pop("ry", False)), **kwargs)  # fmt: skip


@st.composite
def extents(draw):
    x0, x1, y0, y1 = (draw(finite) for _ in range(4))
    return Bounds(min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1))


@given(zooms, quanta, quanta)
def test_each_point_lies_in_exactly_one_tile(z, u, v):
    side = pixel_quanta(z) * TILE
    x, y = u // side, v // side
    assert in_world(TileAddress(z, x, y))
    for address in (TileAddress(z, x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
        rect, size = tile_rect(address, apron=0), pixel_quanta(z)
        inside = rect.x0 * size <= u < rect.x1 * size and rect.y0 * size <= v < rect.y1 * size
        assert inside == (address == (z, x, y))


def test_zooms_halve_pixels_exactly():
    assert [pixel_quanta(z) for z in (0, 1, MAX_Z)] == [2**23, 2**22, 2]
    assert all(pixel_quanta(z) * TILE * 2**z == QUANTA for z in range(MAX_Z + 1))


@pytest.mark.parametrize(
    ("address", "inside"),
    [((0, 0, 0), True), ((0, 1, 0), False), ((0, 0, -1), False), ((-1, 0, 0), False), ((22, 2**22 - 1, 0), True),
     ((22, 0, 2**22), False), ((23, 0, 0), False)],
)  # fmt: skip
def test_the_world_ends(address, inside):
    assert in_world(TileAddress(*address)) == inside


def test_an_apron_surrounds_a_tile():
    assert tile_rect(TileAddress(3, 1, 2)) == (3, 512 - APRON, 1024 + APRON, 1024 - APRON, 1536 + APRON)
    assert tile_rect(TileAddress(3, 1, 2)).shape == (522, 522)


@given(zooms, st.integers(-3000, 9000), st.integers(1, 3000), st.integers(-3000, 9000), st.integers(1, 3000))
def test_a_views_tiles_are_those_that_it_touches(z, x0, width, y0, height):
    rect = PixelRect(z, x0, x0 + width, y0, y0 + height)
    tiles = rect.tiles()
    assert all(in_world(one) for one in tiles.tiles())
    for x in range(-6, 25):
        for y in (tiles.y0, tiles.y1 - 1, tiles.y1):
            shown = tile_rect(TileAddress(z, x, y), apron=0)
            touches = shown.x0 < rect.x1 and rect.x0 < shown.x1 and shown.y0 < rect.y1 and rect.y0 < shown.y1
            inside = tiles.x0 <= x < tiles.x1 and tiles.y0 <= y < tiles.y1
            assert inside == (touches and in_world(TileAddress(z, x, y)))


def test_tiles_come_row_by_row():
    assert list(TileRect(2, 0, 2, 1, 3).tiles()) == [(2, 0, 1), (2, 1, 1), (2, 0, 2), (2, 1, 2)]


@given(st.floats(-180, 180), st.floats(-MAX_LATITUDE, MAX_LATITUDE))
def test_mercator_goes_there_and_back(longitude, latitude):
    x, y = (float(one) for one in mercator(np.float64(longitude), np.float64(latitude)))
    assert abs(x) <= R * (1 + 1e-12)
    assert abs(y) <= R * (1 + 1e-9)
    assert degrees(x, y) == pytest.approx((longitude, latitude), abs=1e-9)


def test_mercator_has_its_known_values():
    x, y = mercator(np.array([0.0, 180.0, -180.0, 0.0]), np.array([0.0, MAX_LATITUDE, -MAX_LATITUDE, 90.0]))
    assert x[:3] == pytest.approx([0, R, -R])
    assert y[:3] == pytest.approx([0, R, -R])
    assert y[3] > R * 5


def test_views_beyond_the_map_are_cut():
    assert mercator_bounds(Bounds(-180, 180, -90, 90)) == pytest.approx((-R, R, -R, R))


@given(quanta, quanta, st.booleans(), st.booleans())
def test_quanta_hold_their_own_corner(u, v, rx, ry):
    plane = World(0.0, 0.0, -0.5 if rx else 0.5, 0.25 if ry else -0.25)
    x, y = u * plane.dx, v * plane.dy
    assert plane.quantise(np.array([x]), np.array([y])) == (u, v)
    assert plane.quantise(np.array([x + plane.dx / 2]), np.array([y + plane.dy / 2])) == (u, v)


@given(extents(), st.floats(0.2, 5), st.booleans(), st.booleans(), st.none() | extents())
def test_a_plane_holds_its_data_and_its_view(extent, aspect, rx, ry, view):
    if view is not None:
        assume(view.x1 - view.x0 > 1e-6 * (extent.x1 - extent.x0 + abs(view.x0) + 1e-6))
        assume(view.y1 - view.y0 > 1e-6 * (extent.y1 - extent.y0 + abs(view.y0) + 1e-6))
    plane = plane_world(plot(aspect=aspect, view=view, rx=rx, ry=ry), extent)
    assert (plane.dx < 0, plane.dy > 0) == (rx, ry)
    corners = [extent, *([view] if view else [])]
    for one in corners:
        left, right, top, bottom = plane.rectangle(one)
        slack = 4096  # the corners' own rounding, of 2**32
        assert -slack <= left <= right <= QUANTA + slack
        assert -slack <= top <= bottom <= QUANTA + slack


@given(st.floats(0.2, 5))
def test_a_plane_fits_its_view_at_a_power_of_two(aspect):
    view = Bounds(10, 30, -5, 45)
    plane = plane_world(plot(view=view, aspect=aspect), Bounds(0, 100, -40, 90))
    left, right, top, bottom = plane.rectangle(view)
    assert (right - left) / (bottom - top) == pytest.approx(aspect)
    scale = QUANTA / max(right - left, (bottom - top) * aspect)
    assert np.log2(scale) == pytest.approx(round(np.log2(scale)), abs=1e-9)


def test_all_equal_coordinates_have_a_plane():
    plane = plane_world(plot(), Bounds(5, 5, 1e9, 1e9))
    u, v = plane.quantise(np.array([5.0]), np.array([1e9]))
    assert 0 < u < QUANTA
    assert 0 < v < QUANTA


def test_an_empty_view_is_refused():
    with pytest.raises(ParameterError, match=r"the view \(1, 1, 0, 2\) of plot 'p' is empty"):
        plane_world(plot(view=Bounds(1, 1, 0, 2)), Bounds(0, 1, 0, 1))


@given(finite, finite)
def test_padding_makes_room(one, other):
    low, high = min(one, other), max(one, other)
    under, over = padded(low, high)
    assert under < low
    assert high < over


planes = st.sampled_from([WEB_MERCATOR, World(12.5, -3.0, 1e-7, 1e-9), World(1e6, 2e6, -0.3, -1e-4)])
sizes = st.tuples(st.integers(1, 4000), st.integers(1, 4000))


@given(planes, zooms, st.floats(0, 1), st.floats(0, 1), sizes)
def test_a_snapped_view_snaps_to_itself(plane, z, u, v, size):
    width, height = size
    x0 = floor(u * (QUANTA / pixel_quanta(z))) - width // 2
    y0 = floor(v * (QUANTA / pixel_quanta(z))) - height // 2
    rect = PixelRect(z, x0, x0 + width, y0, y0 + height)
    shown = plane.bounds(rect)
    assert plane.snap(shown, width, height) == rect
    assert plane.bounds(plane.snap(shown, width, height)) == shown


@given(planes, zooms, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_snapped_view_with_fewer_digits_snaps_to_itself(plane, z, u, v):
    width, height = 1000, 600
    x0, y0 = (floor(one * QUANTA / pixel_quanta(z)) - 400 for one in (u, v))
    rect = PixelRect(z, x0, x0 + width, y0, y0 + height)
    shown = plane.bounds(rect)
    # An address is written with as many digits as tell a hundredth of a pixel.
    digits = [1 - floor(log10(span / 1000 / 10)) for span in (shown.x1 - shown.x0, shown.y1 - shown.y0)]
    x, y = digits
    fewer = Bounds(round(shown.x0, x), round(shown.x1, x), round(shown.y0, y), round(shown.y1, y))
    assert plane.snap(fewer, width, height) == rect


@given(planes, st.floats(0, 1), st.floats(0, 1), st.floats(1e-9, 2), st.floats(1e-9, 2), sizes)
def test_a_snapped_view_shows_what_was_asked_for(plane, u, v, width, height, size):
    left, top = u * QUANTA, v * QUANTA
    asked = [plane.x0 + left * plane.dx, plane.x0 + (left + width * QUANTA) * plane.dx]
    asked_y = [plane.y0 + top * plane.dy, plane.y0 + (top + height * QUANTA) * plane.dy]
    bounds = Bounds(min(asked), max(asked), min(asked_y), max(asked_y))
    rect = plane.snap(bounds, *size)
    assert rect.shape == (size[1], size[0])
    left, right, top, bottom = plane.rectangle(bounds)
    px = pixel_quanta(rect.z)
    centre = ((rect.x0 + rect.x1) / 2 * px, (rect.y0 + rect.y1) / 2 * px)
    assert centre == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=px)
    if rect.z > 0:
        assert right - left <= size[0] * px * 1.001
        assert bottom - top <= size[1] * px * 1.001
    if 0 < rect.z < MAX_Z:
        assert right - left > size[0] * px / 2.002 or bottom - top > size[1] * px / 2.002
