"""Stopping work that nobody wants any more: a question that the work in hand asks itself at its checks.

Owns the question of the work in hand; knows nothing of who asks, and never stops a thread from outside. A thread that
a stage starts has a question of its own: run its function in ``contextvars.copy_context()`` to hand this one on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from app.pipeline.errors import SupersededError

Stop: TypeAlias = Callable[[], bool]
"""Whether the work in hand should stop; asked every few ms, from the thread that works."""

_STOP: ContextVar[Stop | None] = ContextVar("stop", default=None)


def question() -> Stop | None:
    """Return what the work in hand asks itself; None where nothing stops it."""
    return _STOP.get()


@contextmanager
def stoppable(stop: Stop | None) -> Iterator[None]:
    """Let the work within ask itself whether to stop.

    Parameters
    ----------
    stop : callable or None
        Replaces the question around it; None: nothing stops this work.
    """
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def checkpoint() -> None:
    """Stop here if the work in hand should.

    Raises
    ------
    SupersededError
        Where it should; leave nothing half done behind.

    Notes
    -----
    Some 50 ns where nothing stops the work: call it every few ms, such as between calls to Datashader.

    Examples
    --------
    >>> checkpoint()
    >>> with stoppable(lambda: True):
    ...     checkpoint()
    Traceback (most recent call last):
    ...
    app.pipeline.errors.SupersededError: a newer view replaced this one.
    """
    stop = _STOP.get()
    if stop is not None and stop():
        raise SupersededError("a newer view replaced this one.")
