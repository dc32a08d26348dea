"""Single flight: of all threads that want a key, one computes it and the others wait for its result."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple


class Claims(NamedTuple):
    """What a caller must compute, and what others are computing already."""

    mine: dict[str, "Future[Any]"]
    others: dict[str, "Future[Any]"]


class Flights:
    """The computations under way in this process, by key. Safe for threads.

    Notes
    -----
    Who claims several keys settles its own before it waits for those of others; parents are settled before children. So
    no two callers wait for each other.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: dict[str, Future[Any]] = {}

    def do(self, key: str, compute: Callable[[], Any]) -> tuple[Any, bool]:
        """Return a key's result, and whether it was computed by this call."""
        claims = self.claim([key])
        if claims.others:
            return claims.others[key].result(), False
        with self.settling(claims) as results:
            results[key] = compute()
        return results[key], True

    def claim(self, keys: Iterable[str]) -> Claims:
        """Claim each key that nobody computes, and find the futures of the rest."""
        claims = Claims({}, {})
        with self._lock:
            for key in keys:
                if key in claims.mine:
                    continue
                if key in self._under_way:
                    claims.others[key] = self._under_way[key]
                else:
                    claims.mine[key] = self._under_way[key] = Future()
        return claims

    @contextmanager
    def settling(self, claims: Claims) -> Iterator[dict[str, Any]]:
        """Fill in the results of claimed keys; they are handed out at the end, or the error is. It is kept nowhere."""
        results: dict[str, Any] = {}
        try:
            yield results
            made = {key: results[key] for key in claims.mine}
        except BaseException as error:  # whatever it is, those who wait must hear of it; it is raised here as well
            for future in claims.mine.values():
                future.set_exception(error)
            raise
        else:
            for key, future in claims.mine.items():
                future.set_result(made[key])
        finally:
            with self._lock:
                for key in claims.mine:
                    self._under_way.pop(key, None)
