"""The stages, and the graphs that are made of them."""

from collections.abc import Mapping

from app.pipeline.graph import Graph
from app.pipeline.stages.encode import encode
from app.pipeline.stages.extent import extent
from app.pipeline.stages.grid import grid
from app.pipeline.stages.index import index
from app.pipeline.stages.source import source
from app.pipeline.stages.spread import spread
from app.pipeline.stages.stats import stats
from app.pipeline.stages.viewport import viewport

# A map's grid is tiles of its plane; a figure's is an exact viewport. All else is shared.
GRAPHS: Mapping[str, Graph] = {
    "map": Graph([source, grid, spread, stats, index, encode]),
    "figure": Graph([source, extent, viewport, spread, stats, index, encode]),
}
