"""The grid of a figure: an exact viewport, from the raw values of two columns."""

from typing import Any

import datashader
import numpy as np

from app.pipeline import canvas, zorder
from app.pipeline.points import Points
from app.pipeline.remarks import remark
from app.pipeline.stage import stage
from app.pipeline.types import Bounds
from app.pipeline.world import APRON


@stage(
    "grid",
    parents=("source",),
    params=("aggregate", "field", "x0", "x1", "y0", "y1", "width", "height", "xlog", "ylog"),
    uses=(canvas, zorder, datashader.__version__),
)
def viewport(
    points: Points,
    *,
    aggregate: str,
    field: str,
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    width: int,
    height: int,
    xlog: bool,
    ylog: bool,
) -> Any:
    """Aggregate the rows of a viewport, row 0 at the top, with an empty apron; only the runs that it touches are read.

    Returns
    -------
    ndarray, shape (height + 10, width + 10), or (categories, height + 10, width + 10)
    """
    rows = points.rows_seen(aggregate, field, Bounds(x0, x1, y0, y1))
    remark("rows", len(rows.x))
    found = canvas.aggregate_view(rows, (x0, x1), (y0, y1), (height, width), aggregate, (xlog, ylog))[..., ::-1, :]
    apron = [(0, 0)] * (found.ndim - 2) + [(APRON, APRON)] * 2
    return np.pad(found, apron, constant_values=0 if found.dtype.kind == "u" else np.nan)
