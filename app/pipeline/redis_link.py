"""A Redis that may be away, slow or full: asked with short patience, and left alone for a while after a fault.

Owns the connection, what was wrong with it, and the sentence that says so. An address may hold a password: no sentence
quotes one, nor the text of an error that might.
"""

from collections.abc import Callable
from ssl import SSLCertVerificationError
from threading import Condition, Lock
from time import monotonic
from typing import TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - the library's own, unrelated to the builtin
)
from redis.retry import Retry

from app.pipeline.errors import StoreError

ANSWER_SECONDS = 0.2
"""How long an answer, or a connection, is waited for."""
REST_SECONDS = 3.0
"""How long it is left alone after a fault; then one caller tries it again while the others still go without."""

CLOSE_SECONDS = 2.0
"""How long a question that is under way may delay the end."""

Answer = TypeVar("Answer")


class RedisLink:
    """One Redis, asked by any thread; a fault is counted, and the caller gets its default instead.

    Parameters
    ----------
    address : str
        ``redis://`` or, by TLS, ``rediss://``, as redis-py reads them.

    Raises
    ------
    StoreError
        Where the address cannot be read. Whether anything answers there is found out at the first question.

    Attributes
    ----------
    errors : int
        Faults since this process began; what is not even asked is no fault.
    """

    def __init__(self, address: str) -> None:
        try:
            self._redis = Redis.from_url(
                address,
                protocol=2,
                socket_timeout=ANSWER_SECONDS,
                socket_connect_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            facts = self._redis.connection_pool.connection_kwargs
            self.where = f"{facts.get('host', 'localhost')}:{facts.get('port', 6379)}"
        except (ValueError, TypeError):
            raise StoreError(
                "the address of Redis cannot be read: give redis://USER:PASSWORD@HOST:PORT/NUMBER, "
                "with what is special in a password written as %XX."
            ) from None
        self.errors = 0
        self._fault = self._refusal = ""
        self._retry_at = 0.0
        self._lock = Lock()
        self._idle = Condition(self._lock)
        self._asking = 0
        self._closed = False

    @property
    def detail(self) -> str:
        """A plain sentence where it is not at its best."""
        return self._fault or self._refusal

    def ask(self, question: Callable[["Redis"], Answer], otherwise: Answer, *, writes: bool = False) -> Answer:
        """Return the answer to a question, or a default where there is none.

        Parameters
        ----------
        question : callable
            Takes the client.
        otherwise : any
            What is returned after a fault, and while Redis is left alone.
        writes : bool
            Whether a full Redis may refuse it.

        Raises
        ------
        ResponseError
            Where Redis answered that it cannot do this with what it holds, such as a value of another type.
        """
        if not self._begin():
            return otherwise
        try:
            answer = question(self._redis)
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                self._answered(writes=False)
                raise
            self._refused(error)
        except (RedisError, OSError) as error:
            self._failed(error)
        else:
            self._answered(writes)
            return answer
        finally:
            self._end()
        return otherwise

    def _begin(self) -> bool:
        """Whether to ask now: not while it is left alone, and only one caller tries it again."""
        with self._lock:
            if self._closed or monotonic() < self._retry_at:
                return False
            if self._retry_at:
                self._retry_at = monotonic() + REST_SECONDS
            self._asking += 1
            return True

    def _end(self) -> None:
        with self._lock:
            self._asking -= 1
            self._idle.notify_all()

    def _answered(self, writes: bool) -> None:
        if self._retry_at or (writes and self._refusal):
            with self._lock:
                self._retry_at, self._fault = 0.0, ""
                if writes:
                    self._refusal = ""

    def _refused(self, error: ResponseError) -> None:
        """Count what a Redis that answers does not do; what it holds can still be read."""
        full = isinstance(error, OutOfMemoryError)
        reason = "is full: raise its maxmemory, or let it evict" if full else f"refused to write: {error}"
        with self._lock:
            self.errors += 1
            self._retry_at, self._fault = 0.0, ""
            self._refusal = f"Redis at {self.where} {reason}. What it holds is read; new results are not kept in it."

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self.errors += 1
            self._retry_at = monotonic() + REST_SECONDS
            self._fault = f"Redis at {self.where} {_reason(error)}. Results are computed again."

    def close(self) -> None:
        """Close every connection, and ask no more."""
        with self._lock:
            self._closed = True
            # A connection that is closed under a question fails in ways that are no fault of Redis.
            self._idle.wait_for(lambda: not self._asking, CLOSE_SECONDS)
        self._redis.close()


def _reason(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return "does not accept the user or password"
    if isinstance(error, BusyLoadingError):
        return "is still loading"
    if isinstance(error, TimeoutError):
        return f"did not answer within {ANSWER_SECONDS} seconds"
    if isinstance(error.__context__, SSLCertVerificationError):
        return f"has a certificate that is not trusted: {error.__context__.verify_message.rstrip('.')}"
    return "cannot be reached"
