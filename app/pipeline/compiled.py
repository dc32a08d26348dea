"""Functions that are compiled once on a machine, and in each process where no folder can keep them.

numba keeps compiled code beside the source, else in the user's own cache folder. Where it can write to neither, as in
an image whose files are read-only and whose user has no home, or where the disk is full, it raises: here it goes on.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba.core.caching import FunctionCache

Function = TypeVar("Function", bound=Callable[..., Any])


class _Kept(FunctionCache):
    """Compiled code in a folder that may be full, unreadable, or gone while the process runs."""

    def load_overload(self, *which: Any) -> Any:
        """Return what was compiled before, or None."""
        with suppress(OSError, EOFError):
            return super().load_overload(*which)  # type: ignore[no-untyped-call]

    def save_overload(self, *made: Any) -> None:
        """Keep what was compiled, where that can be done."""
        with suppress(OSError, EOFError):
            super().save_overload(*made)  # type: ignore[no-untyped-call]


def compiled(function: Function) -> Function:
    """Compile a function at its first call; it runs without the interpreter's lock.

    Parameters
    ----------
    function : callable
        Arithmetic over arrays and numbers, within the limits of ``numba.njit``.

    Returns
    -------
    callable
        Compiled once for each type of its arguments; `read_only` makes them few.
    """
    made: Any = numba.njit(nogil=True)(function)
    with suppress(RuntimeError):  # no folder can be written to
        made._cache = _Kept(function)  # type: ignore[no-untyped-call]
    return cast(Function, made)


def read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array, contiguous and read-only: one type to compile for, whether it is fresh or comes from a store."""
    return sealed(np.ascontiguousarray(values))


def sealed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view of an array as it lies: nothing is copied, also of a part of another array."""
    view = values.view()
    view.flags.writeable = False
    return view
