"""What one pixel holds, with all its digits: against numpy, for who may see it, and refused as a tile is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import runtime as door
from app.routes.registry import BLUEPRINTS
from app.server import answer_errors
from app.settings import Settings
from app.web import limits

HERE, THERE = [45_480_081.37, 0.1, 0.3, np.nan], [6.7e-10, -np.inf]
"""Values of the rows at two points: of more digits than float32 has, and of no number."""


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that asks for the pixel in which a point lies."""
    path = tmp_path / "mine.parquet"
    x = np.repeat([0.0, 1.0], [len(HERE), len(THERE)])
    pd.DataFrame({"x": x, "y": x, "v": HERE + THERE}).to_parquet(path)
    with door.Runtime(Settings(cache=tmp_path / "cache", folder=tmp_path / "data", data=(path,))) as runtime:
        server = Flask("values")
        answer_errors(server)
        server.extensions[door.EXTENSION] = runtime
        for build in BLUEPRINTS:
            server.register_blueprint(build(runtime))
        plot = runtime.plot("mine")
        points, mark = runtime.points(runtime.root(plot)), runtime.root(plot).fingerprint[:12]
        client = server.test_client()

        def asked(aggregate: str, at: float, z: int = 4, mark: str = mark) -> Any:
            assert points.at.world
            column, row = (int(one[0]) >> (23 - z) for one in points.at.world.quantise(np.array([at]), np.array([at])))
            field = ".v" if aggregate != "count" else ""
            return client.get(f"/values/mine.{mark}.{plot.name}.{aggregate}{field}/{z}/{column}/{row}")

        yield asked


@pytest.mark.parametrize("aggregate", ["sum", "min", "max", "mean", "var", "std"])
def test_a_pixel_holds_what_its_rows_give(ask: Callable[..., Any], aggregate: str) -> None:
    answer = ask(aggregate, 0.0)
    true = getattr(np, f"nan{aggregate}")(HERE)
    assert answer.get_json()["values"] == pytest.approx([true], rel=1e-15)
    assert answer.headers["Cache-Control"].startswith("private")


def test_what_json_has_not_is_named(ask: Callable[..., Any]) -> None:
    assert ask("min", 1.0).get_json() == {"values": ["-Infinity"]}
    assert ask("max", 1.0).get_json() == {"values": [6.7e-10]}
    assert ask("max", 0.5).get_json() == {"values": [None]}
    assert ask("count", 0.0).get_json() == {"values": [4]}
    assert ask("count", 0.5).get_json() == {"values": [0]}


def test_what_no_tile_tells_no_pixel_does(ask: Callable[..., Any]) -> None:
    assert "have changed" in ask("max", 0.0, mark="0123456789ab").get_json()["error"]
    assert ask("max", 0.0, z=23).status_code == 404
    assert ask("mode", 0.0).status_code == 400
    assert ask("by", 0.0).status_code == 400


def test_a_pixel_weighs_what_a_tile_does() -> None:
    assert limits.WEIGHTS["values.value"] == limits.WEIGHTS["tiles.tile"]


def test_a_pixel_of_an_upload_is_its_sessions_own(app: Any, ada: FlaskClient, eve: FlaskClient) -> None:
    frame = pd.DataFrame({"lon": [0.0, 1], "lat": [0.0, 1], "v": [0.1, 0.2]})
    data = frame.to_csv(index=False).encode()
    name = ada.post("/uploads/mine.csv", data=data, headers={"Stageboard-Upload": "1"}).get_json()["name"]
    info = ada.get(f"/explorer/{name}")
    assert info.status_code == 200
    engine = door.of(app.server)
    (owner,) = {
        one.parent.parent.name
        for one in (engine.settings.cache / "uploads").rglob("upload.json")
        if one.parent.name == name
    }
    plot = engine.uploads.find(owner, name).plots[0]
    path = f"/values/{name}.{engine.root(plot).fingerprint[:12]}.{plot.name}.max.v/0/256/255"
    assert ada.get(path).status_code == 200
    assert eve.get(path).status_code == 404
