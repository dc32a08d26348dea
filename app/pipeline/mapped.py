"""Opening ``.npy`` files as read-only memory maps, from any thread."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TRIES = 20


def mapped(path: Path) -> npt.NDArray[Any]:
    """Map an array of a file into memory, read-only.

    Raises
    ------
    OSError, ValueError
        Where there is no such file, or it is not a whole array.
    """
    for _ in range(TRIES):
        try:
            found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return found
        except SystemError:  # CPython's parser, by which NumPy reads headers, is not safe in two threads at once
            continue
    raise OSError(f"{str(path)!r} cannot be mapped just now: try again.")
