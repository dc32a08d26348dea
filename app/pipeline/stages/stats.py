"""The scale of what is visible: which value has which place between the least and the greatest."""

from collections.abc import Sequence
from typing import Any

from app.pipeline import pixels, shade
from app.pipeline.stage import stage


@stage("stats", parents=("spread",), params=("normalization", "range"), uses=(shade, pixels))
def stats(planes: Any, *, normalization: str, range: Sequence[float]) -> Any:  # noqa: A002
    """Find the scale of a view: knots, float64, shape (2, n)."""
    return shade.scale(planes, normalization, range)
