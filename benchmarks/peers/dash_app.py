"""Stock Dash: one callback from the controls and the view to the picture, with no state on the server.

python -m benchmarks.peers.dash_app FILE PORT [WORKERS]
"""

from pathlib import Path

from dash import Dash, Input, Output, Patch, State

from benchmarks.peers import frame
from benchmarks.peers.page import layout, patched, seen, serve


def build(path: Path) -> Dash:
    """Read the data once, and return the app."""
    rows = frame.read(path)
    frame.warm(rows)
    app = Dash("stock")
    app.layout = layout

    @app.callback(
        Output("graph", "figure"),
        Input("cmap", "value"), Input("normalization", "value"), Input("spreading", "value"),
        Input("aggregate", "value"), Input("field", "value"), Input("graph", "relayoutData"),
        State("opacity", "value"),
    )  # fmt: skip
    def draw(cmap, normalization, spreading, how, field, relayout, opacity):
        shown = seen(relayout)
        grid = frame.aggregate(rows, shown, how, field)
        return patched(frame.picture(grid, cmap, normalization, spreading), shown, opacity)

    @app.callback(Output("graph", "figure", allow_duplicate=True), Input("opacity", "value"), prevent_initial_call=True)
    def fade(opacity):
        change = Patch()
        change["layout"]["images"][0]["opacity"] = opacity
        return change

    return app


if __name__ == "__main__":
    serve(build)
