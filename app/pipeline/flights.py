"""Single flight: of all threads that want a key, one computes it and the others wait for its result.

What nobody wants any more stops: who leads goes on as long as it is wanted itself or anyone waits for its keys. Who
waits never hears that a leader stopped, and leads in its place.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any, NamedTuple

from app.pipeline.errors import SupersededError
from app.pipeline.stopping import Stop, checkpoint, question, stoppable

LOOK_SECONDS = 0.008
"""How often who waits asks itself whether it is still wanted."""


class Flight(Future[Any]):
    """A computation under way: its result to come, the thread that leads it, and how many wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.leader = get_ident()
        self.waiting = 0


class Claims(NamedTuple):
    """What a caller must compute, and what others are computing already."""

    mine: dict[str, Flight]
    others: dict[str, Flight]


class Flights:
    """The computations under way in this process, by key. Safe for threads.

    Notes
    -----
    Who claims several keys settles its own before it waits for those of others; parents are settled before children. So
    no two callers wait for each other.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: dict[str, Flight] = {}

    @property
    def under_way(self) -> int:
        """How many keys are being computed; each process counts its own."""
        return len(self._under_way)

    def computing(self, prefix: str) -> bool:
        """Whether any key that begins with a prefix is being computed, in this process."""
        with self._lock:
            return any(key.startswith(prefix) for key in self._under_way)

    def others(self) -> int:
        """Return how many keys other threads than this one are computing."""
        me = get_ident()
        with self._lock:
            return sum(flight.leader != me for flight in self._under_way.values())

    def do(self, key: str, compute: Callable[[], Any]) -> tuple[Any, bool]:
        """Return a key's result, and whether it was computed by this call."""
        while True:
            claims = self.claim([key])
            if claims.mine:
                with self.settling(claims) as results:
                    results[key] = compute()
                return results[key], True
            found = self.wait(claims)
            if key in found:
                return found[key], False

    def claim(self, keys: Iterable[str]) -> Claims:
        """Claim each key that nobody computes, and find the flights of the rest, which `wait` must be called for."""
        claims = Claims({}, {})
        with self._lock:
            for key in keys:
                if key in claims.mine or key in claims.others:
                    continue
                if key in self._under_way:
                    claims.others[key] = self._under_way[key]
                    claims.others[key].waiting += 1
                else:
                    claims.mine[key] = self._under_way[key] = Flight()
        return claims

    def wait(self, claims: Claims) -> dict[str, Any]:
        """Return the results of what others compute, without those keys whose leaders stopped: claim these again.

        Raises
        ------
        SupersededError
            Where the caller should stop itself, a few ms later at most.
        """
        found = {}
        try:
            for key, flight in claims.others.items():
                if not isinstance(_outcome(flight), SupersededError):
                    found[key] = flight.result()
        finally:
            self._leave(claims)
        return found

    @contextmanager
    def settling(self, claims: Claims) -> Iterator[dict[str, Any]]:
        """Fill in the results of claimed keys; they are handed out at the end, or the error is. It is kept nowhere."""
        results: dict[str, Any] = {}
        try:
            with stoppable(_unless_awaited(claims)):
                yield results
            made = {key: results[key] for key in claims.mine}
        except BaseException as error:  # whatever it is, those who wait must hear of it; it is raised here as well
            self._leave(claims)
            self._land(claims)
            for flight in claims.mine.values():
                flight.set_exception(error)
            raise
        self._land(claims)
        for key, flight in claims.mine.items():
            flight.set_result(made[key])

    def _land(self, claims: Claims) -> None:
        # Before who waits is told: who then claims again must not find a flight that is over.
        with self._lock:
            for key in claims.mine:
                self._under_way.pop(key, None)

    def _leave(self, claims: Claims) -> None:
        with self._lock:
            for flight in claims.others.values():
                flight.waiting -= 1


def _outcome(flight: Flight) -> BaseException | None:
    """Return what became of a flight, once it is over; stop where the one who waits should."""
    while question() and not flight.done():
        checkpoint()
        wait([flight], LOOK_SECONDS)
    return flight.exception()


def _unless_awaited(claims: Claims) -> Stop | None:
    """Return the question of who leads: it stops only where it should anyway and nobody waits for it."""
    stop = question()
    if stop is None:
        return None
    return lambda: stop() and not any(flight.waiting for flight in claims.mine.values())
