"""Uploads looked after while a process serves: what was deleted elsewhere is forgotten here, what has ended is swept.

Owns the thread, and how often it looks; what it does is `Uploads.tidy` and `Uploads.sweep`.
"""

from threading import Event, Thread

from app.datasets.uploads.keeping import Uploads

TEND_SECONDS = 5.0
"""How often it looks for what others have deleted; sweeping is seldom due."""


class Tending:
    """Looks after uploads in the background, until it is closed.

    Parameters
    ----------
    uploads : Uploads
    seconds : float
        Between two looks.
    """

    def __init__(self, uploads: Uploads, seconds: float = TEND_SECONDS) -> None:
        self._uploads, self._seconds = uploads, seconds
        self._closed = Event()

    def begin(self) -> None:
        """Start the thread. A process that forks begins in its children."""
        Thread(target=self._tend, name="tending", daemon=True).start()

    def _tend(self) -> None:
        while not self._closed.wait(self._seconds):
            self._uploads.tidy()
            self._uploads.sweep()

    def close(self) -> None:
        """Look a last time, and let the thread end."""
        self._closed.set()
        self._uploads.tidy()
