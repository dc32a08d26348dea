"""Token buckets: how much each of many may ask for at once, and for long.

Owns the arithmetic and the bound on memory; knows nothing of requests. It counts for one process.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic


class Buckets:
    """A bucket of tokens for each name, filled at a steady rate.

    Parameters
    ----------
    rate : float
        Tokens a second.
    room : float
        Tokens that a full bucket holds. A new one is full.
    most : int
        Names that are remembered; those unused for longest are forgotten first, and so begin full again.
    clock : callable
        Seconds that never go back.

    Notes
    -----
    Safe for threads. Some 1 µs.

    Examples
    --------
    >>> buckets = Buckets(rate=2, room=10, clock=lambda: 0.0)
    >>> buckets.take("ada", 8), buckets.take("ada", 8), buckets.take("eve", 8)
    (0.0, 3.0, 0.0)
    """

    def __init__(self, rate: float, room: float, most: int = 20_000, clock: Callable[[], float] = monotonic) -> None:
        self.rate, self.room, self.clock = rate, room, clock
        self._most = most
        self._held: dict[str, tuple[float, float]] = {}  # the last used last
        self._lock = Lock()

    def take(self, name: str, tokens: float) -> float:
        """Take tokens from a bucket.

        Parameters
        ----------
        name : str
        tokens : float
            At most `room`.

        Returns
        -------
        float
            0 where they were there. Else nothing is taken, and this is how many seconds to wait for them.
        """
        now = self.clock()
        with self._lock:
            held, before = self._held.pop(name, (self.room, now))
            held = min(self.room, held + (now - before) * self.rate)
            enough = held >= tokens
            self._held[name] = (held - tokens if enough else held, now)
            if len(self._held) > self._most:
                del self._held[next(iter(self._held))]
        return 0.0 if enough else (tokens - held) / self.rate
