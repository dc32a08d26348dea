"""The chain of stores as an operator writes it: read without opening any, and shown without its secrets."""

import re
from urllib.parse import urlsplit

from app.pipeline.errors import ParameterError, unknown

KINDS = ("memory", "disk", "redis", "rediss")
NETWORK = ("redis", "rediss")
HIDDEN = "***"


def split_chain(text: str) -> tuple[str, ...]:
    """Return the addresses of a chain of stores, memory first whether it is named or not.

    Parameters
    ----------
    text : str
        Addresses, separated by commas or spaces.

    Raises
    ------
    UnknownNameError
        For a kind that does not exist. No error quotes more of an address than its kind.
    ParameterError
        For an address of Redis that cannot be read.

    Examples
    --------
    >>> split_chain("disk:cache/results, redis://localhost:6379/0")
    ('memory:', 'disk:cache/results', 'redis://localhost:6379/0')
    """
    given = [one for one in re.split(r"[,\s]+", text) if one]
    for one in given:
        kind = one.partition(":")[0]
        if kind not in KINDS:
            raise unknown("kind of store", kind[:20], KINDS)
        if kind in NETWORK:
            _check(one)
    return ("memory:", *(one for one in given if not one.startswith("memory:")))


def shown_chain(text: str) -> str:
    """Return a chain without what may be secret in it.

    Examples
    --------
    >>> shown_chain("disk:cache, redis://me:horse@localhost:6379/0?ssl_password=staple")
    'disk:cache, redis://***@localhost:6379/0?***'
    """
    return ", ".join(_shown(one) for one in re.split(r"[,\s]+", text) if one)


def _check(address: str) -> None:
    """Refuse an address that is none; a library's own words might quote the password."""
    try:
        whole = urlsplit(address)
        fine = bool(whole.hostname and whole.port != 0 and re.fullmatch(r"(/\d*)?", whole.path))
    except ValueError:
        fine = False
    if not fine:
        raise ParameterError(
            "an address of Redis is redis://USER:PASSWORD@HOST:PORT/NUMBER, "
            "with what is special in a password written as %XX."
        )


def _shown(address: str) -> str:
    plain, mark, _ = address.partition("?")
    scheme, slashes, rest = plain.partition("//")
    if not slashes or scheme.rstrip(":") not in NETWORK:
        return address
    hidden, at, host = rest.rpartition("@")
    return f"{scheme}//{HIDDEN if hidden else ''}{at}{host}{mark}{HIDDEN if mark else ''}"
