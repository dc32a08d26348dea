"""What a figure shows when it opens: the least and greatest values of the rows that can be drawn on its axes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from app.pipeline.codecs import JSON
from app.pipeline.points import Points
from app.pipeline.stage import stage


def _drawable(values: npt.NDArray[Any], log: bool) -> npt.NDArray[np.bool_]:
    """Return which values have a place on an axis."""
    found: npt.NDArray[np.bool_] = np.isfinite(values)
    return found & (values > 0) if log else found


@stage("extent", parents=("source",), params=("xlog", "ylog"), codec=JSON)
def extent(points: Points, *, xlog: bool, ylog: bool) -> dict[str, Any]:
    """Find the bounds of the rows that have a place on both axes.

    Parameters
    ----------
    points : Points
        Raw coordinates.
    xlog, ylog : bool
        Logarithmic axes have a place for positive values only.

    Returns
    -------
    dict
        ``bounds``: [x0, x1, y0, y1] in data units, or None where no row can be drawn. ``rows``: how many can.
        ``nonpositive``: how many more could, were no axis logarithmic.
    """
    rows = points.rows_of("count", "")
    x, y = np.asarray(rows.x), np.asarray(rows.y)
    finite = _drawable(x, False) & _drawable(y, False)
    kept = finite & _drawable(x, xlog) & _drawable(y, ylog)
    count = int(kept.sum())
    bounds = [float(edge(axis[kept])) for axis in (x, y) for edge in (np.min, np.max)] if count else None
    return {"bounds": bounds, "rows": count, "nonpositive": int(finite.sum()) - count}
