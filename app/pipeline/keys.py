"""Content keys: the hash of a result's lineage, never of its bytes.

Two recipes that mean the same have one canonical text and so one key; anything that has no canonical text is refused.
"""

import json
import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias

from app.pipeline.errors import ParameterError

Plain: TypeAlias = str | int | float | bool | Sequence["Plain"] | Mapping[str, "Plain"] | None

KEY_BYTES = 16
PRIVATE, SCOPE_DIGITS = "private-", 16


def _normal(value: Plain) -> Plain:
    """Return the one form of equal values: 1.0 is 1, -0.0 is 0, tuples are lists."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ParameterError(f"{value!r} cannot be part of a key: give a finite number.")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _normal(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(one) for one in value]
    raise ParameterError(f"{value!r} cannot be part of a key: use text, numbers, booleans, lists, or mappings of text.")


def canonical(value: Plain) -> str:
    """Return the canonical JSON text of a plain value.

    Parameters
    ----------
    value : plain
        Text, finite numbers, booleans, None, and lists and mappings of them.

    Returns
    -------
    str
        Sorted, without spaces; equal values give equal text.

    Raises
    ------
    ParameterError
        For NaN, infinities, and values of other types.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": (1, 2.5)})
    '{"a":[1,2.5],"b":1}'
    """
    return json.dumps(_normal(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(*parts: str) -> str:
    """Return the BLAKE2b hash of texts, 32 hexadecimal digits.

    Lengths are hashed too, so ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    state = blake2b(digest_size=KEY_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def scope(*names: str) -> str:
    """Return how the keys begin of all that is computed of one owner's data, or of a part of them.

    Parameters
    ----------
    *names : str
        The owner, and what the part is called; neither can be read from a key.

    Examples
    --------
    >>> scope("ada")
    'private-11ed748845807e04-'
    >>> scope("ada", "trips").startswith(scope("ada"))
    True
    """
    parts = (digest("scope", *names[:length])[:SCOPE_DIGITS] for length in range(1, len(names) + 1))
    return PRIVATE + "".join(f"{one}-" for one in parts)


def kind_of(key: str) -> str:
    """Return what a key is of: the stage whose result it names, whatever its scope.

    Examples
    --------
    >>> kind_of("grid-00ff"), kind_of(scope("ada", "trips") + "grid-00ff")
    ('grid', 'grid')
    """
    return key.rsplit("-", 2)[-2] if key.startswith(PRIVATE) else key.partition("-")[0]
