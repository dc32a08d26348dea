"""Idle time: work that nobody waits for yet is done only while nothing else is, and makes way at its next check."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from app.pipeline.errors import BusyError, SupersededError
from app.pipeline.flights import Flights
from app.pipeline.stopping import stoppable


class Idle:
    """The idle time of this process. Safe for threads.

    Parameters
    ----------
    flights : iterable of Flights
        All that it computes.
    """

    def __init__(self, flights: Iterable[Flights]) -> None:
        self._flights = tuple(flights)
        self._taken = Lock()

    @contextmanager
    def only(self) -> Iterator[None]:
        """Compute within only while no other thread does, one caller at a time; what is stored is read at any time.

        Raises
        ------
        BusyError
            Where something must be computed and another computation is under way, or begins meanwhile. Where that one
            waits for this one's result, this one goes on.
        """
        mine = self._taken.acquire(blocking=False)
        try:
            with stoppable(self._occupied if mine else lambda: True):
                yield
        except SupersededError as error:
            raise BusyError("the server has no idle time: ask again in a second.") from error
        finally:
            if mine:
                self._taken.release()

    def _occupied(self) -> bool:
        return any(one.others() for one in self._flights)
