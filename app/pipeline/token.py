"""Tokens: what a callback returns in place of a big value.

A token is a recipe, signed and bound to a session and a scope, short enough for an address, and good for some days. It
grants nothing but what it says: another session's token, or one of another scope, is worth no more than a forged one. A
recipe too long for a token is kept in the store, as its session's own, and the token names it.

Equal recipes give equal tokens on the same day, so that an address made of one can be cached.
"""

import base64
import hmac
import json
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from time import time

from itsdangerous import Signer

from app.pipeline.errors import StaleError, TokenError
from app.pipeline.keys import Plain, canonical, digest
from app.pipeline.owned import Owned
from app.pipeline.secret import check_secret
from app.pipeline.stores.base import Store

LIMIT = 300
"""Every token is shorter than this, in characters."""

TOKEN_DAYS = 30
"""How long a token is good: as long as the cookie of a session that is not used, without which it is worth nothing."""

RECIPE_BYTES = 1_000_000
"""What a session's stored recipes may take; beyond, its oldest give way. Some thousands of views with long lists."""

WORDS = (
    b'{"aggregate":"count","cmap":"fire","dataset":"","field":"","fingerprint":"","height":,"kind":"points",'
    b'"normalization":"eq_hist","params":{"range":"0,100"},"root":{},"spreading":0,"width":,"x0":,"x1":,'
    b'"xlog":false,"y0":,"y1":,"ylog":false},"x":"","y":"lines","mean","linear","true}'
)
"""Deflate's preset dictionary: texts that recipes are likely to hold cost next to nothing. Part of every signature."""

FORMAT = 2
"""Part of every signature: raised when a token's body is laid out anew."""

DAY = 86_400
_INLINE, _STORED = b"i", b"s"
# A letter, and the day on which it was minted, counted from 1970.
_HEAD = 3


class Tokens:
    """Mint and redeem tokens.

    Parameters
    ----------
    secret : str
        The same for every worker, at least 16 characters.
    store : Store
        Where recipes are kept that are too long for a token; all workers share it.
    days : int
        How long tokens are good; an older one is stale.
    clock : callable
        Returns seconds since 1970.

    Notes
    -----
    Safe to use from several threads, as far as the store is.

    Examples
    --------
    >>> from app.pipeline.stores.memory import MemoryStore
    >>> tokens = Tokens("a secret of the example", MemoryStore())
    >>> token = tokens.mint({"x": "distance", "width": 640}, session="ada", scope="grid")
    >>> tokens.redeem(token, session="ada", scope="grid")
    {'width': 640, 'x': 'distance'}
    >>> tokens.redeem(token, session="eve", scope="grid")
    Traceback (most recent call last):
        ...
    app.pipeline.errors.TokenError: this token was not made for this session and use: reload the page.
    """

    def __init__(self, secret: str, store: Store, *, days: int = TOKEN_DAYS, clock: Callable[[], float] = time) -> None:
        self._secret = check_secret(secret)
        self._recipes = Owned(store, "token", RECIPE_BYTES, period=DAY, clock=clock)
        self._days = days
        self._clock = clock

    def mint(self, recipe: Mapping[str, Plain], *, session: str, scope: str) -> str:
        """Return the token for a recipe.

        Parameters
        ----------
        recipe : mapping
            Text, finite numbers, booleans, None, and lists and mappings of them.
        session : str
            The id of the only session that may redeem it.
        scope : str
            The only use that it is good for, such as a stage's name.

        Returns
        -------
        str
            URL-safe, shorter than 300 characters.

        Raises
        ------
        ParameterError
            For a value that has no canonical text.
        QuotaError
            For a recipe longer than all that a session may keep.
        StoreError
            Where the store does not take a recipe that is too long for a token.
        """
        text = canonical(recipe).encode("ascii")
        day = self._today().to_bytes(_HEAD - 1, "big")
        token = self._sign(_INLINE + day + _deflate(text), session, scope)
        if len(token) < LIMIT:
            return token
        name = self._recipes.keep(session, text, _digest(text, session, scope))
        return self._sign(_STORED + day + name.encode("ascii"), session, scope)

    def redeem(self, token: str, *, session: str, scope: str) -> dict[str, Plain]:
        """Return the recipe of a token.

        Parameters
        ----------
        token : str
            From `mint`, of any worker with the same secret. It may be redeemed any number of times.
        session, scope : str
            As given to `mint`.

        Returns
        -------
        dict
            Equal to the recipe.

        Raises
        ------
        TokenError
            For a token that is forged, altered, truncated, too long, or of another session or scope.
        StaleError
            Where a true token is too old, or its stored recipe is gone.
        """
        body = self._verify(token, session, scope)
        if self._today() - int.from_bytes(body[1:_HEAD], "big") > self._days:
            raise StaleError(f"this token is older than {self._days} days: reload the page.")
        if body[:1] == _INLINE:
            return _parse(_inflate(body[_HEAD:]))
        return _parse(self._recall(body[_HEAD:].decode("ascii"), session, scope))

    def _today(self) -> int:
        return int(self._clock() // DAY)

    def used(self, session: str) -> int:
        """Return the bytes of recipes that are stored for a session."""
        return self._recipes.used(session)

    def forget(self, session: str) -> int:
        """Delete a session's stored recipes; return how many that were."""
        return self._recipes.forget(session)

    def _recall(self, name: str, session: str, scope: str) -> bytes:
        """Return a stored recipe's text, which must still be what its name says."""
        text = self._recipes.find(session, name)
        if text is None or not name.endswith(_digest(text, session, scope)):
            raise StaleError("what this token names is no longer kept: reload the page.")
        return text

    def _sign(self, body: bytes, session: str, scope: str) -> str:
        """Return base64 text and its signature; session and scope are in the signing key, not in the text."""
        salt = canonical(["stageboard.token", FORMAT, zlib.crc32(WORDS), session, scope])
        signer = Signer(self._secret, salt=salt, digest_method=sha256, key_derivation="hmac")
        return signer.sign(base64.urlsafe_b64encode(body).rstrip(b"=")).decode("ascii")

    def _verify(self, token: object, session: str, scope: str) -> bytes:
        """Return the body of a token that is, to the letter, what `_sign` would write; browsers send what they like."""
        if isinstance(token, str) and len(token) < LIMIT and token.isascii():
            text = token.rpartition(".")[0]
            try:
                body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except ValueError:
                body = b""
            # Compared whole: base64 has several spellings of the same bytes, and only one is ours.
            if hmac.compare_digest(self._sign(body, session, scope), token):
                return body
        raise TokenError("this token was not made for this session and use: reload the page.")


def _digest(text: bytes, session: str, scope: str) -> str:
    return digest(session, scope, text.decode("ascii", "replace"))


def _deflate(text: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=WORDS)
    return machine.compress(text) + machine.flush()


def _inflate(data: bytes) -> bytes:
    return zlib.decompressobj(-15, zdict=WORDS).decompress(data)


def _parse(text: bytes) -> dict[str, Plain]:
    recipe: dict[str, Plain] = json.loads(text)
    return recipe
