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
from app.pipeline.kept import Kept, Value
from app.pipeline.leases import Lessor, alone
from app.pipeline.remarks import remarked
from app.pipeline.stage import Stage
from app.pipeline.stopping import checkpoint
from app.pipeline.stores.base import Data, Later, Store, made

How: TypeAlias = Literal["ran", "shared", "memory", "disk", "unneeded"]
# An array from here on is encoded by whoever needs its bytes first: most often the thread that writes to the disk.
LATER_BYTES = 32_768


class Root(Protocol):
    """The data at the root of a graph.

    Data that not everyone may see have a ``scope`` as well, as `keys.scope` makes it: the keys of all that is computed
    of them begin with it, so that it can be forgotten with them.
    """

    @property
    def fingerprint(self) -> str:
        """What tells these data from all others."""
        ...

    def open(self) -> Any:
        """Return the data, for stages without parents. Called once while the result is kept."""
        ...


def scope_of(root: Root) -> str:
    """Return how the keys of a root's results begin: with nothing, unless the root says otherwise."""
    return str(getattr(root, "scope", ""))


class Engine(Protocol):
    """What a run needs of its pipeline."""

    graph: Graph
    store: Store
    flights: Flights
    lessor: Lessor
    residents: LRUCache[str, Any]
    kept: Kept
    lock: Lock


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a stage in one run.

    Parameters
    ----------
    stage : str
    how : {'ran', 'shared', 'memory', 'disk', 'unneeded'}
        Computed here; computed by another thread meanwhile; read from that tier (``disk`` stands for Redis as
        well); or not even needed, since a stage below it was stored.
    ms : float
        Its own time, without its parents'.
    bytes : int
        Of its stored form; of the value itself where that form is still being made.
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
        self.scope = scope_of(root)
        self.lineage = engine.graph.lineage(target)
        self.events: dict[str, Event] = {}
        self._bases: dict[str, str] = {}
        self._keys: dict[str, str] = {}
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
        (key,) = self._part_keys(self.engine.graph[name], [part])
        return key in self.engine.store

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
        if one.name not in self._keys:
            self._keys[one.name] = self.scope + whole_key(one, self._base(one), self.params)
        return self._keys[one.name]

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
            found, led = self.engine.flights.do(key, lambda: self._led(one, key))
            found = found if led else found._replace(how="shared", ms=_ms(started))
        self.events[one.name] = Event(one.name, found.how, found.ms, found.bytes)
        return found.value

    def _led(self, one: Stage, key: str) -> _Found:
        """Compute a value, unless another thread or process has since it was looked for."""
        if one.codec is None:
            return self._read(one, key) or self._compute(one, key)
        found: list[_Found] = []
        alone(self.engine.lessor, [key], lambda _: found.append(self._read(one, key) or self._compute(one, key)))
        return found[0]

    def _read(self, one: Stage, key: str) -> _Found | None:
        if one.codec is None:
            with self.engine.lock:
                value = self.engine.residents.get(key)
            return None if value is None else _Found(value, "memory", 0.0, getattr(value, "nbytes", 0))
        started = perf_counter()
        if kept := self._kept(key):
            return _Found(kept.array, "memory", _ms(started), kept.bytes)
        blob = self.engine.store.get(key)
        if blob is None:
            return None
        try:
            value = self._decode(one.codec, key, blob.data)
        except CodecError:
            self.engine.store.delete(key)
            return None
        return _Found(value, _tier(blob.tier), _ms(started), len(blob.data))

    def _kept(self, key: str) -> Value | None:
        """Return a value that need not be decoded; what the store has forgotten is forgotten here as well."""
        kept = self.engine.kept.get(key)
        if kept is not None and key not in self.engine.store:
            self.engine.kept.drop(key)
            return None
        return kept

    def _decode(self, codec: Codec, key: str, data: bytes) -> Any:
        value = codec.decode(data)
        if codec.packs:
            self.engine.kept.put(key, value, len(data))
        return value

    def _compute(self, one: Stage, key: str) -> _Found:
        value, started = self._call(one)
        if one.codec is not None:
            value, data = self._keep(one.codec, key, value, _ms(started) / 1e3)
            return _Found(value, "ran", _ms(started), len(data))
        with self.engine.lock:
            self.engine.residents[key] = value
        how: How = "disk" if getattr(value, "restored", False) else "ran"
        return _Found(value, how, _ms(started), getattr(value, "nbytes", 0))

    def _keep(self, codec: Codec, key: str, value: Any, cost: float) -> tuple[Any, Data]:
        """Store a value that took some seconds, and return it as it will be read from now on, with its bytes."""
        value = codec.settle(value)
        size = getattr(value, "nbytes", 0)
        data = Later(lambda: codec.encode(value), size) if size >= LATER_BYTES else codec.encode(value)
        self.engine.store.set(key, data, cost=cost)
        if codec.packs:
            self.engine.kept.put(key, value, len(data))
        return value, data

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
        keys = self._part_keys(one, split)
        kept = {key: value for key in keys if (value := self._kept(key))}
        values, damaged = {key: value.array for key, value in kept.items()}, []
        for key, data in self._parts(one, keys, kept).items():
            fresh = self.engine.kept.get(key)
            try:
                values[key] = fresh.array if fresh else self._decode(codec, key, made(data))
            except CodecError:
                damaged.append(key)
        for key in damaged:
            self.engine.store.delete(key)
        if damaged:
            values |= {key: codec.decode(made(data)) for key, data in self._parts(one, keys, {}).items()}
        return [values[key] for key in keys]

    def blobs(self, one: Stage, split: Sequence[Any], most: int | None = None) -> list[bytes]:
        """Return the stored bytes of parts of a stage, or of the first few; what is missing is computed by one call."""
        return [made(data) for data in list(self._parts(one, self._part_keys(one, split), {}).values())[:most]]

    def _part_keys(self, one: Stage, split: Sequence[Any]) -> dict[str, Any]:
        return {self.scope + part_key(one, self._base(one), part): part for part in split}

    def _parts(self, one: Stage, keys: dict[str, Any], kept: Mapping[str, Value]) -> dict[str, Data]:
        """Return the stored form of parts, but of those whose values are kept, and note what became of all."""
        started = perf_counter()
        found = self.engine.store.get_all([key for key in keys if key not in kept])
        data: dict[str, Data] = {key: blob.data for key, blob in found.items()}
        ms, ran, missing = _ms(started), 0, {key: keys[key] for key in keys if key not in found and key not in kept}
        if missing:
            flown, ms, ran = self._fly(one, missing)
            data.update(flown)
        how: How = "ran" if ran else "shared" if missing else "memory"
        if how == "memory" and any(_tier(blob.tier) == "disk" for blob in found.values()):
            how = "disk"
        size = sum(map(len, data.values())) + sum(one.bytes for one in kept.values())
        self.events[one.name] = Event(one.name, how, ms, size, ran, len(keys) - ran)
        return {key: data[key] for key in keys if key in data}

    def _fly(self, one: Stage, missing: dict[str, Any]) -> tuple[dict[str, Data], float, int]:
        """Return missing parts' bytes, computing those that no other thread computes; its own ms; how many it ran."""
        flights = self.engine.flights
        flown: dict[str, Data] = {}
        ms, ran = 0.0, 0
        # A thread that computes some of them may stop: what it leaves is claimed in the next round.
        while left := [key for key in missing if key not in flown]:
            claims = flights.claim(left)
            if claims.mine:
                with flights.settling(claims) as results:
                    spent, computed = self._fill(one, {key: missing[key] for key in claims.mine}, results)
                flown.update(results)
                ms, ran = ms + spent, ran + computed
            flown.update(flights.wait(claims))
        return flown, ms, ran

    def _fill(self, one: Stage, wanted: dict[str, Any], results: dict[str, Data]) -> tuple[float, int]:
        """Fill in parts' stored form, computing what no other process computes; ms; how many."""
        spent: list[tuple[float, int]] = []

        def fill(keys: list[str]) -> None:
            spent.append(self._filled(one, {key: wanted[key] for key in keys}, results))

        alone(self.engine.lessor, list(wanted), fill)
        return sum(ms for ms, _ in spent), sum(ran for _, ran in spent)

    def _filled(self, one: Stage, wanted: dict[str, Any], results: dict[str, Data]) -> tuple[float, int]:
        """Fill in parts' stored form, by one call for those that nobody has stored meanwhile; ms; how many."""
        results.update((key, blob.data) for key, blob in self.engine.store.get_all(wanted).items())
        absent = [key for key in wanted if key not in results]
        if not absent or one.codec is None:
            return 0.0, 0
        values, started = self._call(one, parts=[wanted[key] for key in absent])
        cost = _ms(started) / 1e3 / len(absent)
        for key, value in zip(absent, values, strict=True):
            results[key] = self._keep(one.codec, key, value, cost)[1]
        return _ms(started), len(absent)
