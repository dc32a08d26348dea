"""The tier of several machines: bytes in a Redis, seen by every worker of every host.

It owns the keys of one versioned namespace and touches no other. Each value carries a checksum over its key and its
bytes; one that does not match, or is not a string, is dropped and counted. A Redis that is away, slow or full costs the
caller a computation, never an error.

Its byte budget is kept by its own index: two sets beside the values, of their sizes and of the order in which they are
forgotten. Where Redis evicts by a ``maxmemory`` of its own, counts are an estimate until the next `check`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, cast

from isal import isal_zlib
from redis import Redis
from redis.exceptions import ResponseError

from app.pipeline.errors import CodecError
from app.pipeline.redis_link import RedisLink
from app.pipeline.stores.base import Blob, Data, TierStats, made

SPACE = "stageboard:1:"
VALUES = SPACE + "value:"
SIZES, ORDER, TOTAL = (SPACE + name for name in ("sizes", "order", "bytes"))
CHECKSUM_BYTES = 4
_GLOB = re.compile(r"[\\*?\[\]]")
LARGEST_SHARE = 8
PAGE = 500
TOGETHER = 32
"""Values read by one question: other clients of Redis wait meanwhile."""
BONUS_SECONDS, MOST_BONUS_SECONDS = 1e10, 86_400.0
"""A value counts as if it had been set later by this much for each second of computing a byte; and at most."""

# Every script gets the index's names, so that it is in one place; they run as one step each.
_INDEX = f"""
local sizes, order, total, values = '{SIZES}', '{ORDER}', '{TOTAL}', '{VALUES}'
local function held() return tonumber(redis.call('GET', total)) or 0 end
local function count(change) redis.call('SET', total, math.max(0, held() + change)) end
local function forget(key)
  local size = tonumber(redis.call('HGET', sizes, key))
  redis.call('HDEL', sizes, key)
  redis.call('ZREM', order, key)
  if size then count(-size) end
  return redis.call('UNLINK', values .. key)
end
local function note(key, size, bonus)
  local now = redis.call('TIME')
  redis.call('HSET', sizes, key, size)
  redis.call('ZADD', order, tonumber(now[1]) + tonumber(now[2]) / 1e6 + bonus, key)
  count(size)
end
"""
_SET = (
    _INDEX
    + """
count(0) -- A full Redis refuses a script at its first write or never.
local key, data, bonus, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
forget(key)
if data == '' then return end
while held() + #data > limit do
  local oldest = redis.call('ZPOPMIN', order)[1]
  if not oldest then redis.call('SET', total, 0) break end
  forget(oldest)
end
redis.call('SET', values .. key, data)
note(key, #data, bonus)
"""
)
_FORGET = (
    _INDEX
    + """
local gone = 0
for _, key in ipairs(ARGV) do gone = gone + forget(key) end
return gone
"""
)
# What nobody counts, such as after a crash of Redis, is counted again.
_ADOPT = (
    _INDEX
    + """
local size = redis.call('STRLEN', values .. ARGV[1])
if size == 0 or redis.call('HEXISTS', sizes, ARGV[1]) == 1 then return 0 end
note(ARGV[1], size, 0)
return 1
"""
)
_SUM = (
    _INDEX
    + """
local sum = 0
for _, size in ipairs(redis.call('HVALS', sizes)) do sum = sum + (tonumber(size) or 0) end
redis.call('SET', total, sum)
"""
)


def _checksum(key: str, data: bytes) -> bytes:
    # Over the key as well: a value that was moved to another key is damage too.
    return int(isal_zlib.crc32(data, isal_zlib.crc32(key.encode()))).to_bytes(CHECKSUM_BYTES, "little")


def sealed(key: str, data: bytes) -> bytes:
    """Return data behind a checksum over its key and itself."""
    return b"".join((_checksum(key, data), data))


def unsealed(key: str, blob: bytes) -> bytes:
    """Return the data behind a checksum, or raise `CodecError` where they do not match."""
    data = blob[CHECKSUM_BYTES:]
    if blob[:CHECKSUM_BYTES] != _checksum(key, data):
        raise CodecError("a stored value does not match its checksum: it was damaged.")
    return data


class RedisStore:
    """Keep at most a number of bytes in a Redis, the oldest forgotten first, those that took long to compute later.

    Parameters
    ----------
    address : str
        ``redis://`` or ``rediss://``; version 5 or newer, and no cluster.
    limit : int
        Bytes of values. One larger than an eighth of it is not kept.

    Raises
    ------
    StoreError
        Where the address cannot be read.
    """

    tier = "redis"

    def __init__(self, address: str, limit: int = 1_000_000_000) -> None:
        self.limit = limit
        self.link = RedisLink(address)
        self._lock = Lock()
        self._hits = self._misses = self._damaged = 0

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        data = None
        try:
            blob = self.link.ask(lambda redis: cast(bytes | None, redis.get(VALUES + key)), None)
            data = None if blob is None else unsealed(key, blob)
        except (CodecError, ResponseError):
            self._drop(key)
        with self._lock:
            self._hits += data is not None
            self._misses += data is None
        return None if data is None else Blob(data, self.tier)

    def get_all(self, keys: Iterable[str]) -> dict[str, Blob]:
        """Return the bytes of those of some keys that are held, by few questions; what is no string counts as none."""
        asked, found = list(keys), dict[str, Blob]()
        for at in range(0, len(asked), TOGETHER):
            found |= self._together(asked[at : at + TOGETHER])
        with self._lock:
            self._hits += len(found)
            self._misses += len(asked) - len(found)
        return found

    def _together(self, keys: Sequence[str]) -> dict[str, Blob]:
        names, none = [VALUES + key for key in keys], list[bytes | None]()
        blobs = self.link.ask(lambda redis: cast(list[bytes | None], redis.mget(names)), none)
        found = {}
        for key, blob in zip(keys, blobs, strict=False):
            try:
                if blob is not None:
                    found[key] = Blob(unsealed(key, blob), self.tier)
            except CodecError:
                self._drop(key)
        return found

    def _drop(self, key: str) -> None:
        """Forget a damaged value, and count it."""
        self.delete(key)
        with self._lock:
            self._damaged += 1

    def set(self, key: str, data: Data, *, wait: bool = False, cost: float = 0.0) -> None:  # noqa: ARG002
        """Keep bytes under a key; a fault is counted and nothing is kept."""
        blob = sealed(key, made(data))
        if len(blob) > self.limit // LARGEST_SHARE:
            blob = b""
        bonus = min(BONUS_SECONDS * cost / max(1, len(blob)), MOST_BONUS_SECONDS)
        self._run(_SET, key.encode(), blob, bonus, self.limit)

    def _run(self, script: str, *values: bytes | float) -> int:
        """Run a script; where the index itself is damaged, begin a new one and run it once more."""

        def asked(redis: "Redis") -> int:
            return int(cast(int | None, redis.register_script(script)(args=list(values))) or 0)

        for _ in range(2):
            with suppress(ResponseError):
                return self.link.ask(asked, 0, writes=script is _SET)
            self.link.ask(lambda redis: redis.unlink(SIZES, ORDER, TOTAL), None)
            with self._lock:
                self._damaged += 1
        return 0

    def __contains__(self, key: str) -> bool:
        return bool(self.link.ask(lambda redis: redis.exists(VALUES + key), 0))

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        self._run(_FORGET, key.encode())

    def _names(self, prefix: str = "") -> list[bytes]:
        """Return the names of all values that begin with a prefix, without their namespace."""
        pattern = VALUES + _GLOB.sub(r"\\\g<0>", prefix) + "*"

        def scanned(redis: "Redis") -> list[bytes]:
            return [name[len(VALUES) :] for name in redis.scan_iter(match=pattern, count=PAGE)]

        none: list[bytes] = []
        return list(dict.fromkeys(self.link.ask(scanned, none)))

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys held that begin with a prefix."""
        for name in self._names(prefix):
            with suppress(UnicodeDecodeError):
                yield name.decode()

    def _sizes(self) -> dict[bytes, int]:
        def scanned(redis: "Redis") -> dict[bytes, int]:
            pairs = redis.hscan_iter(SIZES, count=PAGE)
            return {key: int(size) for key, size in pairs if size.isdigit()}

        with suppress(ResponseError):
            return self.link.ask(scanned, {})
        return {}

    def used(self, prefix: str = "") -> int:
        """Return how many bytes are held under keys that begin with a prefix."""
        return sum(size for key, size in self._sizes().items() if key.startswith(prefix.encode()))

    def clear(self, prefix: str = "") -> int:
        """Forget what this namespace holds under keys that begin with a prefix; return how many entries that were."""
        names = self._names(prefix)
        gone = sum(self._run(_FORGET, *names[at : at + PAGE]) for at in range(0, len(names), PAGE))
        if not prefix:
            self.link.ask(lambda redis: redis.unlink(SIZES, ORDER, TOTAL), None)
        return gone

    def stats(self) -> list[TierStats]:
        """Return what it holds."""

        def counted(redis: "Redis") -> tuple[int, int]:
            total = cast(bytes | None, redis.get(TOTAL)) or b"0"
            return redis.zcard(ORDER), int(total) if total.isdigit() else 0

        entries = used = 0
        with suppress(ResponseError):
            entries, used = self.link.ask(counted, (0, 0))
        with self._lock:
            errors, detail = self.link.errors + self._damaged, self.link.detail
            if self._damaged and not detail:
                detail = "a stored value was damaged; it was dropped and computed again."
            return [TierStats(self.tier, entries, used, self.limit, self._hits, self._misses, errors, detail)]

    def check(self) -> list[str]:
        """Verify every value against its checksum, and the index against the values.

        Returns
        -------
        list of str
            A sentence a fault; what is damaged has been dropped.
        """
        names = self._names()
        faults = [fault for name in names if (fault := self._fault(name))]
        adopted = sum(self._run(_ADOPT, name) for name in names)
        faults += [f"{adopted} values were in no count; they are counted again."] if adopted else []
        # What Redis evicted by itself is no fault.
        for gone in self._sizes().keys() - set(names):
            self._run(_FORGET, gone)
        self._run(_SUM)
        return faults + ([self.link.detail] if self.link.detail else [])

    def _fault(self, name: bytes) -> str:
        """Drop what is not a value of ours, and say what it was; return nothing where it is whole."""
        try:
            key = name.decode()
            blob = self.link.ask(lambda redis: cast(Any, redis.get(VALUES.encode() + name)), None)
            if blob is not None:
                unsealed(key, blob)
        except (CodecError, ResponseError, UnicodeDecodeError):
            self._run(_FORGET, name)
            return f"the value of {name.decode(errors='replace')!r} was damaged; it was dropped."
        return ""

    def close(self) -> None:
        """Close the connections. The store may be used no more."""
        self.link.close()
