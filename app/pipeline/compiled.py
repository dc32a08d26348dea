"""How kernels are compiled: once for a machine, kept beside the package, and run without the interpreter's lock.

Where neither the package's folder nor the user's cache can be written, kernels are compiled in each process.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba as nb

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """Compile a function of numbers and arrays on its first call with their types."""
    try:
        made = nb.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba: no locator available
        made = nb.njit(nogil=True)(function)
    return cast(Kernel, made)
