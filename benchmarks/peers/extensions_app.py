"""Dash with dash-extensions: the aggregate stays on the server, and a second callback shades it.

python -m benchmarks.peers.extensions_app FILE PORT [WORKERS]
"""

import os
from pathlib import Path

from dash import Patch
from dash_extensions.enrich import (
    DashProxy,
    FileSystemBackend,
    Input,
    Output,
    Serverside,
    ServersideOutputTransform,
    State,
    dcc,
)

from benchmarks.peers import frame
from benchmarks.peers.page import layout, patched, seen, serve


def build(path: Path) -> DashProxy:
    """Read the data once, and return the app; aggregates go to the folder that PEER_FOLDER names."""
    rows = frame.read(path)
    frame.warm(rows)
    backend = FileSystemBackend(os.environ["PEER_FOLDER"])
    app = DashProxy("extensions", transforms=[ServersideOutputTransform(backends=[backend])])
    page = layout()
    page.children.append(dcc.Store(id="grid"))
    app.layout = page

    @app.callback(
        Output("grid", "data"), Input("aggregate", "value"), Input("field", "value"), Input("graph", "relayoutData")
    )
    def reduce(how, field, relayout):
        shown = seen(relayout)
        return Serverside((shown, frame.aggregate(rows, shown, how, field)))

    @app.callback(
        Output("graph", "figure"),
        Input("grid", "data"), Input("cmap", "value"), Input("normalization", "value"), Input("spreading", "value"),
        State("opacity", "value"), prevent_initial_call=True,
    )  # fmt: skip
    def draw(kept, cmap, normalization, spreading, opacity):
        shown, grid = kept
        return patched(frame.picture(grid, cmap, normalization, spreading), shown, opacity)

    @app.callback(Output("graph", "figure", allow_duplicate=True), Input("opacity", "value"), prevent_initial_call=True)
    def fade(opacity):
        change = Patch()
        change["layout"]["images"][0]["opacity"] = opacity
        return change

    return app


if __name__ == "__main__":
    serve(build)
