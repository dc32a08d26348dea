"""HoloViz Panel: rasterize, shade and spread in a chain, each re-run only when its own parameters change.

python -m benchmarks.peers.panel_app FILE PORT [WORKERS]
"""

import sys
from collections.abc import Callable
from pathlib import Path

import colorcet
import holoviews as hv
import panel as pn
import param
from holoviews.operation.datashader import rasterize, shade, spread

from benchmarks.peers import frame

hv.extension("bokeh", logo=False)


class Dashboard(param.Parameterized):
    """The parameters of one session, and the plot that depends on them."""

    aggregate = param.Selector(objects=["count", "mean"])
    field = param.Selector(objects=list(frame.FIELDS))
    normalization = param.Selector(objects=list(frame.NORMALIZATIONS))
    cmap = param.Selector(objects={name: colorcet.palette[name] for name in frame.COLORMAPS})
    spreading = param.Integer(default=0, bounds=(0, 5))
    opacity = param.Magnitude(default=1.0)

    @param.depends("aggregate", "field")
    def reduction(self):
        """Return what each pixel shows."""
        return frame.reduction(self.aggregate, self.field)

    def plot(self, points: hv.Points) -> hv.DynamicMap:
        """Return the chain; each operation takes the parameters that it depends on."""
        ranges = hv.streams.RangeXY(x_range=frame.HOME[:2], y_range=frame.HOME[2:])
        grid = rasterize(
            points, aggregator=self.reduction, width=frame.WIDTH, height=frame.HEIGHT, streams=[ranges],
        )  # fmt: skip
        shaded = shade(grid, cmap=self.param.cmap, cnorm=self.param.normalization)
        spreaded = spread(shaded, px=self.param.spreading, how="add")
        return spreaded.apply.opts(alpha=self.param.opacity).opts(
            frame_width=frame.WIDTH, frame_height=frame.HEIGHT, xlim=frame.HOME[:2], ylim=frame.HOME[2:],
            xaxis=None, yaxis=None, bgcolor="black", active_tools=["pan", "wheel_zoom"],
        )  # fmt: skip


def build(path: Path) -> Callable[[], pn.Row]:
    """Read the data once; return what makes a session's page."""
    rows = frame.read(path)
    frame.warm(rows)
    points = hv.Points(rows, [frame.X, frame.Y])

    def page() -> pn.Row:
        dashboard = Dashboard(name="")
        return pn.Row(pn.Param(dashboard.param, width=240), dashboard.plot(points))

    return page


if __name__ == "__main__":
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    pn.serve(
        {"/": build(Path(sys.argv[1]))}, address="127.0.0.1", port=int(sys.argv[2]), show=False, num_procs=workers,
        websocket_origin=f"127.0.0.1:{sys.argv[2]}",
    )  # fmt: skip
