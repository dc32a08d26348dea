"""One walk up a graph: from a demanded stage to what is stored, and back down through what is missing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from time import perf_counter
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from cachetools import LRUCache

from app.pipeline.codecs import Codec
from app.pipeline.errors import CodecError, unknown
from app.pipeline.flights import Flights
from app.pipeline.graph import Graph, part_base, part_key, pick, whole_key
from app.pipeline.remarks import remarked
from app.pipeline.stage import Stage
from app.pipeline.stopping import checkpoint
from app.pipeline.stores.base import Store

How: TypeAlias = Literal["ran", "shared", "memory", "disk", "unneeded"]


class Root(Protocol):
    """The data at the root of a graph."""

    @property
    def fingerprint(self) -> str:
        """What tells these data from all others."""
        ...

    def open(self) -> Any:
        """Return the data, for stages without parents. Called once while the result is kept."""
        ...


class Engine(Protocol):
    """What a run needs of its pipeline."""

    graph: Graph
    store: Store
    flights: Flights
    residents: LRUCache[str, Any]
    lock: Lock


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a stage in one run.

    Parameters
    ----------
    stage : str
    how : {'ran', 'shared', 'memory', 'disk', 'unneeded'}
        Computed here; computed by another thread meanwhile; read from that tier; or not even needed, since a stage
        below it was stored.
    ms : float
        Its own time, without its parents'.
    bytes : int
        Of its stored form.
    parts_ran, parts_hit : int
        For a stage in parts: how many were computed, and how many were there.
    remarks : tuple of (str, int)
        What the stage said of its work, such as how many rows it read.
    """

    stage: str
    how: How
    ms: float = 0.0
    bytes: int = 0
    parts_ran: int = 0
    parts_hit: int = 0
    remarks: tuple[tuple[str, int], ...] = ()


class _Found(NamedTuple):
    value: Any
    how: How
    ms: float
    bytes: int


def _ms(started: float) -> float:
    return (perf_counter() - started) * 1e3


def _tier(name: str) -> How:
    return "memory" if name == "memory" else "disk"


class Run:
    """One run of a pipeline for one root and one set of parameters. For one thread.

    Parameters
    ----------
    engine : Engine
        The pipeline.
    root : Root
    target : str
    params : mapping
        Parameters that no stage of the graph declares are refused.
    """

    def __init__(self, engine: Engine, root: Root, target: str, params: Mapping[str, Any]) -> None:
        known = {name for one in engine.graph.stages for name in one.all_params}
        for name in params:
            if name not in known:
                raise unknown("parameter", name, known)
        self.engine, self.root, self.params = engine, root, params
        self.lineage = engine.graph.lineage(target)
        self.events: dict[str, Event] = {}
        self._bases: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._remarks: dict[str, Counter[str]] = {}

    def report(self) -> tuple[Event, ...]:
        """Return what became of each stage, parents first."""
        events = (self.events.get(one.name, Event(one.name, "unneeded")) for one in self.lineage)
        return tuple(replace(one, remarks=tuple(sorted(self._remarks.get(one.stage, {}).items()))) for one in events)

    def stored(self, one: Stage) -> bool:
        """Whether a stage's value, or each of its parts, can be read."""
        if one.codec is None:
            return self._key(one) in self.engine.residents
        if one.parts is None:
            return self._key(one) in self.engine.store
        split = one.parts.split(**pick(one, one.parts.params, self.params))
        return all(self.has_part(one.name, part) for part in split)

    def has_part(self, name: str, part: Any) -> bool:
        """Whether one part of a stage can be read."""
        one = self.engine.graph[name]
        return part_key(one, self._base(one), part) in self.engine.store

    def value(self, name: str) -> Any:
        """Return a stage's value, and note what became of it."""
        if name not in self._values:
            one = self.engine.graph[name]
            self._values[name] = self._joined(one) if one.parts else self._whole(one)
        return self._values[name]

    def _base(self, one: Stage) -> str:
        """Return the hash of a stage's lineage, without what chooses its parts."""
        if one.name not in self._bases:
            parents = [self._key(self.engine.graph[parent]) for parent in one.parents]
            self._bases[one.name] = part_base(one, parents, self.root.fingerprint, self.params)
        return self._bases[one.name]

    def _key(self, one: Stage) -> str:
        return whole_key(one, self._base(one), self.params)

    def _call(self, one: Stage, **parts: Any) -> tuple[Any, float]:
        """Return the function's value, and when its own time began."""
        above = [self.value(parent) for parent in one.parents] or [self.root]
        # What waited long for its turn, or for its parents, may be wanted no more.
        checkpoint()
        started = perf_counter()
        with remarked() as said:
            value = one.function(*above, **parts, **pick(one, one.params, self.params))
        self._remarks[one.name] = self._remarks.get(one.name, Counter()) + said
        return value, started

    def _whole(self, one: Stage) -> Any:
        started, key = perf_counter(), self._key(one)
        found = self._read(one, key)
        if found is None:
            # Another thread may have finished between the look and the claim: look once more.
            found, led = self.engine.flights.do(key, lambda: self._read(one, key) or self._compute(one, key))
            found = found if led else found._replace(how="shared", ms=_ms(started))
        self.events[one.name] = Event(one.name, found.how, found.ms, found.bytes)
        return found.value

    def _read(self, one: Stage, key: str) -> _Found | None:
        if one.codec is None:
            with self.engine.lock:
                value = self.engine.residents.get(key)
            return None if value is None else _Found(value, "memory", 0.0, getattr(value, "nbytes", 0))
        started = perf_counter()
        blob = self.engine.store.get(key)
        if blob is None:
            return None
        try:
            return _Found(one.codec.decode(blob.data), _tier(blob.tier), _ms(started), len(blob.data))
        except CodecError:
            self.engine.store.delete(key)
            return None

    def _compute(self, one: Stage, key: str) -> _Found:
        value, started = self._call(one)
        if one.codec is not None:
            return _Found(value, "ran", _ms(started), len(self._keep(one, key, value)))
        with self.engine.lock:
            self.engine.residents[key] = value
        how: How = "disk" if getattr(value, "restored", False) else "ran"
        return _Found(value, how, _ms(started), getattr(value, "nbytes", 0))

    def _keep(self, one: Stage, key: str, value: Any) -> bytes:
        data = one.codec.encode(value) if one.codec else b""
        self.engine.store.set(key, data)
        return data

    def _joined(self, one: Stage) -> Any:
        if one.parts is None or one.codec is None:
            raise CodecError(f"stage {one.name!r} is in parts without a codec.")
        chosen = pick(one, one.parts.params, self.params)
        split = list(one.parts.split(**chosen))
        values = self._decoded(one, one.codec, split)
        started = perf_counter()
        value = one.parts.join(split, values, **chosen)
        self.events[one.name] = replace(self.events[one.name], ms=self.events[one.name].ms + _ms(started))
        return value

    def _decoded(self, one: Stage, codec: Codec, split: Sequence[Any]) -> list[Any]:
        """Return parts' values; those whose bytes are damaged are computed again."""
        values, damaged = [], []
        for part, data in zip(split, self.blobs(one, split), strict=True):
            try:
                values.append(codec.decode(data))
            except CodecError:
                damaged.append(part_key(one, self._base(one), part))
        for key in damaged:
            self.engine.store.delete(key)
        return [codec.decode(data) for data in self.blobs(one, split)] if damaged else values

    def blobs(self, one: Stage, split: Sequence[Any]) -> list[bytes]:
        """Return the stored bytes of parts of a stage; what is missing is computed by one call."""
        keys = {part_key(one, self._base(one), part): part for part in split}
        started = perf_counter()
        found = {key: blob for key in keys if (blob := self.engine.store.get(key))}
        data = {key: blob.data for key, blob in found.items()}
        ms, ran = _ms(started), 0
        if len(found) < len(keys):
            made, ms, ran = self._fly(one, {key: part for key, part in keys.items() if key not in found})
            data.update(made)
        how: How = "ran" if ran else "shared" if len(found) < len(keys) else "memory"
        if how == "memory" and any(_tier(blob.tier) == "disk" for blob in found.values()):
            how = "disk"
        self.events[one.name] = Event(one.name, how, ms, sum(map(len, data.values())), ran, len(keys) - ran)
        return [data[key] for key in keys]

    def _fly(self, one: Stage, missing: dict[str, Any]) -> tuple[dict[str, bytes], float, int]:
        """Return missing parts' bytes, computing those that no other thread computes; its own ms; how many it ran."""
        flights = self.engine.flights
        made: dict[str, bytes] = {}
        ms, ran = 0.0, 0
        # A thread that computes some of them may stop: what it leaves is claimed in the next round.
        while left := [key for key in missing if key not in made]:
            claims = flights.claim(left)
            if claims.mine:
                with flights.settling(claims) as results:
                    spent, computed = self._fill(one, {key: missing[key] for key in claims.mine}, results)
                made.update(results)
                ms, ran = ms + spent, ran + computed
            made.update(flights.wait(claims))
        return made, ms, ran

    def _fill(self, one: Stage, wanted: dict[str, Any], results: dict[str, bytes]) -> tuple[float, int]:
        """Fill in parts' bytes, by one call for those that another thread has not stored meanwhile; ms; how many."""
        for key in wanted:
            if blob := self.engine.store.get(key):
                results[key] = blob.data
        absent = [key for key in wanted if key not in results]
        if not absent:
            return 0.0, 0
        values, started = self._call(one, parts=[wanted[key] for key in absent])
        for key, value in zip(absent, values, strict=True):
            results[key] = self._keep(one, key, value)
        return _ms(started), len(absent)
