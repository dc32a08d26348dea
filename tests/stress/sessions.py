"""Sessions that do anything at random, over real connections: who visits, what they do, and what must hold of it."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from json import dumps as dumped
from pathlib import Path
from random import Random
from threading import Lock
from time import perf_counter, sleep
from typing import Any

from app.pipeline.palettes import COLORMAPS
from app.pipeline.shade import NORMALIZATIONS
from app.pipeline.specs import FINGERPRINT, Spec
from app.pipeline.types import Plot
from app.runtime import Runtime
from app.settings import load
from tests.app.paging import content
from tests.app.test_figure import aggregate, picture

PAGES = ("/", "/data", "/session", "/stages")
CANARY = re.compile(rb"canary-(\d+)-")
DEEPEST = 6
FINE = {200, 201, 204}


@dataclass
class Answer:
    """What came back; the members that Flask's client has as well are named as there."""

    status_code: int
    body: bytes
    wait: float = 0.0  # seconds, where the server takes no more just now

    def get_json(self, silent: bool = False) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass
class Timings:
    """Milliseconds of requests by kind, what went wrong, and how often one was asked to wait. Safe for threads."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    waits: int = 0
    lock: Lock = field(default_factory=Lock)

    def add(self, kind: str, ms: float, fault: str, wait: bool) -> None:
        with self.lock:
            self.waits += wait
            self.ms.setdefault(kind, []).append(ms)
            if fault:
                self.faults.append(fault)


@dataclass(frozen=True)
class World:
    """What there is to look at: the embedded plots, and the specs of their tiles."""

    plots: tuple[tuple[str, Plot], ...]
    specs: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> "World":
        """Read the embedded data, in a cache of their own."""
        with Runtime(load(cache=folder / "world", folder=folder / "data")) as engine:
            plots = tuple((one.name, plot) for one in engine.catalogue for plot in one.plots)
            specs = []
            for name, plot in plots:
                what = name, engine.root(plot).fingerprint[:FINGERPRINT], plot.name
                numbers = [one.name for one in plot.fields if one.kind == "number"]
                specs += [str(Spec(*what, "count")), *(str(Spec(*what, "mean", one)) for one in numbers)]
        return cls(plots, tuple(specs))


class Visitor:
    """A session, and what it does next. For one thread at a time.

    Parameters
    ----------
    number : int
        Part of the names of its uploads, which nobody else may ever read.
    port : int
    world : World
    timings : Timings
    """

    def __init__(self, number: int, port: int, world: World, timings: Timings) -> None:
        self.number, self.port, self.world, self.timings = number, port, world, timings
        self.random, self.cookie, self.lock = Random(number), "", Lock()

    def act(self) -> None:
        """Do something, as often as such things are done."""
        if not self.cookie:
            self.get("/")
        (chosen,) = self.random.choices(list(ACTIONS), [ACTIONS[one] for one in ACTIONS])
        chosen(self)

    # What the callbacks of `tests.app.test_figure` take for a client.
    def get(self, path: str, kind: str = "page") -> Answer:
        return self._ask(kind, "GET", path)

    def post(self, path: str, json: Any) -> Answer:
        return self._ask("callback", "POST", path, dumped(json).encode(), {"Content-Type": "application/json"})

    def page(self) -> None:
        """Open a page: its document, and its content."""
        dataset, plot = self.random.choice(self.world.plots)
        explored = (f"/explorer/{dataset}?plot={plot.name}", f"/figure/{dataset}?plot={plot.name}")
        path, _, search = self.random.choice([*PAGES, *explored]).partition("?")
        content(self, path, f"?{search}" if search else "")

    def tiles(self) -> None:
        """Look at the four tiles of a view of a map."""
        spec, z = self.random.choice(self.world.specs), self.random.randint(0, DEEPEST)
        x, y = (self.random.randrange(max(2**z - 1, 1)) for _ in "xy")
        for dx in range(min(2, 2**z)):
            for dy in range(min(2, 2**z)):
                self.get(f"/tiles/{spec}/{z}/{x + dx}/{y + dy}", "tile")

    def image(self) -> None:
        """Look at a map that is shaded on the server."""
        dataset, plot = self.random.choice(self.world.plots)
        how = f"cmap={self.random.choice(list(COLORMAPS))}&normalization={self.random.choice(NORMALIZATIONS)}"
        size = f"width={self.random.randrange(200, 600, 50)}&height={self.random.randrange(150, 400, 50)}"
        self.get(f"/image/{dataset}/{plot.name}.png?{how}&spreading={self.random.randint(0, 3)}&{size}", "image")

    def figure(self) -> None:
        """Look at a figure: aggregate a view, and shade it."""
        left, low = self.random.randint(-110, -70), self.random.randint(0, 20)
        view = {"x0": left, "x1": left + 40, "y0": low, "y1": low + 30}
        shown = picture(self, aggregate(self, **view), normalization=self.random.choice(NORMALIZATIONS))  # type: ignore[arg-type]
        self.get(shown["src"], "image")

    def upload(self) -> None:
        """Send a small file, and read it back."""
        rows = "".join(f"{self.random.uniform(-9, 9)},{self.random.uniform(-9, 9)}\n" for _ in range(200))
        name = f"/uploads/canary-{self.number}-{self.random.randrange(10**6)}.csv"
        while True:
            sent = self._ask("upload", "POST", name, f"lon,lat\n{rows}".encode(), {"Stageboard-Upload": "1"})
            if not sent.wait:
                break
            sleep(sent.wait)
        if sent.status_code == 201:
            self.get(f"/image/{sent.get_json()['name']}/map.png?width=60&height=40", "image")

    def forget(self) -> None:
        """Forget everything, and go on as another."""
        body = {
            "output": "session-go.href",
            "outputs": {"id": "session-go", "property": "href"},
            "inputs": [{"id": "session-forget", "property": "n_clicks", "value": 1}],
            "changedPropIds": ["session-forget.n_clicks"],
        }
        self.post("/_dash-update-component", body)

    def _ask(
        self, kind: str, method: str, path: str, body: bytes | None = None, more: Mapping[str, str] | None = None
    ) -> Answer:
        headers = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": self.cookie, **(more or {})}
        started = perf_counter()
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=120)) as link:
            link.request(method, path, body, headers)
            found = link.getresponse()
            wait = float(found.getheader("Retry-After") or 0) if found.status == HTTPStatus.SERVICE_UNAVAILABLE else 0.0
            answer = Answer(found.status, found.read(), wait)
            given = found.getheader("Set-Cookie")
        self.timings.add(kind, (perf_counter() - started) * 1e3, self._fault(method, path, answer), bool(answer.wait))
        self.cookie = given.split(";")[0] if given else self.cookie
        return answer

    def _fault(self, method: str, path: str, answer: Answer) -> str:
        if answer.status_code not in FINE and not (answer.wait and path.startswith("/uploads/")):
            return f"{method} {path[:120]}: {answer.status_code} {answer.body[:200]!r}"
        foreign = {int(one) for one in CANARY.findall(answer.body)} - {self.number}
        return f"{path} told {self.number} of {foreign}" if foreign else ""


ACTIONS: Mapping[Callable[[Visitor], None], float] = {
    Visitor.tiles: 40,
    Visitor.image: 25,
    Visitor.page: 18,
    Visitor.figure: 15,
    Visitor.upload: 1,
    Visitor.forget: 1,
}
