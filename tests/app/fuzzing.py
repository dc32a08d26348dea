"""Hostile requests, and what must hold of every answer: how tests and the stress run fuzz the app.

A request is drawn near to a right one, because what is wrong throughout is refused at the first look.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from hypothesis import strategies as some

from app import runtime as door

ODD = [
    "", "..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "\x00", "a\x00.png", "é", "日本", "\U0001f4a9", "\ud800",
    "%", "%00", "\n", "a" * 10_000, "-1", "1e999", "nan", "inf", "0x10", "\uff11", "null", "true", "{}", "[]", "'; --",
    "<script>", "${x}", "SERVERSIDE_{}", "C:\\x", "//host/x", "file:///etc/passwd", "con", ".", "~", "9" * 400,
]  # fmt: skip
texts = some.sampled_from(ODD) | some.text(max_size=12)
numbers = some.integers(-(2**70), 2**70) | some.floats() | some.sampled_from([2**63, -(2**63) - 1, 1e299, 5e-324])
values = some.recursive(
    some.none() | some.booleans() | numbers | texts,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
CALL = "/_dash-update-component"
DATASETS = ["flights", "places", "stars", "storms", "nope", "Places"]
CONTROLS = {
    "aggregate": ["count", "sum", "mean", "by", "median", "var"], "field": ["population", "continent", "delay", "nope"],
    "normalization": ["eq_hist", "log", "linear", "cbrt", "sqrt"], "range": ["0,100", "2,98.5", "98,2", "1", "-1,101"],
    "cmap": ["fire", "bgy", "gray", "fir"], "spreading": ["0", "3", "9", "x"], "data_opacity": ["0", "100", "101"],
    "bounds": ["-10,30,35,60", "2,1,0,1", "nan,1,0,1", "1e308,1e309,0,1", "0,1e305,0,1", "-1e400,1,0,1", "1,2,3"],
    "width": ["64", "0", "5000", "1.5"], "height": ["48", "-1", "4097"], "x": ["longitude", "nope"], "y": ["latitude"],
    "view": ["1,300,200", "0,-9,-9", "22,999999999999,-99999999999", "23,0,0", "1,0"], "ground": ["dark", "grey"],
    "category": ["Asia", "", "nope"],
    "kind": ["points", "lines", "areas"], "xlog": ["0", "1", "2"], "plot": ["places", "time", "nope"],
}  # fmt: skip


SHADED = ["aggregate", "field", "normalization", "range", "cmap", "spreading", "category", "data_opacity", "bounds"]
SEEN = ["width", "height", "view", "ground"]


def near(known: list[str]) -> some.SearchStrategy[str]:
    """Draw a known text, one cut or changed, or an odd one."""
    cut = some.tuples(some.sampled_from(known), some.integers(0, 40), texts).map(
        lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + 1 :]
    )
    return some.sampled_from(known) | cut | texts


def queries(names: list[str]) -> some.SearchStrategy[list[tuple[str, str]]]:
    """Draw a query of some controls, with values near to right ones, and now and then of anything."""
    known = some.sampled_from(names).flatmap(lambda name: some.tuples(some.just(name), near(CONTROLS[name])))
    return some.lists(known, max_size=4) | some.lists(known | some.tuples(texts, texts), max_size=4)


def search(pairs: list[tuple[str, str]]) -> str:
    """Write a query."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def _sendable(text: str) -> str:
    """Return what of a text a client can send in a header."""
    return "".join(one for one in text if one.isprintable() and one.isascii())


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


@dataclass
class Ask:
    """A request, as the test client takes it."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    json: Any = None

    def send(self, client: FlaskClient) -> Any:
        more: dict[str, Any] = {"data": self.body} if self.body is not None else {}
        more |= {"json": self.json} if self.json is not None else {}
        return client.open(self.path, method=self.method, query_string=self.query, headers=self.headers, **more)


views = near(["0,1,0,1", "0,4,0,4", "3,1,0,4", "0,99999999,0,99999999", "0,1,0,-1"])
lanes = near(["map.1", "map.99999999999999999999", "../x.1", "a.b.c"])
headers = some.fixed_dictionaries({}, optional={
    "Stageboard-View": views, "Stageboard-Lane": lanes, "Stageboard-Prefetch": some.sampled_from("01x"),
    "Accept": some.sampled_from(["text/html", "*/*", ""]), "Accept-Encoding": near(["gzip", "gzip;q=0"]),
}).map(lambda made: {name: _sendable(value) for name, value in made.items()})  # fmt: skip
whole = some.integers(-2, 2**40).map(str) | some.sampled_from(["0", "1", "2", "23", "999"]) | texts


KINDS = {"callbacks": 700, "mutants": 100, "tiles": 700, "images": 500, "figures": 800, "rest": 400}
"""Examples of each kind in a run of the tests; one of mutants is some 70 requests, of the others one."""


class Fuzz:
    """Draws requests to an app, and judges its answers.

    Parameters
    ----------
    app : Dash
    caches : sequence of Path
        The only folders that it may write to, and, with the package and its libraries, read from.
    """

    def __init__(self, app: Any, caches: list[Path]) -> None:
        self.app, self.client, self.victim = app, app.server.test_client(), app.server.test_client()
        self.watch = Watch(caches)
        self.tries = 0
        self.client.get("/")
        self.victim.get("/")
        engine = door.of(app.server)
        self.specs = [
            f"{name}.{engine.root(plot).fingerprint[:12]}.{plot.name}.{aggregate}"
            for name, plot in ((name, engine.plot(name)) for name in ("places", "storms"))
            for aggregate in ("count", "mean.population", "by.continent", "median.x")
        ]
        self.plots = [engine.plot("places").name, engine.plot("storms").name, "nope"]
        self.view = {
            "dataset": "places", "plot": engine.plot("places").name, "x": "longitude", "y": "latitude",
            "kind": "points", "x0": -10.0, "x1": 30.0, "y0": 35.0, "y1": 60.0, "width": 64, "height": 48,
            "xlog": False, "ylog": False, "aggregate": "count", "ground": "dark",
        }  # fmt: skip
        self.served = sorted(name for name, one in app.callback_map.items() if "callback" in one)
        self.foreign = self._call(self.victim, "figure-token.data", self.view)["figure-token"]["data"]["token"]
        self.own = self._call(self.client, "figure-token.data", self.view)["figure-token"]["data"]["token"]

    def _call(self, client: FlaskClient, output: str, value: Any) -> Any:
        answer = client.post(CALL, json=self.right(output, lambda *_: value))
        assert answer.status_code == 200, answer.text
        return answer.get_json()["response"]

    def right(self, output: str, value: Callable[[str, str], Any]) -> dict[str, Any]:
        """Return the body of a callback's right request, with given values."""
        one = self.app.callback_map[output]
        several = output.startswith("..")
        outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=False)) for name in
                   (output[2:-2].split("...") if several else [output])]  # fmt: skip
        given = {which: [{**each, "value": value(each["id"], each["property"])} for each in one[which]]
                 for which in ("inputs", "state")}  # fmt: skip
        changed = [f"{each['id']}.{each['property']}" for each in given["inputs"][:1]]
        return {"output": output, "outputs": outputs if several else outputs[0], "changedPropIds": changed, **given}

    def asks(self, kind: str) -> some.SearchStrategy[list[Ask]]:
        """Draw requests of a kind: one of `KINDS`."""
        drawn = getattr(self, kind)()
        return drawn if kind == "mutants" else drawn.map(lambda one: [one])

    def _right_value(self, name: str, prop: str) -> Any:
        """Return what the page itself would send for a property."""
        control = name.removeprefix("figure-")
        known = {"view": self.view, "names": self.view, "token": {"token": self.own, "events": []}}
        if name == "_pages_location":
            return "/figure/places" if prop == "pathname" else "?xlog=0"
        return known.get(control, CONTROLS.get(control, [None])[0])

    def _odd_value(self, name: str, prop: str) -> some.SearchStrategy[Any]:
        """Draw a value for a property: one that is nearly right, or any."""
        control = name.removeprefix("figure-")
        if name == "_pages_location":
            paths = ["/", "/explorer/places", "/figure/places", "/stages", "/nope", "/figure/storms", "/explorer/"]
            return (
                near(paths) if prop == "pathname" else queries(sorted(CONTROLS)).map(lambda pairs: "?" + search(pairs))
            )
        if control in ("view", "names"):
            change = some.dictionaries(some.sampled_from([*self.view, "lane", "field"]) | texts, values, max_size=3)
            return change.map(lambda changed: {**self.view, **changed}) | values
        if control == "token":
            more = some.dictionaries(some.sampled_from(["events", "ground"]), values, max_size=2)
            return (
                some.builds(lambda token, rest: {"token": token, **rest}, near([self.own, self.foreign]), more) | values
            )
        return near(CONTROLS[control]) | values if control in CONTROLS else values

    def callbacks(self) -> some.SearchStrategy[Ask]:
        """Draw a right body but for one hostile value."""

        @some.composite
        def body(draw: Any) -> Ask:
            output = draw(some.sampled_from(self.served))
            one = self.app.callback_map[output]
            hit = draw(some.sampled_from([(each["id"], each["property"]) for each in one["inputs"] + one["state"]]))
            odd = draw(self._odd_value(*hit))
            made = self.right(output, lambda *at: odd if at == hit else self._right_value(*at))
            return Ask("POST", CALL, json=made)

        return body()

    def mutants(self) -> some.SearchStrategy[list[Ask]]:
        """Draw one hostile value, and put it everywhere in the bodies of all callbacks, for no callback at all too."""
        kinds = [b"{", b"[" * 5000, b'{"a":' * 5000, b'"\xff"', b"null", b"[]", b"1" * 5000]
        types = some.sampled_from(["application/json", "text/plain", "multipart/form-data", ""])
        return some.builds(self.everywhere, values, some.binary(max_size=40) | some.sampled_from(kinds), types)

    def everywhere(self, odd: Any, raw: bytes, kind: str) -> list[Ask]:
        """Return right bodies with a hostile value in every place, and one that is no JSON."""
        bodies: list[Any] = [odd]
        for output in self.served:
            made = self.right(output, self._right_value)
            bodies += [{**made, part: value} for part in made for value in (odd, [odd])]
            first, *others = made["inputs"]
            bodies += [{**made, "inputs": [{**first, part: odd}, *others]} for part in ("id", "property")]
            bodies += [{**made, "inputs": [*made["inputs"], odd]}, {**made, "output": f"{output}{odd}"}]
        return [Ask("POST", CALL, json=body) for body in bodies] + [
            Ask("POST", CALL, body=raw, headers={"Content-Type": kind})
        ]

    def tiles(self) -> some.SearchStrategy[Ask]:
        """Draw the address of a tile or of a pixel, and a lane's wish for tiles."""
        right = some.tuples(some.sampled_from(self.specs), *[some.sampled_from("0123")] * 3)
        address = right | right | some.tuples(near(self.specs), whole, whole, whole)
        kinds = some.sampled_from(["tiles", "tiles", "values"])
        tile = some.builds(lambda kind, at, more: Ask("GET", _path(kind, *at), headers=more), kinds, address, headers)
        wish = some.builds(lambda at, more: Ask("POST", _path("lanes", *at[:2]), headers=more), address, headers)
        return tile | tile | wish

    def images(self) -> some.SearchStrategy[Ask]:
        """Draw a view's picture, small where its size is right."""
        right = some.sampled_from([("places", self.plots[0]), ("storms", self.plots[1])])
        where = right | right | some.tuples(near(DATASETS), near(self.plots))

        def ask(at: tuple[str, str], pairs: list[tuple[str, str]], more: dict[str, str]) -> Ask:
            return Ask("GET", _path("image", at[0], at[1] + ".png"), "width=32&height=24&" + search(pairs), more)

        return some.builds(ask, where, queries(SHADED) | queries([*SHADED, *SEEN]), headers)

    def figures(self) -> some.SearchStrategy[Ask]:
        """Draw a token that this client may not redeem."""
        return near([self.foreign, self.own, "a.b"]).map(lambda token: Ask("GET", _path("image", token + ".png")))

    def rest(self) -> some.SearchStrategy[Ask]:
        """Draw events, lanes, pages, geography, assets, and methods that nobody offers."""
        methods = some.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH"])
        places = some.one_of(
            some.tuples(some.just("events"), near(["nope", "places2"]), near(self.plots)),
            some.tuples(some.just("lanes")),
            some.tuples(some.just("geo"), near(["land-110m.json"])),
            some.tuples(some.just("assets"), texts),
            some.tuples(some.sampled_from(["explorer", "figure", "stages", "health"]), texts),
            some.tuples(some.just("_dash-component-suites"), near(["dash", "dash_leaflet"]), texts),
            some.tuples(texts, texts),
        )

        def ask(method: str, at: tuple[str, ...], pairs: list[tuple[str, str]], more: dict[str, str]) -> Ask:
            return Ask(method, _path(*at), search(pairs), more)

        return some.builds(ask, methods, places, queries(SHADED), headers)

    def judge(self, ask: Ask) -> None:
        """Send a request, and hold its answer against what is promised."""
        self.tries += 1
        with self.watch.opened() as paths, logged() as faults:
            answer = ask.send(self.client)
            body = answer.get_data()
            answer.close()
        assert answer.status_code < 500, (ask, body[:300])
        assert not faults, (ask, faults)
        assert b"Traceback" not in body, ask
        assert b'File "' not in body, ask
        assert self.foreign.encode() not in body or self.foreign in str(ask), ask
        assert not paths, (ask, paths)
        if self.foreign in ask.path:
            assert answer.status_code in (403, 404, 405), (ask, answer.status_code)


def _path(*parts: str) -> str:
    # Of two slashes at its beginning, the test client itself would read a host.
    return "/" + "/".join(map(_quoted, parts)).lstrip("/")


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect what is logged as an error meanwhile: a failure that was answered is one all the same."""
    faults: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            faults.append(self.format(record))

    handler = Collect(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield faults
    finally:
        logging.getLogger().removeHandler(handler)


class Watch:
    """Sees every file that this process opens, by Python's own audit: a hook that nothing can switch off again.

    Parameters
    ----------
    writable : sequence of Path
    """

    def __init__(self, writable: list[Path]) -> None:
        here = Path(__file__).parents[2]
        places = [
            *writable,
            here / "app",
            here / ".hypothesis",
            sys.prefix,
            sys.base_prefix,
            "/usr/share",
            "/proc",
            "/dev",
            "/sys",
        ]
        self.readable = tuple(str(Path(one).resolve()) for one in places)
        self.writable = tuple(str(one.resolve()) for one in writable)
        self._seen: list[str] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open" and self._seen is not None and isinstance(given[0], str | bytes):
            path = str(Path(os.fsdecode(given[0])).resolve())
            allowed = self.writable if (given[2] or 0) & (os.O_WRONLY | os.O_RDWR) else self.readable
            # What is compiled for the first time is kept beside its source.
            compiled = "__pycache__" in Path(path).parts and path.startswith(self.readable)
            if not (compiled or path.startswith(allowed)):
                self._seen.append(path)

    @contextmanager
    def opened(self) -> Iterator[list[str]]:
        """Collect the files that are opened where none should be."""
        self._seen = seen = []
        try:
            yield seen
        finally:
            self._seen = None
