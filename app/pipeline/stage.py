"""Stages: pure functions with a name, a version, declared parents and declared parameters.

A stage's identity includes its own source text, that of the functions beside it that it calls, and that of the modules
it says it uses, so edited code never answers with an old result.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from app.pipeline.codecs import NPY, Codec
from app.pipeline.errors import GraphError
from app.pipeline.keys import Plain, digest

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """How a stage's value for a view is made of parts that views share, such as tiles.

    Parameters
    ----------
    params : tuple of str
        The parameters that only choose the parts; they are in no part's key.
    split : callable
        Takes those parameters as keywords and returns the parts, plain values in a fixed order.
    join : callable
        Takes the parts, their values, and those parameters, and returns the stage's value.
    """

    params: tuple[str, ...]
    split: Callable[..., Sequence[Plain]]
    join: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """A declared stage; made by `stage`.

    The function is called with its parents' values by position and its parameters by keyword. A stage without parents
    gets the root instead. A stage in parts gets also ``parts``, those that are missing, and returns a value for each.
    """

    name: str
    function: Callable[..., Any]
    version: int
    parents: tuple[str, ...]
    params: tuple[str, ...]
    codec: Codec | None
    parts: Parts | None
    identity: str

    @property
    def all_params(self) -> tuple[str, ...]:
        """The declared parameters, those that choose parts included."""
        return self.params + (self.parts.params if self.parts else ())


def _source(thing: Callable[..., Any] | ModuleType) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError) as error:
        raise GraphError(f"the source of {thing!r} cannot be read: define it in a file.") from error


def _names(code: CodeType) -> set[str]:
    """Return the names that code looks up outside of itself, in the functions within it too."""
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _beside(function: Callable[..., Any]) -> list[FunctionType]:
    """Return the functions of a function's own module that it calls, and those that they call, by name."""
    found: dict[str, FunctionType] = {}
    waiting = [function] if isinstance(function, FunctionType) else []
    while waiting:
        one = waiting.pop()
        for name in _names(one.__code__) - set(found):
            other = inspect.unwrap(one.__globals__.get(name))  # type: ignore[arg-type]  # what is no function stays
            if isinstance(other, FunctionType) and other.__module__ == function.__module__:
                found[name] = other
                waiting.append(other)
    return [found[name] for name in sorted(found)]


def source_digest(*things: Callable[..., Any] | ModuleType) -> str:
    """Return the hash of the source text of functions and modules."""
    return digest(*map(_source, things))


def stage(
    name: str,
    *,
    version: int = 1,
    parents: Sequence[str] = (),
    params: Sequence[str] = (),
    codec: Codec | None = NPY,
    parts: Parts | None = None,
    uses: Sequence[ModuleType | Callable[..., Any] | str] = (),
) -> Callable[[Callable[..., Any]], Stage]:
    """Return a decorator that declares a function as a `Stage`.

    Parameters
    ----------
    name : str
        What it produces: a noun.
    version : int
        Raise it when results change for a reason that the source does not show.
    parents, params : sequence of str
        The stages and parameters that it is computed from, and nothing else.
    codec : Codec or None
        How its value is stored; None keeps values that cannot be bytes, such as open files, in this process.
    parts : Parts, optional
        Declares that the value is made of parts, each stored under its own key.
    uses : sequence of module, callable or str
        Modules and functions whose source, and texts such as a library's version, belong to its identity. The functions
        of its own module that it calls do so unsaid.

    Raises
    ------
    GraphError
        When it decorates a function that closes over variables: its source does not tell what it does.

    Examples
    --------
    >>> @stage("doubled", parents=("counts",), params=("factor",))
    ... def doubled(counts, factor):
    ...     return counts * factor
    >>> doubled.name, doubled.parents, doubled.params
    ('doubled', ('counts',), ('factor',))
    """

    def declare(function: Callable[..., Any]) -> Stage:
        if getattr(function, "__closure__", None):
            raise GraphError(f"stage {name!r} closes over variables: pass them as parameters.")
        called = [function, *_beside(function), *((parts.split, parts.join) if parts else ()), *uses]
        identity = digest(name, str(version), *(one if isinstance(one, str) else _source(one) for one in called))
        return Stage(name, function, version, tuple(parents), tuple(params), codec, parts, identity)

    return declare
