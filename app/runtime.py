"""The pages' and routes' only door to the engine: what this instance serves, and how its views are computed.

One `Runtime` serves a process. It holds the store, a pipeline a graph, and the catalogue; it keeps nothing of a user.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from shutil import rmtree
from threading import Event as Signal
from threading import Lock, Thread
from time import perf_counter
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
from cachetools import TTLCache
from flask import Flask, current_app

from app import __version__
from app.datasets.catalogue import open_catalogue
from app.datasets.readings import find_plot
from app.datasets.uploads import Tending, Uploads
from app.pipeline.controls import Controls, opening
from app.pipeline.errors import StaleError, StoreError
from app.pipeline.idle import Idle
from app.pipeline.kept import Kept
from app.pipeline.keys import kind_of
from app.pipeline.lanes import Lanes
from app.pipeline.opacity import faded
from app.pipeline.pipeline import Pipeline, TraceRow, row_of
from app.pipeline.planner import aggregate_pixel
from app.pipeline.points import Points
from app.pipeline.preparing import Preparing
from app.pipeline.rooms import silent
from app.pipeline.roots import PlotRoot
from app.pipeline.run import Event
from app.pipeline.secret import load_secret
from app.pipeline.session import DAY
from app.pipeline.specs import FINGERPRINT, Spec
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.registry import lessor_of, open_store
from app.pipeline.table import Progress, fingerprint
from app.pipeline.types import Bounds, Dataset, Plot, PlotKind, TileAddress, TileRect, TrackOrder
from app.pipeline.warmup import warm_up
from app.pipeline.world import TILE, PixelRect, in_world
from app.plots import described, figure_axis, picture_params
from app.settings import Settings, tiers

EXTENSION = "stageboard"
# How long a file's identity is trusted before the file is looked at again.
TRUST_SECONDS = 2.0
# A file below this opens within a second or two: no progress needs to be shown.
SMALL_BYTES = 64_000_000
MOST_TILES = 64
TRACE_SIZE = (1000, 600)


def of(server: Flask) -> "Runtime":
    """Return the runtime of an app."""
    return cast(Runtime, server.extensions[EXTENSION])


def current() -> "Runtime":
    """Return the runtime of the app that is answering."""
    return of(current_app)


class Runtime:
    """Everything that a process needs to answer. Safe for threads.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    owner : callable
        Returns whose uploads are served beside the catalogue: `Session.owner` of who is asking, or nothing.

    Notes
    -----
    A cache folder that cannot be used costs speed, never an answer: `reasons` says so.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalogue = open_catalogue(settings.data, settings.folder)
        self.graphs = GRAPHS
        self.notes: tuple[str, ...] = ()
        self.columns: Path | None = settings.cache / "columns"
        # One half keeps results as bytes, the other as arrays.
        memory = ("memory:", int(settings.memory_bytes) // 2)
        try:
            self.store = open_store(memory, *tiers(settings))
        except StoreError as error:
            self.store, self.columns = open_store(memory, *tiers(settings, "disk")), None
            self.notes = (f"{error} Until then results are kept in memory, and lost at exit.",)
        kept = Kept(int(settings.memory_bytes) // 2)
        lessor = lessor_of(self.store)
        self.pipelines = {name: Pipeline(graph, self.store, kept=kept, lessor=lessor) for name, graph in GRAPHS.items()}
        given = settings.secret
        self.secret = given.get_secret_value() if given else load_secret(settings.cache)
        self.uploads = Uploads(
            settings.cache / "uploads" if self.columns else None,
            upload=int(settings.upload_bytes),
            quota=int(settings.quota_bytes),
            total=int(settings.disk_bytes),
            idle=settings.session_days * DAY,
            discard=self.discard,
        )
        self.uploads.sweep()
        self.tending = Tending(self.uploads)
        self.owner: Callable[[], str] = str  # nobody asks
        self.preparing = Preparing()
        self.deepening = Preparing(1)
        self._deepened: set[str] = set()
        self.lanes = Lanes(settings.cache if self.columns else None)
        self.idle = Idle(one.flights for one in self.pipelines.values())
        self._marks: TTLCache[Path, str] = TTLCache(1024, TRUST_SECONDS)
        self._lock = Lock()
        self.warmed = Signal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the store; let preparations end."""
        self.tending.close()
        self.preparing.close()
        self.deepening.close()
        self.store.close()

    def warm(self) -> None:
        """Compile Datashader's kernels in the background, so that no user waits for them."""
        Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            warm_up()
        finally:  # what could not be compiled ahead is compiled when it is needed
            self.warmed.set()

    def dataset(self, name: str) -> Dataset:
        """Return a data set of the catalogue, or an upload of who is asking; else raise `UnknownNameError`."""
        own = None if self.shared(name) else self.uploads.find(self.owner(), name)
        return own or self.catalogue.find(name)

    def datasets(self) -> tuple[Dataset, ...]:
        """Return all that is served to who is asking: the catalogue, then the asker's uploads that can be read."""
        return (*self.catalogue, *self.uploads.readable(self.owner())[0])

    def unavailable(self) -> list[tuple[str, str]]:
        """Return the names of files that cannot be served to who is asking, and why."""
        return [(one.name, one.reason) for one in self.catalogue.unavailable] + self.uploads.readable(self.owner())[1]

    def serves(self, name: str) -> bool:
        """Whether there is a data set of that name for who is asking."""
        return self.shared(name) or any(one.name == name for one in self.uploads.of(self.owner()))

    def shared(self, name: str) -> bool:
        """Whether a data set is served to everyone, so that answers about it may be kept for all."""
        return name in self.catalogue

    def plot(self, dataset: str, name: str = "") -> Plot:
        """Return a plot of a data set; without a name, the one that it opens with."""
        return find_plot(self.dataset(dataset), name)

    def _mark(self, path: Path) -> str:
        """Return a file's identity, looked up again after a moment."""
        with self._lock:
            mark = self._marks.get(path)
        if mark is None:
            mark = fingerprint(path)
            with self._lock:
                self._marks[path] = mark
        return mark

    def root(self, plot: Plot, progress: Progress | None = None) -> PlotRoot:
        """Return the root of a plot on its plane, of its file as it is now."""
        return replace(PlotRoot(plot, self._mark(plot.path), self.columns), **self._kept(plot, progress))

    def _kept(self, plot: Plot, progress: Progress | None = None) -> dict[str, Any]:
        """Return where a plot's columns are kept, and who is told of their making."""
        own = self.uploads.columns(plot.path)
        if own:
            watched = self.uploads.watched(plot.path, progress or silent)
            return {"folder": own, "progress": watched, "scope": self.uploads.scope(plot.path)}
        return {"progress": progress} if progress else {}

    def figure_root(self, dataset: str, x: str, y: str, kind: PlotKind = "points", plot: str = "") -> PlotRoot:
        """Return the root of two columns of a plot's file, on real axes.

        Parameters
        ----------
        dataset : str
        x, y : str
            Columns of the axes of its file's plots, or names of its fields of numbers and times.
        kind : {'points', 'lines'}
            Lines join rows in the file's order, those of one track where the plot has tracks.
        plot : str
            The plot whose file it is; the one that the data set opens with where not given.
        """
        base = self.plot(dataset, plot)
        track, order = (base.track, base.order) if kind == "lines" else ("", TrackOrder())
        plots = [base, *(one for one in self.dataset(dataset).plots if one.path == base.path)]
        axes = (figure_axis(plots, x), figure_axis(plots, y))
        own = (axes[0].column, axes[1].column) == (base.x.column, base.y.column)
        crs = base.crs if own and not base.projected else "plane"
        # Kilometres say nothing on axes that are not of the map.
        order = order if crs == base.crs else replace(order, jump=0.0)
        figure = Plot("figure", base.path, *axes, base.fields, kind=kind, crs=crs, track=track, order=order)
        if own:  # the map's layout then serves the figure as well
            figure = replace(figure, view=base.view, aspect=base.aspect)
        return replace(PlotRoot(figure, self._mark(base.path), self.columns, raw=True), **self._kept(base))

    def points(self, root: PlotRoot, graph: str = "map") -> Points:
        """Return a root's rows, opened in this process."""
        return cast(Points, self.pipelines[graph].run(root, "source", {}).value)

    def ready(self, plot: Plot) -> bool:
        """Whether a plot opens at once; where not, `prepare` it and show its progress."""
        root = self.root(plot)
        small = plot.path.is_file() and plot.path.stat().st_size < SMALL_BYTES
        return small or root.ready() or self.pipelines["map"].plan(root, "source", {})["source"] == "reuse"

    def prepare(self, plot: Plot) -> Iterator[tuple[float, str]]:
        """Open a plot in the background, once for all who ask, and yield its progress until it is done.

        Raises
        ------
        StageboardError
            Where it cannot be opened.
        """
        root = self.root(plot)
        return self.preparing.follow(root.fingerprint, lambda report: self.points(self.root(plot, report)))

    def stop_preparing(self, plot: Plot) -> bool:
        """Stop the preparation of a plot for all who wait for it; return whether one was under way."""
        return self.preparing.stop(self.root(plot).fingerprint)

    def deepen(self, points: Points, root: PlotRoot) -> None:
        """Build the pyramids of a plot's fields in the background, once."""
        with self._lock:
            if root.fingerprint in self._deepened:
                return
            self._deepened.add(root.fingerprint)
        self.deepening.begin(root.fingerprint, points.deepen)

    def plot_info(self, dataset: str, plot: Plot) -> dict[str, Any]:
        """Return what the browser needs to draw a plot, as JSON."""
        found, root = self.dataset(dataset), self.root(plot)
        points = self.points(root)
        self.deepen(points, root)
        return described(found, plot, root.fingerprint, points)

    def tile(self, spec: Spec, address: TileAddress, rect: TileRect | None = None) -> tuple[bytes, Sequence[Event]]:
        """Return an encoded tile.

        Parameters
        ----------
        spec : Spec
        address : TileAddress
            Within the world.
        rect : TileRect, optional
            What else the view needs: computed by the same call where it is missing.

        Raises
        ------
        UnknownNameError, StaleError
            For data that are not served, or have changed since the spec was made.
        """
        root = self._named(spec, address)
        params = {"aggregate": spec.aggregate, "field": spec.field}
        also = _inside(rect, address.z) if rect else ()
        return self.pipelines["map"].part(root, "grid", params, list(address), [list(one) for one in also])

    def _named(self, spec: Spec, address: TileAddress) -> PlotRoot:
        """Return the root of the plot that a tile's address names, as it was when the address was made."""
        if not in_world(address):
            raise StaleError(f"there is no tile {address.z}/{address.x}/{address.y}: the world ends before it.")
        root = self.root(self.plot(spec.dataset, spec.plot))
        if root.fingerprint[:FINGERPRINT] != spec.fingerprint:
            raise StaleError(f"the data of {spec.dataset!r} have changed since this page was loaded: reload it.")
        return root

    def values(self, spec: Spec, z: int, x: int, y: int) -> list[float]:
        """Return what a pixel holds, one number a plane, before its tile loses digits of it; NaN where nothing is.

        Parameters
        ----------
        spec : Spec
        z, x, y : int
            The pixel's zoom, and its column and row of all the world's.

        Raises
        ------
        UnknownNameError, StaleError
            As for `tile`.
        """
        root = self._named(spec, TileAddress(z, x // TILE, y // TILE))
        pixel = PixelRect(z, x, x + 1, y, y + 1)
        found = aggregate_pixel(self.points(root), pixel, spec.aggregate, spec.field)
        return np.atleast_1d(found).astype(np.float64).tolist()  # type: ignore[no-any-return]

    def image(
        self, plot: Plot, controls: Controls, width: int, height: int, rect: PixelRect | None = None, ground: str = ""
    ) -> tuple[bytes, Sequence[Event]]:
        """Return a view of a plot as a PNG, shaded here, transparent where empty.

        The arguments are those of `plots.picture_params`. The opacity of the data is the image's: no stage knows of it.
        """
        root, pipeline = self.root(plot), self.pipelines["map"]
        # What the view is, and its colours, only the opened rows can tell.
        opened = pipeline.run(root, "source", {})
        params = picture_params(opened.value, controls, width, height, rect, ground)
        result = pipeline.run(root, "encode", params)
        return faded(result.value, controls.data_opacity), (*opened.events, *result.events[len(opened.events) :])

    def trace(
        self, dataset: str, plot: str, bounds: Bounds | None, changes: Sequence[tuple[str, str]]
    ) -> Iterator[TraceRow]:
        """Show a view, apply changes of controls one after another, and yield what each made run.

        Parameters
        ----------
        dataset, plot : str
            An empty plot is the one that the data set opens with.
        bounds : Bounds or None
        changes : sequence of (control, value)
            ``plot`` is a control as well.
        """
        shown = self.plot(dataset, plot)
        controls = replace(opening(shown), bounds=bounds)
        yield self._traced(shown, controls, ())
        for name, value in changes:
            if name == "plot":
                shown = self.plot(dataset, value)
                controls = opening(shown)
            else:
                controls = controls.changed(shown, {name: value})
            yield self._traced(shown, controls, (name,))

    def _traced(self, plot: Plot, controls: Controls, changed: tuple[str, ...]) -> TraceRow:
        started = perf_counter()
        _, events = self.image(plot, controls, *TRACE_SIZE)
        return row_of(changed, events, (perf_counter() - started) * 1e3)

    def store_stats(self) -> dict[str, Any]:
        """Return what each tier holds, and how many entries each stage has in the most durable one, as JSON."""
        counted = Counter(map(kind_of, self.store.keys()))
        return {
            "tiers": [asdict(one) for one in self.store.stats()],
            "stages": {name: {"entries": entries} for name, entries in sorted(counted.items())},
        }

    def reasons(self) -> list[str]:
        """Return why results are not kept as they should be, a sentence each; nothing where they are."""
        return [*self.notes, *(one.detail for one in self.store.stats() if one.detail)]

    def verify(self) -> list[str]:
        """Check every stored result; return a sentence a fault."""
        return self.store.check()

    def discard(self, scope: str) -> bool:
        """Forget what was computed under a scope; return whether that was all: False where more is on its way."""
        settled = [one.let_go(scope) for one in self.pipelines.values()]
        self.store.clear(scope)
        return all(settled)

    def clear(self) -> int:
        """Forget every result and every column; return how many results that were."""
        if self.columns:
            rmtree(self.columns, ignore_errors=True)
        return self.store.clear()

    def health(self) -> dict[str, Any]:
        """Return what an operator's probe reads, as JSON.

        ``computing`` results are under way, and ``superseded`` runs stopped, in the process that answers alone.
        """
        return {
            "status": "ok",
            "version": __version__,
            "datasets": list(self.catalogue.names),
            "unavailable": [one.name for one in self.catalogue.unavailable],
            "computing": sum(one.flights.under_way for one in self.pipelines.values()),
            "superseded": self.lanes.superseded,
            "store": self.store_stats()["tiers"],
            "notes": list(self.notes),
        }


def _inside(rect: TileRect, z: int) -> Iterator[TileAddress]:
    """Yield the tiles of a rectangle that exist, or none where it is too large to be a view."""
    if (rect.x1 - rect.x0) * (rect.y1 - rect.y0) <= MOST_TILES:
        yield from (one for one in rect._replace(z=z).tiles() if in_world(one))
