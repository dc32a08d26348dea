"""What every peer draws: the same rows, view, size and colours, and Datashader as its documentation teaches."""

import math
from pathlib import Path
from typing import NamedTuple

import colorcet
import datashader as ds
import pandas as pd
import xarray as xr
from datashader import transfer_functions as tf
from PIL.Image import Image

X, Y = "dropoff_x", "dropoff_y"
FIELDS = ("passenger_count", "fare", "dropoff_hour")
COLORMAPS = ("fire", "bgy", "bgyw", "bmy", "gray", "kbc")
NORMALIZATIONS = ("eq_hist", "log", "cbrt", "linear")
SIZE = WIDTH, HEIGHT = 800, 400
# Metres of a pixel of the web map's zoom 12: the ladder that Stageboard's map keeps to, so that all show one view.
PIXEL = 2 * math.pi * 6_378_137 / 256 / 2**12


class View(NamedTuple):
    """Bounds in metres of the web mercator map."""

    x0: float
    x1: float
    y0: float
    y1: float

    def panned(self, share: float) -> "View":
        """Return the view moved to the east by a share of its width."""
        step = share * (self.x1 - self.x0)
        return View(self.x0 + step, self.x1 + step, self.y0, self.y1)

    def zoomed(self, factor: float) -> "View":
        """Return the view of the same centre and a smaller extent."""
        return view((self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2, PIXEL / factor)


def view(x: float, y: float, pixel: float) -> View:
    """Return the view of `SIZE` around a centre; ``pixel`` in metres."""
    return View(x - pixel * WIDTH / 2, x + pixel * WIDTH / 2, y - pixel * HEIGHT / 2, y + pixel * HEIGHT / 2)


# On whole pixels.
HOME = view(round(-8_234_000 / PIXEL) * PIXEL, round(4_977_000 / PIXEL) * PIXEL, PIXEL)


def read(path: Path) -> pd.DataFrame:
    """Read the columns that are drawn or offered; texts come as categoricals."""
    return pd.read_parquet(path, columns=[X, Y, *FIELDS, "payment_type"])


def reduction(how: str, field: str) -> ds.reductions.Reduction:
    """Return Datashader's reduction of a count or a mean."""
    return ds.count() if how == "count" else ds.mean(field)


def aggregate(frame: pd.DataFrame, shown: View, how: str, field: str) -> xr.DataArray:
    """Return the aggregate of a view, `SIZE` pixels."""
    canvas = ds.Canvas(*SIZE, x_range=(shown.x0, shown.x1), y_range=(shown.y0, shown.y1))
    return canvas.points(frame, X, Y, reduction(how, field))


def picture(grid: xr.DataArray, cmap: str, normalization: str, px: int) -> Image:
    """Return the shaded picture of an aggregate."""
    shaded = tf.shade(grid, cmap=colorcet.palette[cmap], how=normalization)
    return (tf.spread(shaded, px) if px else shaded).to_pil()


def warm(frame: pd.DataFrame) -> None:
    """Compile every kernel that the actions use, on a few rows."""
    few = frame.head(1000)
    for field in FIELDS:
        for how in ("count", "mean"):
            grid = aggregate(few, HOME, how, field)
            for normalization in NORMALIZATIONS:
                picture(grid, "fire", normalization, 2)
