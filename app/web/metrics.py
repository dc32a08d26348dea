"""The metrics of all workers as one text, whichever of them is asked.

Each worker puts its own on a board of shared memory every few seconds; the one that is asked adds the others'. What a
worker that is gone had counted stays in the sums.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from threading import Thread
from time import perf_counter, sleep
from typing import Final, NamedTuple, cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.runtime import Runtime
from app.timing import noted
from app.web.board import RETIRED, Board
from app.web.counts import Counts

EXTENSION: Final = "stageboard.metrics"
PAUSE: Final = 5.0
"""Seconds between two writings to the board: what the others' figures may be late by."""

_LOG = logging.getLogger(__name__)


class Row(NamedTuple):
    """One sample of one process."""

    kind: str
    family: str
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Metrics(Collector):
    """Count what an app answers, and tell it for all workers.

    Parameters
    ----------
    runtime : Runtime
    """

    def __init__(self, runtime: Runtime) -> None:
        self.counts = Counts(runtime)
        self._board: Board | None = None
        self._place = RETIRED

    def attach(self, server: Flask) -> None:
        """Count every request of an app that keeps a journal, and make this the app's `current`."""
        server.extensions[EXTENSION] = self
        server.after_request(self._end)

    def _end(self, response: Response) -> Response:
        rule = request.url_rule
        self.counts.add(rule.rule if rule else "none", response.status_code, perf_counter() - g.began, noted())
        return response

    def publish(self, board: Board, place: int) -> None:
        """Put this process's metrics on a board, now and every few seconds."""
        self._board, self._place = board, place
        Thread(target=self._publish_always, name="metrics", daemon=True).start()

    def publish_now(self) -> None:
        """Put them there once more, such as before the process ends."""
        if self._board is not None and not self._board.write(self._place, _packed(self._own())):
            _LOG.warning("the metrics of this worker do not fit their place: they are missing from the sums.")

    def _publish_always(self) -> None:
        while True:
            self.publish_now()
            sleep(PAUSE)

    def text(self) -> bytes:
        """Return the metrics of all workers in Prometheus' text format."""
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """Yield each family with the sums over all workers."""
        own = self._own()
        others = self._board.others(self._place) if self._board else iter(())
        rows = summed([*own, *(row for data in others for row in _unpacked(data))])
        about = {one.name: one for one in self.counts.registry.collect()}
        for name, family in about.items():
            whole = Metric(name, family.documentation, family.type)
            for row in rows:
                if row.family == name:
                    whole.add_sample(row.name, dict(row.labels), row.value)
            yield whole

    def _own(self) -> list[Row]:
        return [
            Row(family.type, family.name, one.name, tuple(sorted(one.labels.items())), float(one.value))
            for family in self.counts.registry.collect()
            for one in family.samples
            if not one.name.endswith("_created")
        ]


def of(server: Flask) -> Metrics:
    """Return the metrics of an app."""
    return cast(Metrics, server.extensions[EXTENSION])


def current() -> Metrics:
    """Return the metrics of the app that is answering."""
    return of(current_app)


def retire(board: Board, place: int) -> None:
    """Keep what a process that is gone had counted, and free its place. For the one process that starts the others."""
    rows = [*_unpacked(board.read(RETIRED)), *_unpacked(board.read(place))]
    board.write(RETIRED, _packed(summed(row for row in rows if row.kind != "gauge")))
    board.write(place, b"")


def summed(rows: Iterable[Row]) -> list[Row]:
    """Return one row for all that differ in their value alone: their sum, or the largest of what processes share.

    Examples
    --------
    >>> disk = ("gauge", "held", "held", (("tier", "disk"),))
    >>> memory = ("gauge", "held", "held", (("tier", "memory"),))
    >>> [row.value for row in summed([Row(*disk, 2), Row(*memory, 2), Row(*disk, 3), Row(*memory, 3)])]
    [3, 5]
    """
    sums: dict[Row, float] = {}
    for row in rows:
        key = row._replace(value=0)
        before = sums.get(key, 0)
        sums[key] = max(before, row.value) if _is_shared(row) else before + row.value
    return [key._replace(value=value) for key, value in sums.items()]


def _is_shared(row: Row) -> bool:
    """Whether processes count the same things: what a tier below memory holds, but not what waits to be written."""
    tier = dict(row.labels).get("tier", "memory")
    return row.kind == "gauge" and tier != "memory" and not row.family.endswith("_queued")


def _packed(rows: Iterable[Row]) -> bytes:
    return json.dumps(list(rows), separators=(",", ":")).encode()


def _unpacked(data: bytes) -> Iterator[Row]:
    for kind, family, name, labels, value in json.loads(data or b"[]"):
        yield Row(kind, family, name, tuple((key, text) for key, text in labels), value)
