"""The image in its colormap."""

from typing import Any

from app.pipeline import palettes, pixels, png, shade
from app.pipeline.codecs import RAW
from app.pipeline.stage import stage


@stage("encode", parents=("index",), params=("cmap",), codec=RAW, uses=(palettes, pixels, png, shade))
def encode(image: Any, *, cmap: str) -> bytes:
    """Write a view as a PNG.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        As the stage before returns: levels, uint16, or RGBA, uint32.
    cmap : str
        A colormap, or one laid on a ground; what is coloured by category has no use for it.
    """
    if image.dtype.itemsize == 4:
        return png.direct(image.view("u1").reshape(*image.shape, 4))
    return png.levelled(image, shade.colour_table(palettes.find_palette(cmap)))
