"""The aggregate with each cell spread over its neighbours, without the apron."""

from typing import Any

from app.pipeline import discs, pixels
from app.pipeline.stage import stage


@stage("spread", parents=("grid",), params=("aggregate", "spreading"), uses=(discs, pixels))
def spread(padded: Any, *, aggregate: str, spreading: int) -> Any:
    """Spread an aggregate over discs of a radius in pixels."""
    return discs.spread(padded, aggregate, spreading)
