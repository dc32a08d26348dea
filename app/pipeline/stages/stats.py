"""The scale of what is visible: which value has which place between the least and the greatest."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.pipeline import pixels, scale
from app.pipeline.stage import stage


@stage("stats", parents=("spread",), params=("normalization", "range"), uses=(scale, pixels))
def stats(planes: Any, *, normalization: str, range: Sequence[float]) -> Any:  # noqa: A002
    """Find the scale of a view: `Scale.packed`, float64, shape (2, n); n is 0 where nothing is visible."""
    found = scale.find_scale(planes, normalization, range)
    return np.zeros((2, 0)) if found is None else found.packed()
