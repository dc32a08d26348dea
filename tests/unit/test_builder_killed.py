"""Layouts and pyramids under SIGKILL, and under two who ask at once: whole or not there, and built once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
TRIES, ROWS = 20, 400_000

# One process imports all there is to import, and forks each builder; it starts no threads of its own.
SCRIPT = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from app.pipeline import pyramid
from app.pipeline.canvas import Rows, aggregate_states
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from app.pipeline.types import Axis, Field, Plot
from app.pipeline.world import PixelRect

path, folder, tries = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
pyramid.DENSEST = 100_000
plot = Plot("p", path, Axis("x"), Axis("y"), (Field("v", "v"), Field("c", "c", "category")))
mark = fingerprint(path)

def opened(place):
    points = PlotRoot(plot, mark, place).open()
    points.deepen()
    return points

def forked(place, told=None):
    child = os.fork()
    if not child:
        points = opened(place)
        if told is not None:
            os.write(told, b"R" if points.restored else b"M")
        os._exit(0)
    return child

def facts(points):
    states = [points.pyramid(one, field).states for one, field in (("count", ""), ("mean", "v"), ("by", "c"))]
    sums = [float(np.asarray(one, np.float64).sum()) for group in states for one in group.values()]
    return [len(points.at.x), int(points.at.x.astype(np.int64).sum()), float(points.values("v").sum()), *sums]

# Kernels that are compiled here need not be in each child.
for group, dtype in (("count", None), ("sums", np.float64), ("by", np.uint8)):
    one = np.zeros(1, np.uint32)
    rows = Rows(one, one, "points", None if dtype is None else np.zeros(1, dtype), int(group == "by"))
    aggregate_states(rows, PixelRect(0, 0, 1, 0, 1), group)
started = time.perf_counter()
os.waitpid(forked(folder / "timed"), 0)
whole = time.perf_counter() - started
random.seed(4)
half_written = 0
found = []
for at in range(tries):
    place = folder / f"try-{at}"
    child = forked(place)
    time.sleep(random.uniform(0.05, whole))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    half_written += bool(list(place.rglob(".rough-*")) + list(place.rglob(".new-*")))
    again = forked(place)
    assert os.waitpid(again, 0)[1] == 0, "the next builder failed"
    found.append(facts(opened(place)))
reader, writer = os.pipe()
both = [forked(folder / "both", writer) for _ in range(2)]
assert [os.waitpid(one, 0)[1] for one in both] == [0, 0]
print(json.dumps({"reference": facts(opened(folder / "timed")), "found": found, "half_written": half_written,
                  "both": sorted(os.read(reader, 2).decode())}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("killed")
    random = np.random.default_rng(2)
    columns = {name: random.normal(size=ROWS) for name in ("x", "y", "v")}
    pq.write_table(pa.table({**columns, "c": random.choice(["a", "b"], ROWS)}), folder / "rows.parquet")
    command = [sys.executable, "-c", SCRIPT, str(folder / "rows.parquet"), str(folder), str(TRIES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_killed_builder_never_leaves_a_layout_that_is_used_half_written(told: dict) -> None:
    assert len(told["found"]) == TRIES
    for found in told["found"]:
        assert found == pytest.approx(told["reference"], rel=1e-12)
    assert told["half_written"] > 0  # some were killed in the middle of their work


def test_two_who_ask_at_once_build_once(told: dict) -> None:
    assert told["both"] == ["M", "R"]
