"""What a stage says of how it went about its work: by how many calls, over how many rows; for the trace alone."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_REMARKS: ContextVar[Counter[str] | None] = ContextVar("remarks", default=None)


@contextmanager
def remarked() -> Iterator[Counter[str]]:
    """Collect what is remarked within, by name.

    Examples
    --------
    >>> with remarked() as found:
    ...     remark("rows", 3)
    ...     remark("rows", 4)
    >>> found
    Counter({'rows': 7})
    """
    found: Counter[str] = Counter()
    token = _REMARKS.set(found)
    try:
        yield found
    finally:
        _REMARKS.reset(token)


def remark(name: str, amount: int = 1) -> None:
    """Add to what is said of the stage that runs; where nobody collects, nothing happens."""
    found = _REMARKS.get()
    if found is not None:
        found[name] += amount
