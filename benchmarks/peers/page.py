"""The page of both Dash peers, as Dash's documentation builds one, and gunicorn's workers to serve it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Patch, dcc, html
from gunicorn.app.base import BaseApplication
from PIL.Image import Image

from benchmarks.peers.frame import COLORMAPS, FIELDS, HEIGHT, HOME, NORMALIZATIONS, WIDTH, View

THREADS = 16


def layout() -> html.Div:
    """Return the controls and the figure."""
    controls = [
        dcc.Dropdown(id="cmap", options=list(COLORMAPS), value="fire", clearable=False),
        dcc.Dropdown(id="normalization", options=list(NORMALIZATIONS), value="eq_hist", clearable=False),
        dcc.Slider(id="spreading", min=0, max=5, step=1, value=0),
        dcc.Dropdown(id="aggregate", options=["count", "mean"], value="count", clearable=False),
        dcc.Dropdown(id="field", options=list(FIELDS), value=FIELDS[0], clearable=False),
        dcc.Slider(id="opacity", min=0, max=1, step=0.05, value=1),
    ]
    graph = dcc.Graph(id="graph", figure=figure(), config={"scrollZoom": True})
    return html.Div([html.Div(controls, style={"width": 240}), graph], style={"display": "flex"})


def figure() -> go.Figure:
    """Return the figure without its picture: 800 x 400 pixels of plot, no axes."""
    axis = {"visible": False}
    return go.Figure(
        layout={
            "width": WIDTH, "height": HEIGHT, "margin": dict.fromkeys("lrtb", 0), "plot_bgcolor": "black",
            "dragmode": "pan", "xaxis": {**axis, "range": HOME[:2]}, "yaxis": {**axis, "range": HOME[2:]},
        }
    )  # fmt: skip


def seen(relayout: dict[str, Any] | None) -> View:
    """Return the view that the figure last told of."""
    told = relayout or {}
    if "xaxis.range" in told:
        return View(*told["xaxis.range"], *told["yaxis.range"])
    if "xaxis.range[0]" in told:
        return View(*(told[f"{axis}axis.range[{end}]"] for axis in "xy" for end in (0, 1)))
    return HOME


def patched(picture: Image, shown: View, opacity: float) -> Patch:
    """Return the change of the figure that shows a picture in its view."""
    change = Patch()
    change["layout"]["images"] = [
        {
            "source": picture, "xref": "x", "yref": "y", "x": shown.x0, "y": shown.y1, "sizex": shown.x1 - shown.x0,
            "sizey": shown.y1 - shown.y0, "sizing": "stretch", "layer": "below", "opacity": opacity,
        }
    ]  # fmt: skip
    # Or the figure's own ranges would undo the user's zoom.
    change["layout"]["xaxis"]["range"] = shown[:2]
    change["layout"]["yaxis"]["range"] = shown[2:]
    return change


class Workers(BaseApplication):
    """Gunicorn, set as Stageboard sets it."""

    def __init__(self, build: Callable[[Path], Dash], path: Path, port: int, workers: int) -> None:
        self.build, self.path, self.port, self.workers = build, path, port, workers
        super().__init__()

    def load_config(self) -> None:
        """Set the options."""
        options = {
            "bind": f"127.0.0.1:{self.port}", "worker_class": "gthread", "workers": self.workers, "threads": THREADS,
            "timeout": 120, "keepalive": 65, "loglevel": "warning", "control_socket_disable": True,
        }  # fmt: skip
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the app in each worker."""
        return self.build(self.path).server


def serve(build: Callable[[Path], Dash]) -> None:
    """Serve an app on the file, the port and the number of workers that the command line names."""
    path, port, *rest = sys.argv[1:]
    Workers(build, Path(path), int(port), int(rest[0]) if rest else 1).run()
