"""Running a graph: a demanded stage is read from the store where it is there, and computed where it is not.

Nothing above a stored result is touched. The pipeline knows neither Dash nor data sets; a `Root` gives it the data.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import perf_counter
from typing import Any, Literal, NamedTuple, TypeAlias

from cachetools import LRUCache

from app.pipeline.errors import GraphError
from app.pipeline.flights import Flights
from app.pipeline.graph import Graph
from app.pipeline.kept import Kept
from app.pipeline.leases import Everyone, Lessor
from app.pipeline.run import Event, Root, Run, scope_of
from app.pipeline.stores.base import Store

Step: TypeAlias = Literal["run", "reuse"]
RESIDENTS = 64


class Result(NamedTuple):
    """A stage's value, and what became of it and of all that it stands on, parents first."""

    value: Any
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class TraceRow:
    """What one change of parameters made run.

    Parameters
    ----------
    changed : tuple of str
        The parameters that got another value; empty for the first run.
    ran, hits : tuple of str
        The stages that were computed, and those whose results were reused or not even needed.
    ms : float
    parts : mapping
        Parts ran and hit, by stage.
    remarks : mapping
        What stages said of their work, such as how many rows they read, by stage.
    """

    changed: tuple[str, ...]
    ran: tuple[str, ...]
    hits: tuple[str, ...]
    ms: float
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    remarks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def row_of(changed: tuple[str, ...], events: Sequence[Event], ms: float) -> TraceRow:
    """Return the trace row of a run."""
    ran = tuple(one.stage for one in events if one.how == "ran")
    hits = tuple(one.stage for one in events if one.how != "ran")
    parts = {one.stage: (one.parts_ran, one.parts_hit) for one in events if one.parts_ran or one.parts_hit}
    remarks = {one.stage: dict(one.remarks) for one in events if one.remarks}
    return TraceRow(changed, ran, hits, round(ms, 2), parts, remarks)


class Pipeline:
    """A graph on a store. Safe for threads; one serves all sessions.

    Parameters
    ----------
    graph : Graph
    store : Store
    residents : int
        How many values that cannot be bytes are kept in this process.
    kept : Kept, optional
        Where arrays are kept beside their bytes. Pipelines may share it where they share the store.
    lessor : Lessor, optional
        Lets keys out to the processes that share the store: each result is computed by one of them.
    """

    def __init__(
        self,
        graph: Graph,
        store: Store,
        residents: int = RESIDENTS,
        kept: Kept | None = None,
        lessor: Lessor | None = None,
    ) -> None:
        self.graph = graph
        self.store = store
        self.lessor: Lessor = lessor or Everyone()
        self.flights = Flights()
        self.residents: LRUCache[str, Any] = LRUCache(residents)
        self.kept = kept or Kept()
        self.lock = Lock()

    def key(self, root: Root, target: str, params: Mapping[str, Any]) -> str:
        """Return the content key of a stage under some parameters."""
        return self.graph.keys(target, root.fingerprint, params, scope_of(root))[target]

    def plan(self, root: Root, target: str, params: Mapping[str, Any]) -> dict[str, Step]:
        """Return what a run would do with each stage, without running any.

        A stage is reused where it, or a stage below it, is stored. A stage in parts is planned to run where any part
        is missing.
        """
        run = Run(self, root, target, params)
        needed = {target}
        plan: dict[str, Step] = {}
        for one in reversed(run.lineage):
            plan[one.name] = "run" if one.name in needed and not run.stored(one) else "reuse"
            if plan[one.name] == "run":
                needed.update(one.parents)
        return dict(reversed(plan.items()))

    def run(self, root: Root, target: str, params: Mapping[str, Any]) -> Result:
        """Return a stage's value, computing what is missing.

        Parameters
        ----------
        root : Root
        target : str
            The name of a stage.
        params : mapping
            A value for each parameter that the stage and its ancestors declare.

        Raises
        ------
        UnknownNameError, ParameterError
            For a stage or parameter that does not exist, or a parameter that is missing.
        """
        run = Run(self, root, target, params)
        return Result(run.value(target), run.report())

    def part(
        self, root: Root, target: str, params: Mapping[str, Any], part: Any, also: Sequence[Any] = ()
    ) -> tuple[bytes, tuple[Event, ...]]:
        """Return the stored bytes of one part of a stage in parts.

        Parameters
        ----------
        root, target, params
            As for `run`, but for the parameters that choose parts.
        part : plain
            As the stage's ``split`` names it.
        also : sequence of plain
            Further parts to compute in the same call where this one is missing.

        Returns
        -------
        bytes
            As the stage's codec wrote them.
        tuple of Event
        """
        if self.graph[target].parts is None:
            raise GraphError(f"stage {target!r} has no parts: use run().")
        run = Run(self, root, target, params)
        wanted = [part] if run.has_part(target, part) else [part, *also]
        return run.blobs(self.graph[target], wanted, 1)[0], run.report()

    def let_go(self, scope: str) -> bool:
        """Let go of what this process alone holds of a scope: opened files and arrays; the store keeps its own.

        Returns
        -------
        bool
            Whether that was all; False where more of it is being computed here.
        """
        settled = not self.flights.computing(scope)
        with self.lock:
            for key in [one for one in self.residents if one.startswith(scope)]:
                del self.residents[key]
        self.kept.drop_all(scope)
        return settled

    def trace(
        self, root: Root, target: str, params: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]
    ) -> Iterator[TraceRow]:
        """Run a target, then once more after each change of its parameters, and yield what ran each time."""
        now = dict(params)
        yield self._traced(root, target, now, ())
        for change in changes:
            changed = tuple(name for name, value in change.items() if now.get(name) != value)
            now.update(change)
            yield self._traced(root, target, now, changed)

    def _traced(self, root: Root, target: str, params: Mapping[str, Any], changed: tuple[str, ...]) -> TraceRow:
        started = perf_counter()
        events = self.run(root, target, params).events
        return row_of(changed, events, (perf_counter() - started) * 1e3)
