"""From levels to colours: what a colormap, or the categories of a cell, make of a level."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import pixels
from app.pipeline.compiled import read_only
from app.pipeline.palettes import channels, rgb
from app.pipeline.scale import STEPS, Scale, levels, looked_up, totals

Array: TypeAlias = npt.NDArray[Any]
Bytes: TypeAlias = npt.NDArray[np.uint8]

# The least opacity of a cell that has rows, when opacity shows how many.
MIN_ALPHA = 40


@lru_cache(64)
def colour_table(colours: tuple[str, ...]) -> Array:
    """Return the colour of each level.

    Parameters
    ----------
    colours : tuple of '#rrggbb'
        The least level's first, two at least.

    Returns
    -------
    ndarray, uint8, shape (`STEPS` + 2, 4), read-only
        RGBA; level 0 is transparent. Between two colours it is interpolated and cut, as ``tf.shade`` does it, but in
        whole numbers.
    """
    at = np.arange(STEPS + 1) * (len(colours) - 1)
    below = np.minimum(at // STEPS, len(colours) - 2)
    part = at - below * STEPS
    table = np.zeros((STEPS + 2, 4), np.uint8)
    for channel, one in enumerate(channels(colours).astype(np.int64)):
        table[1:, channel] = (one[below] * (STEPS - part) + one[below + 1] * part) // STEPS
    table[1:, 3] = 255
    return read_only(table)


def coloured(found: Array, colours: Sequence[str]) -> Bytes:
    """Colour levels by a colormap.

    Parameters
    ----------
    found : ndarray, uint16, shape (height, width)
        As `levels` returns.
    colours : sequence of '#rrggbb'

    Returns
    -------
    ndarray, uint8, shape (height, width, 4)
        RGBA, transparent where empty. Each channel is within 1 of what ``tf.shade(values, cmap=colours, how=…)`` draws.
    """
    table = colour_table(tuple(colours)).view(np.uint32).ravel()
    return looked_up(read_only(found).ravel(), table).view(np.uint8).reshape(*found.shape, 4)


# Of 256: how much of their opacity other cells keep beside a category that is brought out.
FADED = 77

# Of a level that shows how many rows a cell has.
_ALPHAS = read_only(
    np.concatenate([[0], (MIN_ALPHA * STEPS + (255 - MIN_ALPHA) * np.arange(STEPS + 1)) // STEPS]).astype(np.uint8)
)


def colorize(planes: Array, scale: Scale | None, normalization: str, colors: Sequence[str], front: int = -1) -> Bytes:
    """Colour cells by their categories, and make them opaque by their counts.

    Parameters
    ----------
    planes : ndarray, uint32, shape (categories, height, width)
    scale : Scale or None
        As `find_scale` returns for the planes.
    normalization : str
    colors : sequence of '#rrggbb'
        One a category.
    front : int
        The category that is brought out: its cells have its colour alone and are opaque, all others fade. None: -1.

    Returns
    -------
    ndarray, uint8, shape (height, width, 4)
        RGBA: the mean of the categories' colours weighted by their counts. Where it is visible, each channel is within
        1 of what ``tf.shade(planes, color_key=colors, how=normalization, color_baseline=0)`` draws.
    """
    shape = planes.shape[1:]
    alphas = looked_up(levels(totals(planes), scale, normalization).ravel(), _ALPHAS)
    table = np.ascontiguousarray(channels(colors[: len(planes)]).T, np.float64)
    found = np.empty(alphas.size, np.uint32)
    pixels.mix(read_only(planes.reshape(len(planes), -1)), read_only(alphas), read_only(table), found)
    rgba = found.view(np.uint8).reshape(*shape, 4)
    return brought_out(rgba, planes[front], colors[front]) if 0 <= front < len(planes) else rgba


def brought_out(rgba: Bytes, plane: Array, colour: str) -> Bytes:
    """Return an image with the cells of one category above the others, which fade.

    Parameters
    ----------
    rgba : ndarray, uint8, shape (height, width, 4)
        Changed in place.
    plane : ndarray, uint32, shape (height, width)
        The category's rows in each cell.
    colour : '#rrggbb'
    """
    rgba[..., 3] = rgba[..., 3].astype(np.uint16) * FADED >> 8
    rgba[plane > 0] = (*rgb(colour), 255)
    return rgba
