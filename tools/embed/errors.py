"""Own the errors of the embedding script and the one check that raises them."""


class EmbedError(RuntimeError):
    """Say that a source or a result is not what the script was written for."""


def require(fact: str, found: object, expected: object) -> None:
    """Fail unless a fact about the data is as expected.

    Parameters
    ----------
    fact : str
        What is compared, in words.
    found, expected : object
        The value met and the value known to be right.

    Raises
    ------
    EmbedError
        If they differ: the source has changed, so look at it before shipping it.
    """
    if found != expected:
        raise EmbedError(f"{fact}: found {found!r}, expected {expected!r}")


def require_between(fact: str, found: float, low: float, high: float) -> None:
    """Fail unless a number lies in a closed interval.

    Parameters
    ----------
    fact : str
        What is compared, in words.
    found : float
        The value met.
    low, high : float
        The interval.

    Raises
    ------
    EmbedError
        If it lies outside.
    """
    if not low <= found <= high:
        raise EmbedError(f"{fact}: found {found!r}, expected {low} to {high}")
