"""Modules that are imported when they are first used.

Datashader, numba, Arrow and Dash take seconds to import; ``--help`` and ``--version`` need none of them. This is the
only place that imports lazily; elsewhere imports stand at the top of a module.
"""

import importlib.util
import sys
from types import ModuleType


def deferred(name: str) -> ModuleType:
    """Return a module whose code runs at the first use of one of its attributes.

    Parameters
    ----------
    name : str
        Its full name.

    Raises
    ------
    ModuleNotFoundError
        If there is none of that name.

    References
    ----------
    `importlib.util.LazyLoader`, and the recipe "Implementing lazy imports" in the documentation of `importlib`.

    Examples
    --------
    >>> deferred("colorsys").rgb_to_hsv(0, 0, 1)[2]
    1
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
