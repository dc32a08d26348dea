"""The leases of several machines: a key in Redis that expires unless its holder says that it lives.

Its value names the holder, and whether anyone waits. A Redis that is away lets every key out to everyone.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from secrets import token_hex
from threading import Lock
from typing import cast

from redis import Redis
from redis.exceptions import ResponseError

from app.pipeline.leases import STALE_SECONDS, Heart
from app.pipeline.redis_link import RedisLink

LEASES = "stageboard:1:lease:"
AWAITED = b"!"

# Each goes over some leases; ARGV is the holder's name and, where one is set, how many ms it lasts.
_TAKE = """
local taken = {}
for at, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) then
    taken[at] = 1
  else
    taken[at] = 0
    local holder, left = redis.call('GET', key), redis.call('PTTL', key)
    if left > 0 and string.sub(holder, -1) ~= '!' then redis.call('SET', key, holder .. '!', 'PX', left) end
  end
end
return taken
"""
_OWN = """
for _, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  if holder and string.sub(holder, 1, #ARGV[1]) == ARGV[1] then redis.call(%s) end
end
"""
_BEAT = _OWN % "'PEXPIRE', key, ARGV[2]"
_RELEASE = _OWN % "'DEL', key"


class RedisLeases:
    """Keys let out to one process of all machines at a time.

    Parameters
    ----------
    link : RedisLink
        It stays its owner's.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._me = token_hex(8).encode()
        self._held: set[str] = set()
        self._lock = Lock()
        self._heart = Heart(self._beat)

    def _run(self, script: str, keys: Sequence[str], *values: bytes | int) -> list[int] | None:
        def asked(redis: "Redis") -> list[int] | None:
            return cast("list[int] | None", redis.register_script(script)([LEASES + key for key in keys], values))

        with suppress(ResponseError):
            return self._link.ask(asked, None) if keys else None
        return None

    def lease(self, keys: Sequence[str]) -> list[str]:
        """Lease those keys that nobody else holds, at once."""
        self._heart.start()
        taken = self._run(_TAKE, keys, self._me, int(STALE_SECONDS * 1e3))
        if taken is None:
            return list(keys)
        mine = [key for key, one in zip(keys, taken, strict=True) if one]
        with self._lock:
            self._held.update(mine)
        return mine

    def _ours(self, keys: Iterable[str]) -> list[str]:
        with self._lock:
            return [key for key in keys if key in self._held]

    def _beat(self) -> None:
        with self._lock:
            ours = list(self._held)
        self._run(_BEAT, ours, self._me, int(STALE_SECONDS * 1e3))

    def awaited(self, keys: Iterable[str]) -> list[str]:
        """Return those of some keys leased here that others wait for."""
        ours = self._ours(keys)
        none: list[bytes | None] = []

        def asked(redis: "Redis") -> list[bytes | None]:
            return cast("list[bytes | None]", redis.mget([LEASES + key for key in ours]))

        holders = self._link.ask(asked, none) if ours else none
        return [key for key, holder in zip(ours, holders, strict=False) if holder and holder.endswith(AWAITED)]

    def release(self, keys: Iterable[str]) -> None:
        """Let others have keys; those that are not held stay as they are."""
        ours = self._ours(keys)
        with self._lock:
            self._held.difference_update(ours)
        self._run(_RELEASE, ours, self._me)

    def close(self) -> None:
        """Say no more that this process lives."""
        self._heart.stop()
