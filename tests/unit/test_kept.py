"""Values kept beside their bytes: the same to the bit however they come, and gone when the store's are."""

import numpy as np
import pytest

from app.pipeline.graph import Graph
from app.pipeline.kept import Kept
from app.pipeline.pipeline import Pipeline
from app.pipeline.stage import stage
from app.pipeline.stores.registry import open_store
from app.pipeline.tiles import APRON, TILE, TileCodec
from tests.unit.samples import ToyRoot

SIDE = TILE + 2 * APRON


@stage("field", params=("dtype", "planes"), codec=TileCodec())
def field(root: ToyRoot, *, dtype: str, planes: int) -> np.ndarray:
    """Make a tile of counts, or of means with blanks, of one plane or several."""
    made = np.random.default_rng(5).random((planes, SIDE, SIDE) if planes else (SIDE, SIDE)) * 70_000
    made[..., ::7] = np.nan if dtype.startswith("float") else 0
    return made.astype(dtype)


GRAPH = Graph([field])


def opened(folder):
    store = open_store(("memory:", 80_000_000), (f"disk:{folder}", 800_000_000))
    return Pipeline(GRAPH, store)


@pytest.fixture
def pipeline(tmp_path):
    made = opened(tmp_path)
    yield made
    assert made.store.check() == []
    made.store.close()


def run(pipeline, dtype="uint32", planes=0):
    """Return a value and what became of its stage."""
    value, [event] = pipeline.run(ToyRoot(), "field", {"dtype": dtype, "planes": planes})
    return value, event.how


def same(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.mark.parametrize(("dtype", "planes"), [("uint32", 0), ("uint32", 3), ("float64", 0)])
def test_computed_kept_decoded_and_from_disk_are_equal_to_the_bit(pipeline, tmp_path, dtype, planes):
    computed, how = run(pipeline, dtype, planes)
    assert how == "ran"
    kept, how = run(pipeline, dtype, planes)
    assert how == "memory"
    assert kept is computed
    [key] = pipeline.store.keys()
    pipeline.kept.drop(key)
    decoded, how = run(pipeline, dtype, planes)
    assert how == "memory"
    assert decoded is not computed
    pipeline.store.tiers[1].flush()
    other = opened(tmp_path)
    read, how = run(other, dtype, planes)
    assert how == "disk"
    other.store.close()
    for value in (kept, decoded, read):
        assert same(value, computed)
        assert not value.flags.writeable


@pytest.mark.parametrize("forget", [lambda store, key: store.delete(key), lambda store, key: store.clear()])
def test_what_the_store_forgets_is_not_served_from_what_is_kept(pipeline, forget):
    computed, _ = run(pipeline)
    [key] = pipeline.store.keys()
    assert pipeline.kept.get(key) is not None
    forget(pipeline.store, key)
    again, how = run(pipeline)
    assert how == "ran"
    assert again is not computed
    assert same(again, computed)


def test_it_is_bounded_and_takes_arrays_alone():
    kept = Kept(8_000)
    for at in range(9):
        kept.put(str(at), np.zeros(1_000, "u1"), 1)
    kept.put("large", np.zeros(1_001, "u1"), 1)
    kept.put("text", "no array", 8)
    assert kept.get("0") is kept.get("large") is kept.get("text") is None
    assert kept.get("1").bytes == 1
