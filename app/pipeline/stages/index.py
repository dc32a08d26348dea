"""The image in levels, before it has a colormap; by category, in its colours."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.pipeline import pixels, scale, shade
from app.pipeline.codecs import PACKED
from app.pipeline.stage import stage


@stage(
    "index",
    parents=("spread", "stats"),
    params=("normalization", "colors", "front"),
    codec=PACKED,
    uses=(scale, shade, pixels),
)
def index(planes: Any, stats: Any, *, normalization: str, colors: Sequence[str], front: int) -> Any:
    """Grade a view; ``front`` is the category that is brought out, -1 for none.

    Returns
    -------
    ndarray, shape (height, width)
        Levels, uint16, 0 where empty; by category RGBA, uint32, red in the lowest byte.
    """
    found = scale.unpacked(stats)
    if planes.ndim == 3:
        return shade.colorize(planes, found, normalization, colors, front).view(np.uint32)[..., 0]
    return scale.levels(planes, found, normalization)
