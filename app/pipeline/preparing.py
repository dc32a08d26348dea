"""Long preparations: begun once, in the background, and followed by any number of askers."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition, Lock
from typing import Any, TypeAlias

from app.pipeline.errors import StoppedError

Report: TypeAlias = Callable[[float, str], None]
# A follower looks at least this often, so that one whose client has gone ends soon.
BEAT_SECONDS = 1.0
AT_ONCE = 2


class _Job:
    def __init__(self) -> None:
        self.changed = Condition()
        self.now = (0.0, "reading")
        self.future: Future[Any] | None = None
        self.stopped = False

    def report(self, fraction: float, message: str) -> None:
        if self.stopped:
            raise StoppedError("it was stopped: reload the page to begin again.")
        with self.changed:
            self.now = (fraction, message)
            self.changed.notify_all()

    def wake(self, _: Future[Any]) -> None:
        with self.changed:
            self.changed.notify_all()

    def wait(self) -> tuple[float, str] | None:
        """Return the progress after a change or a beat, or None at the end; raise what the work raised."""
        with self.changed:
            if self.future is not None and not self.future.done():
                self.changed.wait(BEAT_SECONDS)
            if self.future is None or not self.future.done():
                return self.now
        self.future.result()
        return None


class Preparing:
    """Work under way, by key. Safe for threads.

    Parameters
    ----------
    at_once : int
        Jobs that are done side by side; others wait.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._lock = Lock()
        self._jobs: dict[str, _Job] = {}
        self._pool = ThreadPoolExecutor(at_once, "prepare")

    def begin(self, key: str, work: Callable[[Report], Any]) -> None:
        """Begin work unless it is under way; nobody follows it, and its errors are its own."""
        with self._lock:
            if key not in self._jobs:
                self._begun(key, work)

    def stop(self, key: str) -> bool:
        """Let work end at its next report, with `StoppedError`; return whether it was under way."""
        with self._lock:
            job = self._jobs.get(key)
        if job:
            job.stopped = True
        return job is not None

    def follow(self, key: str, work: Callable[[Report], Any]) -> Iterator[tuple[float, str]]:
        """Begin work unless it is under way, and yield its progress until it ends.

        Parameters
        ----------
        key : str
        work : callable
            Takes a callback for a fraction and a message. Runs to its end, or `stop`, whoever stops following.

        Raises
        ------
        Exception
            What the work raised.
        """
        with self._lock:
            job = self._jobs.get(key) or self._begun(key, work)
        yield job.now
        while (now := job.wait()) is not None:
            yield now
        yield 1.0, "done"

    def _begun(self, key: str, work: Callable[[Report], Any]) -> _Job:
        job = self._jobs[key] = _Job()

        def run() -> None:
            try:
                work(job.report)
            finally:
                # What the work made is its maker's to keep; a job that has ended is nobody's.
                with self._lock:
                    del self._jobs[key]

        job.future = self._pool.submit(run)
        job.future.add_done_callback(job.wake)
        return job

    def close(self) -> None:
        """Stop work under way at its next report; begin no more."""
        with self._lock:
            for job in self._jobs.values():
                job.stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)
