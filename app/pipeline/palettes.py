"""Colours: the continuous colormaps by name, and what categories are drawn in where nothing is declared."""

from collections.abc import Mapping

import colorcet

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

# Glasbey colours that stand apart on dark and on light, from colorcet.
CATEGORY_COLORS: Palette = tuple(str(colour).lower() for colour in colorcet.palette["glasbey_hv"][:20])
OTHER_COLOR = "#808080"
REST = ("other", "missing")


def find_colormap(name: str) -> Palette:
    """Return the 256 colours of a colormap as ``#rrggbb``, the least value's first, or raise `UnknownNameError`."""
    if name not in COLORMAPS:
        raise unknown("colormap", name, COLORMAPS)
    return COLORMAPS[name]


def category_colors(categories: tuple[str, ...], declared: tuple[str, ...] = ()) -> Palette:
    """Return a colour for each category.

    Parameters
    ----------
    categories : tuple of str
        As the table has them; what it folded into the rest is grey.
    declared : tuple of str
        The data set's own colours, for the first categories.
    """
    own = (*declared, *CATEGORY_COLORS[len(declared) :])
    return tuple(
        OTHER_COLOR if name in REST and at >= len(declared) else own[at % len(own)]
        for at, name in enumerate(categories)
    )


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the components of ``#rrggbb``, 0 to 255.

    Examples
    --------
    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
