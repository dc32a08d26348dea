"""Every error that Stageboard raises on purpose.

One class, one remedy. Each also inherits the builtin that fits it, so that callers outside can catch either. A message
says what is wrong, the value by its ``repr``, what is allowed, and what to do; it is shown to users as it stands.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class StageboardError(Exception):
    """Root of all errors raised on purpose."""


class UnknownNameError(StageboardError, LookupError):
    """A name that is not registered: choose one of the known names."""


class ParameterError(StageboardError, ValueError):
    """A parameter's value is not allowed: correct the value."""


class GraphError(StageboardError, ValueError):
    """Stages do not form a graph: correct the declarations."""


class CodecError(StageboardError, ValueError):
    """Bytes are not what their codec wrote, or a value is not one that it can write."""


class StoreError(StageboardError, OSError):
    """A store cannot be opened or used: correct its folder or address."""


class DataError(StageboardError, ValueError):
    """A file cannot be explored as it is: correct the file or its declaration."""


class DamagedError(DataError):
    """A file's own structure is not to be trusted: no part of it is read."""


class DataMissingError(DataError, FileNotFoundError):
    """A data file is not there: restore the file or remove its entry."""


class StaleError(StageboardError, LookupError):
    """An address names data or code that has changed since: reload the page."""


class StoppedError(StageboardError):
    """Work was stopped by a user or at exit: begin it again."""


class TokenError(StageboardError, PermissionError):
    """A token is forged, foreign, or damaged: reload the page."""


class SupersededError(StageboardError, RuntimeError):
    """A newer view replaced the one that this was for: nothing to do, the newer one is on its way."""


class TooLargeError(StageboardError, ValueError):
    """More was sent than is allowed: send less."""


class QuotaError(StageboardError, RuntimeError):
    """A session's share of the disk is full: delete something of it."""


class BusyError(StageboardError, RuntimeError):
    """Work that can wait was asked for while others are served: ask again later."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Describe an unknown name, with the nearest known one.

    Parameters
    ----------
    kind : str
        What the name should name, in the singular: ``"stage"``.
    name : str
        The name that was asked for.
    known : iterable of str
        The names that exist.

    Returns
    -------
    UnknownNameError
        The error, to be raised by the caller.

    Examples
    --------
    >>> str(unknown("stage", "fitlered", ["binned", "filtered"]))
    "no stage named 'fitlered'; did you mean 'filtered'? Known: binned, filtered."
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    shown = ", ".join(names[:24]) + (", …" if len(names) > 24 else "")
    return UnknownNameError(f"no {kind} named {name!r}{guess} Known: {shown or 'none'}.")
