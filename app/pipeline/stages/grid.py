"""The grid of a map: aggregate tiles, shared by all views that touch them."""

from collections.abc import Sequence
from typing import Any

import datashader
import numpy as np

from app.pipeline import canvas, tiles, world
from app.pipeline.points import Points
from app.pipeline.stage import Parts, stage
from app.pipeline.tiles import TILE_CODEC, compose, rectangles, tiles_of_view
from app.pipeline.types import TileAddress
from app.pipeline.world import APRON, TILE, PixelRect

# Cells of all planes that one call to Datashader may fill: bounds its memory to about 256 MB.
MOST_CELLS = 64_000_000


@stage(
    "grid",
    parents=("source",),
    params=("aggregate", "field"),
    codec=TILE_CODEC,
    parts=Parts(("view",), tiles_of_view, compose),
    uses=(canvas, tiles, world, datashader.__version__),
)
def grid(points: Points, *, parts: Sequence[Sequence[int]], aggregate: str, field: str) -> list[Any]:
    """Aggregate tiles, by one call to Datashader for each rectangle of them.

    Parameters
    ----------
    points : Points
    parts : sequence of [z, x, y]
    aggregate, field : str

    Returns
    -------
    list of ndarray, shape (522, 522), or (categories, 522, 522)
    """
    rows = points.rows_of(aggregate, field)
    most = max(MOST_CELLS // (TILE * TILE * max(rows.categories, 1)), 1)
    found: dict[TileAddress, Any] = {}
    for rect in rectangles([TileAddress(*part) for part in parts], most):
        pixels = PixelRect(
            rect.z, rect.x0 * TILE - APRON, rect.x1 * TILE + APRON, rect.y0 * TILE - APRON, rect.y1 * TILE + APRON
        )
        whole = canvas.aggregate_rect(rows, pixels, aggregate)
        for tile in rect.tiles():
            top, left = (tile.y - rect.y0) * TILE, (tile.x - rect.x0) * TILE
            found[tile] = whole[..., top : top + TILE + 2 * APRON, left : left + TILE + 2 * APRON]
    return [np.ascontiguousarray(found[TileAddress(*part)]) for part in parts]
