"""Colours: the continuous colormaps by name, and what categories are drawn in where nothing is declared."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import colorcet
import numpy as np
import numpy.typing as npt

from app.pipeline.errors import unknown

Palette = tuple[str, ...]

# The reference dashboard's six first, then others from colorcet.
_NAMES = (
    "fire bgy bgyw bmy gray kbc bmw bjy bkr bky blues bwy coolwarm cwr dimgray gouldian gwv isolum kb kbgyw kg kgy kr "
    "rainbow rainbow4"
)
COLORMAPS: Mapping[str, Palette] = {
    name: tuple(str(colour).lower() for colour in colorcet.palette[name]) for name in _NAMES.split()
}

# Glasbey colours, from colorcet's glasbey_hv, in its order: without its greys, without what is too dark or too light
# for a ground, and each at least 14 (CIEDE2000) from all before it and from the greys of the rest.
CATEGORY_COLORS: Palette = (
    "#2fa1da", "#fb4f2f", "#e4ae38", "#6d904f", "#16bdcf", "#9367bc", "#1f77b3", "#e277c1", "#8c564b", "#bcbc21",
    "#c6bcff", "#b80080", "#ffb6b3", "#6026ff", "#00857c", "#00bf00", "#aa7200", "#01bd89", "#00447b", "#c8826e",
)  # fmt: skip
OTHER_COLOR, MISSING_COLOR = "#6f6f6f", "#a8a8a8"
REST: Mapping[str, str] = {"other": OTHER_COLOR, "missing": MISSING_COLOR}


def find_colormap(name: str) -> Palette:
    """Return the 256 colours of a colormap as ``#rrggbb``, the least value's first, or raise `UnknownNameError`."""
    if name not in COLORMAPS:
        raise unknown("colormap", name, COLORMAPS)
    return COLORMAPS[name]


# CIE lightness of what lies under the data, and how far from it a shade must be to be seen.
GROUNDS: Mapping[str, float] = {"dark": 8, "light": 96}
_CLOSE = 16
_MOST_SKIPPED = 64
_REVERSING = 10


@lru_cache(256)
def find_palette(name: str) -> Palette:
    """Return the colours of a colormap, or of one laid on a ground: ``fire``, ``fire@light``.

    Parameters
    ----------
    name : str
        A colormap's; after an ``@`` the ground that it is laid on, ``dark`` or ``light``.

    Returns
    -------
    tuple of str
        256. On a ground, low values take the end that is nearest to it, without the shades, 64 at most, that it would
        swallow: few points fade into it, and none is lost.

    Raises
    ------
    UnknownNameError
        For a colormap or ground that does not exist.

    References
    ----------
    ``datashader.utils.colormap_select``; and as `assets/palette.js` has it.
    """
    base, at, ground = name.partition("@")
    colours = find_colormap(base)
    if not at:
        return colours
    if ground not in GROUNDS:
        raise unknown("ground", ground, GROUNDS)
    return _laid(channels(colours).T, GROUNDS[ground])


def _laid(colours: npt.NDArray[np.float64], ground: float) -> Palette:
    away = np.abs(_lightness(colours) - ground)
    if away[0] > away[-1] + _REVERSING:
        colours, away = colours[::-1], away[::-1]
    seen = np.flatnonzero(away[:_MOST_SKIPPED] >= _CLOSE)
    start = int(seen[0]) if len(seen) else _MOST_SKIPPED
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours[start:].astype(int).tolist())


def _lightness(colours: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the CIE lightness, 0 to 100, of sRGB colours, shape (n, 3)."""
    linear = np.where(colours <= 10, colours / 3294.6, ((colours / 255 + 0.055) / 1.055) ** 2.4)
    y: npt.NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y <= 0.008856, y * 903.3, 116 * np.cbrt(y) - 16)


def category_colors(categories: tuple[str, ...], declared: tuple[str, ...] = ()) -> Palette:
    """Return a colour for each category.

    Parameters
    ----------
    categories : tuple of str
        As the table has them; what it folded into the rest is grey, and what has none a lighter one.
    declared : tuple of str
        The data set's own colours, for the first categories.
    """
    own = (*declared, *CATEGORY_COLORS[len(declared) :])
    return tuple(
        REST[name] if name in REST and at >= len(declared) else own[at % len(own)] for at, name in enumerate(categories)
    )


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the components of ``#rrggbb``, 0 to 255.

    Examples
    --------
    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def channels(colours: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return colours as their red, green and blue, shape (3, n), 0 to 255."""
    return np.array([rgb(one) for one in colours], np.float64).reshape(-1, 3).T
