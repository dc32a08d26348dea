"""What must hold of a file that the product has never seen: it opens as what it is, and no row is lost in silence."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from app import cli
from app.runtime import Runtime
from app.settings import Settings
from tests.strangers.making import Stranger

Printed = Callable[[], str]


def judge(one: Stranger, folder: Path, printed: Printed) -> list[str]:
    """Add a file as a user does, open it as the page does, and return what is wrong.

    Parameters
    ----------
    one : Stranger
    folder : Path
        For the product's own files; empty.
    printed : callable
        Returns what was printed to standard output since its last call.
    """
    settings = Settings(cache=folder / "cache", folder=folder / "data", rate=0)
    words = ["--cache", str(settings.cache), "data", "add", str(one.path), "--json"]
    if code := cli.run(words):
        return [f"data add ends with {code}"]
    added = json.loads(printed().splitlines()[-1])
    with Runtime(settings) as engine:
        return list(_differences(one, added, engine))


def _differences(one: Stranger, added: dict[str, object], engine: Runtime) -> Iterator[str]:
    dataset = engine.dataset(str(added["name"]))
    plot = dataset.plots[0]
    if (plot.x.column, plot.y.column) != (one.x, one.y):
        yield f"it opens on {plot.x.column!r} and {plot.y.column!r}"
    shown = engine.plot_info(dataset.name, plot)
    counts = shown["counts"]
    if added["counts"][plot.name] != counts:  # type: ignore[index]
        yield f"data add says {added['counts']}, the page {counts}"
    if counts["read"] != counts["drawn"] + sum(counts["left"].values()):
        yield f"what was read does not add up: {counts}"
    if (counts["read"], counts["drawn"]) != (one.rows, one.placed):
        yield f"{counts}, where the file holds {one.rows} rows, of which {one.placed} have a place"
    points = engine.points(engine.root(plot))
    offered = {field["name"] for field in shown["fields"]}
    for field in plot.fields:
        if field.name in offered and len(points.values(field.name)) != len(points.at.x):
            yield f"field {field.name!r} has {len(points.values(field.name))} values"
