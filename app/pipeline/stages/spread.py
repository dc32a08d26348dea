"""The aggregate with each cell spread over its neighbours, without the apron."""

from typing import Any

from app.pipeline import shade
from app.pipeline.stage import stage


@stage("spread", parents=("grid",), params=("aggregate", "spreading"), uses=(shade,))
def spread(padded: Any, *, aggregate: str, spreading: int) -> Any:
    """Spread an aggregate over discs of a radius in pixels."""
    return shade.spread(padded, aggregate, spreading)
