"""What requests and stages amount to in one process, and what the store holds, as Prometheus metrics.

Owns names, labels and units. Labels come from our own routes, stages and tiers, never from what a client wrote, so that
their number stays bounded.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.pipeline.run import Event
from app.runtime import Runtime

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Counts:
    """The metrics of one process.

    Parameters
    ----------
    runtime : Runtime
        Whose store, lanes and work under way are read when the metrics are.

    Notes
    -----
    Safe for threads. Labelled counters are looked up once: 1 µs each from then on.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        requests = Counter("stageboard_requests", "Requests answered.", ("route", "status"), registry=self.registry)
        seconds = Histogram(
            "stageboard_request_seconds",
            "Time until an answer began.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        stages = Counter("stageboard_stages", "What became of stages.", ("stage", "how"), registry=self.registry)
        spent = Counter("stageboard_stage_seconds", "Time that stages took.", ("stage", "how"), registry=self.registry)
        self.registry.register(_Engine(runtime))
        self._requests = cache(lambda route, status: requests.labels(route, str(status)))
        self._seconds = cache(seconds.labels)
        self._stages = cache(lambda stage, how: (stages.labels(stage, how), spent.labels(stage, how)))

    def add(self, route: str, status: int, seconds: float, events: Iterable[Event]) -> None:
        """Count a request, and what became of the stages that it asked for."""
        self._requests(route, status).inc()
        self._seconds(route).observe(seconds)
        for event in events:
            if event.how != "unneeded":
                number, time = self._stages(event.stage, event.how)
                number.inc()
                time.inc(event.ms / 1e3)


class _Engine(Collector):
    """What the engine counts by itself, read when it is asked for."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def collect(self) -> Iterator[Metric]:
        tiers = self.runtime.store.stats()
        for name, text in (
            ("entries", "Results that a tier holds."),
            ("bytes", "Bytes that a tier holds."),
            # Counted in the tier itself, by all processes since it was made: no counter of one of them.
            ("evicted", "Results that went for want of room."),
        ):
            yield _gauge(f"stageboard_store_{name}", text, [(one.tier, getattr(one, name)) for one in tiers])
        yield _gauge("stageboard_store_queued", "Results to be written.", [(one.tier, one.queued) for one in tiers])
        for name, text in (
            ("hits", "Results found in a tier."),
            ("misses", "Results not found in a tier."),
            ("errors", "Reads and writes that a tier could not do."),
            ("damaged", "Results found damaged and put aside."),
        ):
            yield _counter(f"stageboard_store_{name}", text, [(one.tier, getattr(one, name)) for one in tiers])
        under_way = sum(one.flights.under_way for one in self.runtime.pipelines.values())
        yield GaugeMetricFamily("stageboard_computing", "Results under way.", value=under_way)
        superseded = self.runtime.lanes.superseded
        yield CounterMetricFamily("stageboard_superseded", "Runs that a newer view ended.", value=superseded)


def _gauge(name: str, text: str, values: Sequence[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("tier",))
    for tier, value in values:
        family.add_metric((tier,), value)
    return family


def _counter(name: str, text: str, values: Sequence[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=("tier",))
    for tier, value in values:
        family.add_metric((tier,), value)
    return family
