"""The image in levels, before it has a colormap; by category, in its colours."""

from collections.abc import Sequence
from typing import Any

from app.pipeline import pixels, png, shade
from app.pipeline.codecs import RAW
from app.pipeline.palettes import COLORMAPS
from app.pipeline.stage import stage


@stage(
    "index",
    parents=("spread", "stats"),
    params=("normalization", "colors"),
    codec=RAW,
    uses=(png, shade, pixels),
)
def index(planes: Any, scale: Any, *, normalization: str, colors: Sequence[str]) -> bytes:
    """Write a view as a PNG: levels under a gray palette, or RGBA by category."""
    if planes.ndim == 3:
        return png.direct(shade.colorize(planes, scale, normalization, colors))
    return png.indexed(shade.levels(planes, scale, normalization), COLORMAPS["gray"])
