"""The grid of a map: aggregate tiles, shared by all views that touch them."""

from collections.abc import Sequence
from typing import Any

import datashader

from app.pipeline import canvas, planner, pyramid, strokes, tiles, world
from app.pipeline.points import Points
from app.pipeline.stage import Parts, stage
from app.pipeline.tiles import TILE_CODEC, compose, tiles_of_view
from app.pipeline.types import TileAddress


@stage(
    "grid",
    parents=("source",),
    params=("aggregate", "field"),
    codec=TILE_CODEC,
    parts=Parts(("view",), tiles_of_view, compose),
    uses=(canvas, planner, pyramid, strokes, tiles, world, datashader.__version__),
)
def grid(points: Points, *, parts: Sequence[Sequence[int]], aggregate: str, field: str) -> list[Any]:
    """Aggregate tiles: from the pyramid where rows are many, else by one call for each rectangle of them.

    Parameters
    ----------
    points : Points
    parts : sequence of [z, x, y]
    aggregate, field : str

    Returns
    -------
    list of ndarray, shape (522, 522), or (categories, 522, 522)
    """
    return planner.aggregate(points, [TileAddress(*part) for part in parts], aggregate, field)
