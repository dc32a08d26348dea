"""Tiles: every value comes back, damage is one error, and a view is composed of exactly its tiles."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import igzip

from app.pipeline.errors import CodecError
from app.pipeline.tiles import (
    EMPTY_BYTES,
    HEADER,
    TILE_CODEC,
    compose,
    is_empty,
    rectangles,
    tiles_of_view,
)
from app.pipeline.types import TileAddress
from app.pipeline.world import APRON, TILE, PixelRect, tile_rect

SIDE = TILE + 2 * APRON
few = settings(deadline=None, max_examples=25)


def tile(seed, top, planes=0):
    """Return random counts, most of them 0, the greatest as asked."""
    rng = np.random.default_rng(seed)
    shape = (planes, SIDE, SIDE) if planes else (SIDE, SIDE)
    values = rng.integers(0, top + 1, shape, np.uint64).astype(np.uint32) * (rng.random(shape) < 0.1)
    values[..., 7, 9] = top
    return values.astype(np.uint32)


def header(data):
    return HEADER.unpack_from(igzip.decompress(data))


@few
@given(st.integers(0, 99), st.sampled_from([1, 255, 256, 65_535, 65_536, 2**32 - 1]), st.sampled_from([0, 1, 3]))
def test_counts_come_back_in_the_least_room(seed, top, planes):
    values = tile(seed, top, planes)
    data = TILE_CODEC.encode(values)
    found = TILE_CODEC.decode(data)
    assert found.dtype == np.uint32
    assert np.array_equal(found, values)
    assert found.shape == values.shape
    magic, code, apron, size, count, *_ = header(data)
    width = 1 if top < 2**8 else 2 if top < 2**16 else 4
    assert (magic, code, apron, size, count) == (b"SBT1", {1: 1, 2: 2, 4: 3}[width], 5, 512, max(planes, 1))
    assert len(igzip.decompress(data)) == 16 + values.size * width
    assert not is_empty(data)


numbers = st.lists(st.floats(width=32, allow_nan=False) | st.just(float("nan")), min_size=1, max_size=30)


@few
@given(numbers)
def test_floats_of_single_precision_come_back(given_numbers):
    values = np.full((SIDE, SIDE), np.nan)
    values.ravel()[: len(given_numbers)] = given_numbers
    found = TILE_CODEC.decode(TILE_CODEC.encode(values))
    assert found.dtype == np.float64
    assert np.array_equal(found, values, equal_nan=True)


@few
@given(st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=30))
def test_whole_sums_come_back_exactly_however_large(sums):
    values = np.full((SIDE, SIDE), np.nan)
    values.ravel()[: len(sums)] = sums
    data = TILE_CODEC.encode(values)
    assert np.array_equal(TILE_CODEC.decode(data), values, equal_nan=True)
    assert header(data)[1] == (4 if np.array_equal(values.astype("f4"), values, equal_nan=True) else 5)


def test_other_floats_keep_seven_digits():
    values = np.random.default_rng(1).normal(size=(SIDE, SIDE)) * 1e6
    values[3, 4], values[5, 6] = np.nan, np.inf
    found = TILE_CODEC.decode(TILE_CODEC.encode(values))
    assert np.array_equal(found, values.astype(np.float32).astype(np.float64), equal_nan=True)


@few
@given(st.integers(0, 99), st.sampled_from([0.001, 0.2, 0.96, 0.98, 1.0]), st.sampled_from([0, 3]), st.booleans())
def test_only_cells_that_hold_a_float_are_written_where_that_is_less(seed, share, planes, whole):
    rng = np.random.default_rng(seed)
    shape = (planes, SIDE, SIDE) if planes else (SIDE, SIDE)
    values = np.where(rng.random(shape) < share, rng.integers(0, 99, shape) + (0.0 if whole else 0.125), np.nan)
    values[..., 0, 0], values[..., -1, -1] = 7, np.nan if share < 1 else 7
    data = TILE_CODEC.encode(values)
    assert np.array_equal(TILE_CODEC.decode(data), values, equal_nan=True)
    filled = int(np.isfinite(values).sum())
    bitmap = -(-values.size // 64) * 8
    assert header(data)[-1] == (filled if share < 0.97 else 0)
    assert len(igzip.decompress(data)) == 16 + min(bitmap + filled * 4, values.size * 4)


def same(one, other):
    """Return whether arrays are equal in values, type and layout."""
    return (one.dtype, one.shape, one.strides) == (other.dtype, other.shape, other.strides) and np.array_equal(
        one, other, equal_nan=one.dtype.kind == "f"
    )


@few
@given(
    st.integers(0, 99),
    st.sampled_from([1.0, 1e-3, 1e6, 1e300]),
    st.sampled_from([0.0, 1e12]),
    st.sampled_from([None, np.inf, -np.inf]),
    st.booleans(),
)
def test_a_settled_tile_is_as_decoded(seed, scale, offset, odd, whole):
    values = np.random.default_rng(seed).normal(size=(SIDE, SIDE)) * scale + offset
    values = np.rint(values) if whole else values
    values[:9], values[9, 9] = np.nan, values[9, 9] if odd is None else odd
    for layout in (values, np.asfortranarray(values), np.stack([values, values])):
        settled = TILE_CODEC.settle(layout)
        assert same(settled, TILE_CODEC.decode(TILE_CODEC.encode(layout)))
        assert same(settled, TILE_CODEC.settle(settled))
        assert TILE_CODEC.encode(settled) == TILE_CODEC.encode(layout)


def test_settled_and_decoded_tiles_are_read_only():
    for values in (tile(1, 300), tile(1, 9, 3), np.zeros((SIDE, SIDE), np.uint32), np.full((SIDE, SIDE), np.nan)):
        for found in (TILE_CODEC.settle(values), TILE_CODEC.decode(TILE_CODEC.encode(values))):
            assert same(found, TILE_CODEC.settle(values))
            with pytest.raises(ValueError, match="read-only"):
                found[..., 0, 0] = 1


def test_infinities_alone_come_back():
    values = np.full((SIDE, SIDE), np.nan)
    values[0, :2] = np.inf, -np.inf
    assert np.array_equal(TILE_CODEC.decode(TILE_CODEC.encode(values)), values, equal_nan=True)


@pytest.mark.parametrize(
    "some",
    [[0.1, 1e40], [-1e40, 0.1], [1e-46, 3e-46, 0.0], [1.6e12 + 0.1, 1.6e12 + 1.3, np.inf], [1.6e12 + 0.1, -np.inf]],
    ids=["too large", "too low", "too small", "times and infinity", "a time and less than all"],
)
def test_what_float32_cannot_hold_comes_back_whole(some):
    values = np.full((SIDE, SIDE), np.nan)
    values[0, : len(some)] = some
    assert np.array_equal(TILE_CODEC.decode(TILE_CODEC.encode(values)), values, equal_nan=True)


def test_means_of_large_numbers_close_together_stay_apart():
    hour = 1_000_000_000_000.0 + np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * 13.3  # milliseconds of one hour
    found = TILE_CODEC.decode(TILE_CODEC.encode(hour))
    assert np.abs(found - hour).max() <= 1e-5 * (hour.max() - hour.min())


@pytest.mark.parametrize("shape", [(SIDE, SIDE), (1, SIDE, SIDE), (7, SIDE, SIDE)])
@pytest.mark.parametrize("value", [np.uint32(0), np.float64(np.nan)])
def test_an_empty_tile_is_its_header(shape, value):
    values = np.full(shape, value)
    data = TILE_CODEC.encode(values)
    assert len(igzip.decompress(data)) == HEADER.size == 16
    assert is_empty(data)
    assert len(data) < EMPTY_BYTES
    found = TILE_CODEC.decode(data)
    assert (found.dtype, found.shape) == (values.dtype, shape)
    assert np.array_equal(found, values, equal_nan=True)


def test_the_fullest_monotony_is_not_taken_for_empty():
    assert not is_empty(TILE_CODEC.encode(np.ones((SIDE, SIDE), np.uint32)))
    assert not is_empty(TILE_CODEC.encode(np.zeros((SIDE, SIDE))))


def test_equal_tiles_have_equal_bytes():
    assert TILE_CODEC.encode(tile(1, 9)) == TILE_CODEC.encode(np.asfortranarray(tile(1, 9)))


@pytest.mark.parametrize(
    "value", [np.zeros((SIDE, SIDE), np.int32), np.zeros((512, 512), np.uint32), np.zeros((SIDE, SIDE), bool)]
)
def test_what_is_no_tile_is_refused(value):
    for way in (TILE_CODEC.encode, TILE_CODEC.settle):
        with pytest.raises(CodecError, match="is no tile"):
            way(value)


WHOLE = TILE_CODEC.encode(tile(1, 300))


@settings(deadline=None, max_examples=150)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_flipped_bit_is_one_error_or_no_harm(at, flip):
    data = bytearray(WHOLE)
    data[at] ^= flip
    try:
        found = TILE_CODEC.decode(bytes(data))
    except CodecError:
        return
    # Some bits of gzip mean nothing, or choose between equal repetitions.
    assert np.array_equal(found, tile(1, 300))


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 30, 1000, len(WHOLE) - 9, len(WHOLE) - 1])
def test_a_cut_tile_is_an_error(cut):
    with pytest.raises(CodecError, match="stored bytes are not a"):
        TILE_CODEC.decode(WHOLE[:cut])


@pytest.mark.parametrize(
    "change", [{0: b"SBT0"}, {4: b"\x06"}, {4: b"\x03"}, {5: b"\x04"}, {6: b"\x00\x01"}, {8: b"\x02\x00"}]
)
def test_a_header_that_does_not_fit_is_an_error(change):
    body = bytearray(igzip.decompress(WHOLE))
    for at, data in change.items():
        body[at : at + len(data)] = data
    with pytest.raises(CodecError, match=r"not a (whole )?tile"):
        TILE_CODEC.decode(igzip.compress(bytes(body)))
    with pytest.raises(CodecError, match="not a tile"):
        TILE_CODEC.decode(igzip.compress(struct.pack("<4s", b"SBT1")))


@pytest.mark.parametrize("change", [{12: b"\x02"}, {12: b"\x00"}, {16: b"\x05"}, {16: b"\x00"}, {4: b"\x05"}])
def test_bits_that_are_not_as_many_as_the_values_are_an_error(change):
    values = np.full((SIDE, SIDE), np.nan)
    values[0, 0] = 0.5
    body = bytearray(igzip.decompress(TILE_CODEC.encode(values)))
    for at, data in change.items():
        body[at : at + len(data)] = data
    with pytest.raises(CodecError, match="not a whole tile"):
        TILE_CODEC.decode(igzip.compress(bytes(body)))


addresses = st.sets(st.builds(TileAddress, st.just(5), st.integers(0, 9), st.integers(0, 9)))


@given(addresses, st.integers(1, 30))
def test_rectangles_partition_their_tiles(tiles, most):
    found = rectangles(tiles, most)
    covered = [one for rect in found for one in rect.tiles()]
    assert len(covered) == len(set(covered))
    assert set(covered) == tiles
    assert all((rect.x1 - rect.x0) * (rect.y1 - rect.y0) <= most for rect in found)
    assert all(rect.x0 < rect.x1 and rect.y0 < rect.y1 for rect in found)


@given(st.integers(1, 8), st.integers(1, 8))
def test_a_whole_view_is_one_rectangle(width, height):
    tiles = [TileAddress(5, x, y) for x in range(3, 3 + width) for y in range(2, 2 + height)]
    assert rectangles(tiles, 64) == [(5, 3, 3 + width, 2, 2 + height)]


def test_zooms_are_kept_apart():
    assert len(rectangles([TileAddress(2, 1, 1), TileAddress(3, 1, 1), TileAddress(3, 2, 1)], 64)) == 2


@settings(deadline=None, max_examples=30)
@given(st.integers(-700, 2200), st.integers(1, 1200), st.integers(-700, 2200), st.integers(1, 900))
def test_a_view_is_composed_of_its_tiles(x0, width, y0, height):
    view = [2, x0, x0 + width, y0, y0 + height]
    parts = tiles_of_view(view)
    side = np.arange(-APRON, 4 * TILE + APRON)
    world = (side[:, None] * 10_000 + side[None, :] + 60_000).astype(np.uint32)
    world[:APRON] = world[-APRON:] = 0
    world[:, :APRON] = world[:, -APRON:] = 0
    values = []
    for part in parts:
        rect = tile_rect(TileAddress(*part))
        values.append(world[rect.y0 + APRON : rect.y1 + APRON, rect.x0 + APRON : rect.x1 + APRON])
    found = compose(parts, values, view)
    assert found.shape == (height + 2 * APRON, width + 2 * APRON)
    ys, xs = np.arange(y0 - APRON, y0 + height + APRON), np.arange(x0 - APRON, x0 + width + APRON)
    inside = ((ys >= 0) & (ys < 2048))[:, None] & ((xs >= 0) & (xs < 2048))[None, :]
    expected = np.where(inside, ys[:, None] * 10_000 + xs[None, :] + 60_000, 0)
    shows_world = bool(parts)
    assert np.array_equal(found, expected if shows_world else np.zeros_like(expected))


def test_a_view_beside_the_world_has_no_tiles():
    view = [2, 5000, 5100, 0, 50]
    assert tiles_of_view(view) == []
    assert not compose([], [], view).any()
    assert PixelRect(*view).tiles().x1 == PixelRect(*view).tiles().x0


def test_floats_and_planes_are_composed_too():
    view = [1, 500, 530, 500, 530]
    parts = tiles_of_view(view)
    assert parts == [[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]]
    values = [np.full((2, SIDE, SIDE), float(at)) for at in range(4)]
    found = compose(parts, values, view)
    assert found.shape == (2, 40, 40)
    assert np.unique(found).tolist() == [0, 1, 2, 3]
    lone = compose(parts[:1], values[:1], view)
    assert np.isnan(lone[:, 22 + APRON :, 22 + APRON :]).all()
