"""The planner: which of a view's tiles come from the pyramid, and by how many calls the others are made.

It decides by the rows that a tile touches. Tiles of many rows are cut from the pyramid; the others are joined to few
rectangles, for a call has a cost of its own, but to none of so many rows that it could not be stopped soon.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.canvas import aggregate_rect, aggregate_states
from app.pipeline.points import Points
from app.pipeline.pyramid import finalised, group_of
from app.pipeline.remarks import remark
from app.pipeline.stopping import checkpoint
from app.pipeline.tiles import rectangles
from app.pipeline.types import TileAddress, TileRect
from app.pipeline.world import APRON, TILE, PixelRect, quanta

Array: TypeAlias = npt.NDArray[Any]

MOST_CELLS = 64_000_000
"""Cells of all planes that one call may fill: bounds its memory to about 256 MB."""
MOST_ROWS = 3_000_000
"""Rows that one call reads where tiles can be told apart: some ten milliseconds."""


def aggregate(points: Points, tiles: Sequence[TileAddress], aggregate: str, field: str) -> list[Array]:
    """Aggregate tiles with their aprons, each the cheapest way.

    Parameters
    ----------
    points : Points
    tiles : sequence of TileAddress
    aggregate, field : str

    Returns
    -------
    list of ndarray, shape (522, 522), or (categories, 522, 522)
    """
    found: dict[TileAddress, Array] = {}
    shape = points.shape(aggregate, field)
    dense = [one for one in tiles if one in shape.dense]
    if dense:
        remark("pyramid", len(dense))
        found = {one: finalised(points.states(one, aggregate, field), aggregate) for one in dense}
    planes = max(points.rows_of(aggregate, field).categories, 1)
    most = max(MOST_CELLS // (TILE * TILE * planes), 1)
    for rect in rectangles([one for one in tiles if one not in found], most):
        for part in _parted(points, rect):
            checkpoint()
            found.update(_drawn(points, part, aggregate, field))
    return [_timed(points, np.ascontiguousarray(found[one]), aggregate, field) for one in tiles]


def _timed(points: Points, values: Array, aggregate: str, field: str) -> Array:
    """Return times as whole milliseconds: a tile keeps all digits of whole numbers, and few others of so many."""
    if aggregate in ("mean", "min", "max") and points.plot.find_field(field).kind == "time":
        return np.asarray(np.rint(values))
    return values


def aggregate_pixel(points: Points, pixel: PixelRect, aggregate: str, field: str) -> Array:
    """Aggregate one pixel as its tile does, to the last digit, and from its rows alone where that is the same.

    Parameters
    ----------
    points : Points
    pixel : PixelRect
        One column and one row, within the world.
    aggregate, field : str

    Returns
    -------
    ndarray, shape (), or (categories,)
    """
    tile = TileAddress(pixel.z, pixel.x0 // TILE, pixel.y0 // TILE)
    if tile in points.shape(aggregate, field).dense:
        row, column = pixel.y0 % TILE + APRON, pixel.x0 % TILE + APRON
        whole = points.states(tile, aggregate, field)
        found = finalised(
            {name: one[..., row : row + 1, column : column + 1] for name, one in whole.items()}, aggregate
        )
    else:
        rows = points.rows_in(aggregate, field, quanta(pixel))
        if rows.kind == "lines":
            found = aggregate_rect(rows, pixel, aggregate)
        else:
            found = finalised(aggregate_states(rows, pixel, group_of(aggregate)), aggregate)
    return _timed(points, found[..., 0, 0], aggregate, field)


def _pixels(rect: TileRect) -> PixelRect:
    """Return the pixels of some tiles and their aprons."""
    left, right, top, bottom = (edge * TILE for edge in rect[1:])
    return PixelRect(rect.z, left - APRON, right + APRON, top - APRON, bottom + APRON)


def _parted(points: Points, rect: TileRect) -> Iterator[TileRect]:
    """Halve a rectangle of tiles until each part touches few enough rows, or is one tile."""
    width, height = rect.x1 - rect.x0, rect.y1 - rect.y0
    if width * height == 1 or points.at.touched(quanta(_pixels(rect))) <= MOST_ROWS:
        yield rect
    elif width >= height:
        middle = rect.x0 + width // 2
        yield from _parted(points, rect._replace(x1=middle))
        yield from _parted(points, rect._replace(x0=middle))
    else:
        middle = rect.y0 + height // 2
        yield from _parted(points, rect._replace(y1=middle))
        yield from _parted(points, rect._replace(y0=middle))


def _drawn(points: Points, rect: TileRect, aggregate: str, field: str) -> dict[TileAddress, Array]:
    """Aggregate a rectangle of tiles together, and cut it."""
    pixels = _pixels(rect)
    rows = points.rows_in(aggregate, field, quanta(pixels))
    remark("calls")
    remark("rows", len(rows.x))
    if rows.kind == "lines":
        whole = aggregate_rect(rows, pixels, aggregate)
        return {tile: _cut(whole, rect, tile) for tile in rect.tiles()}
    states = aggregate_states(rows, pixels, group_of(aggregate))
    return {
        tile: finalised({name: _cut(one, rect, tile) for name, one in states.items()}, aggregate)
        for tile in rect.tiles()
    }


def _cut(whole: Array, rect: TileRect, tile: TileAddress) -> Array:
    """Return the cells of a tile and its apron of those of a rectangle of tiles and theirs."""
    top, left = (tile.y - rect.y0) * TILE, (tile.x - rect.x0) * TILE
    return whole[..., top : top + TILE + 2 * APRON, left : left + TILE + 2 * APRON]
