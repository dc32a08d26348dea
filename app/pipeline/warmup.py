"""Compiling Datashader's kernels before a user needs them.

A kernel is compiled on its first use in a process, for each reduction and type of value: 0.3 to 2 seconds each.
"""

import numpy as np

from app.pipeline.canvas import Rows, aggregate_rect
from app.pipeline.world import PixelRect

# The commonest first: what opens a page, then what its first changes need.
_KERNELS = (
    ("points", "count", np.uint8),
    ("points", "by", np.uint8),
    ("points", "mean", np.float32),
    ("lines", "count", np.uint8),
    ("lines", "sum", np.int32),
    ("lines", "max", np.float32),
    ("lines", "by", np.uint8),
    ("points", "mean", np.int16),
    ("points", "sum", np.float32),
    ("points", "max", np.float32),
)


def warm_up() -> None:
    """Draw one row by each of the commonest kernels."""
    for kind, aggregate, dtype in _KERNELS:
        place = np.zeros(1, np.uint32 if kind == "points" else np.float64)
        rows = Rows(place, place, "lines" if kind == "lines" else "points", np.zeros(1, dtype), 1)
        aggregate_rect(rows, PixelRect(0, 0, 1, 0, 1), aggregate)
