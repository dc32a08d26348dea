"""`docs/data.md` is whole: each key of FILE.toml stands in its table, with a value that does something."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.commands.data import add
from app.datasets.recognise import recognise
from app.datasets.sidecar import Corrections, FieldCorrection
from app.pipeline.files import ARROW, TEXT
from app.pipeline.folders import PARQUET

DOC = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
TABLE = DOC.partition("<!-- keys: begin -->")[2].partition("<!-- keys: end -->")[0]
KEYS = dict(re.findall(r"^\| `([a-z_.]+)` \| `(.+?)` \|", TABLE, re.MULTILINE))


def test_every_key_is_in_the_table() -> None:
    own = {one.name for one in fields(Corrections)} - {"fields"}
    assert {key for key in KEYS if not key.startswith("fields.")} == own
    assert {key.split(".")[2] for key in KEYS if key.startswith("fields.")} == {f.name for f in fields(FieldCorrection)}


def written(folder: Path, toml: str) -> Path:
    random = np.random.default_rng(1)
    n = 200
    frame = pd.DataFrame(
        {
            "dropoff_lon": random.uniform(2_600_000, 2_610_000, n),
            "dropoff_lat": random.uniform(1_200_000, 1_204_000, n),
            "a_x": random.uniform(0, 1, n),
            "a_y": random.uniform(0, 1, n),
            "trip_id": np.arange(n) // 20,
            "seen_at": pd.date_range("2026-01-01", periods=n, freq="s"),
            "fare": random.normal(size=n),
            "payment": random.choice(["1", "2", "3"], n),
        }
    )
    path = folder / "trips.parquet"
    frame.to_parquet(path)
    (folder / "trips.parquet.toml").write_text(toml, encoding="utf-8")
    return path


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_of_the_table_is_read_and_does_something(tmp_path: Path, key: str) -> None:
    lines = [f"{key} = {KEYS[key]}"]
    if key in ("x", "y", "crs"):
        lines = [f"{one} = {KEYS[one]}" for one in ("x", "y")] + ([lines[0]] if key == "crs" else [])
    before: list[str] = []
    if key in ("track", "time", "gap_time", "gap_distance"):
        before = ['kind = "lines"', 'track = "trip_id"'][: 1 if key == "track" else 2]
    if key == "kind":
        before, lines = ['track = "trip_id"'], lines
    if key in ("scales", "reverse"):
        before = ['x = "fare"', 'y = "a_x"']
    if key.endswith((".labels", ".colors")):
        before = [f"fields.payment.categories = {KEYS['fields.payment.categories']}"]
    if key == "fields.payment.kind":
        lines = ['fields.trip_id.kind = "category"']
    tomllib.loads("\n".join([*before, *lines]))
    plain = recognise(written(tmp_path, "\n".join(before)))
    if key == "track":
        lines = ['track = "payment"']
    assert recognise(written(tmp_path, "\n".join([*before, *lines]))) != plain


def test_every_extension_is_named() -> None:
    for one in (*PARQUET, *ARROW):
        assert f"`{one}`" in DOC
    for one in TEXT:
        for part in re.findall(r"\.[a-z0-9]+", one):
            assert f"`{part}`" in DOC


def test_every_option_of_adding_is_a_key() -> None:
    own = set(add.__annotations__) - {"context", "file", "as_json", "return"}
    assert own <= set(KEYS)
    assert own == {key for key in KEYS if "." not in key} - {"description", "source", "licence"}
