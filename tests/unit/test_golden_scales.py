"""The golden vectors of scales: as they are written, and as the server has them.

`tests/browser/test_scale.py` holds the page to them.
"""

import json

import numpy as np
import pytest

from app.pipeline.scale import find_scale, levels
from app.pipeline.shade import colour_table
from tests.golden import make_scales

GOLDEN = json.loads(make_scales.FILE.read_text("utf-8"))


def test_they_are_what_their_maker_writes():
    assert json.loads(json.dumps(make_scales.main())) == GOLDEN


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda one: one["name"])
def test_the_server_has_their_levels(case):
    dtype = np.float64 if case["kind"] == "float" else np.uint32
    cells = np.array([np.nan if one is None else one for one in case["cells"]]).astype(dtype)[np.newaxis]
    planes = np.stack([cells - cells // 3, cells // 3]) if case["kind"] == "by" else cells
    for wanted in case["scales"]:
        scale = find_scale(planes, wanted["how"], wanted["window"])
        assert [scale.low, scale.high] == [wanted["low"], wanted["high"]], wanted["how"]
        assert levels(cells, scale, wanted["how"])[0].tolist() == wanted["levels"], (wanted["how"], wanted["window"])


def test_the_server_has_their_colours():
    palette = GOLDEN["palette"]
    assert colour_table(tuple(palette["colours"]))[palette["levels"], :3].tolist() == palette["rgb"]
