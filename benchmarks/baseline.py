"""The baseline: Datashader as its documentation teaches, on a pandas frame in memory, to PNG bytes."""

import io
from pathlib import Path

import datashader as ds
import numpy as np
import numpy.typing as npt
import pandas as pd
from datashader import transfer_functions as tf

from app.pipeline.controls import Controls
from app.pipeline.palettes import COLORMAPS
from app.pipeline.types import Bounds

SIZE = (1000, 600)
X, Y = "dropoff_x", "dropoff_y"
FIELDS = ("passenger_count", "fare")
_REDUCTIONS = {"sum": ds.sum, "mean": ds.mean, "max": ds.max}


def read(path: Path) -> pd.DataFrame:
    """Return the columns that the benchmark draws, as the file has them."""
    return pd.read_parquet(path, columns=[X, Y, *FIELDS])


def counts(frame: pd.DataFrame, view: Bounds) -> npt.NDArray[np.uint32]:
    """Return how many rows lie in each pixel, row 0 at the top."""
    canvas = ds.Canvas(*SIZE, x_range=(view.x0, view.x1), y_range=(view.y0, view.y1))
    return np.asarray(canvas.points(frame, X, Y, agg=ds.count()).data)[::-1]


def draw(frame: pd.DataFrame, now: Controls, view: Bounds) -> bytes:
    """Draw a view: aggregate all rows, spread, shade, encode."""
    canvas = ds.Canvas(*SIZE, x_range=(view.x0, view.x1), y_range=(view.y0, view.y1))
    reduction = ds.count() if now.aggregate == "count" else _REDUCTIONS[now.aggregate](now.field)
    grid = canvas.points(frame, X, Y, agg=reduction)
    if now.spreading:
        grid = tf.spread(grid, now.spreading, how="add" if now.aggregate in ("count", "sum") else "max")
    out = io.BytesIO()
    tf.shade(grid, cmap=list(COLORMAPS[now.cmap]), how=now.normalization).to_pil().save(out, "png", compress_level=1)
    return out.getvalue()
