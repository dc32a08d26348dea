"""A multi-page app of dash-extensions on our backend, as a Dash developer would write it; tests serve it."""

import os
from pathlib import Path

import dash
import numpy as np
import pandas as pd
from dash_extensions.enrich import DashProxy, Input, Output, Serverside, State, dcc, html
from flask import Flask

from app.pipeline.errors import StageboardError
from app.pipeline.secret import load_secret
from app.pipeline.stores.registry import open_store
from app.serverside import StageBackend

CACHE = Path(os.environ["PROXIED_CACHE"])
QUOTA = 400_000

backend = StageBackend(
    open_store(("memory:", 2**18), (f"disk:{CACHE / 'values'}", 2**26)), load_secret(CACHE), quota=QUOTA
)


def notify(error: Exception) -> None:
    """Show what was raised on purpose as one sentence; let Dash answer for the rest."""
    if not isinstance(error, StageboardError):
        raise error
    dash.set_props("notice", {"children": f"{type(error).__name__}: {error}"})


server = Flask("proxied")
app = DashProxy(
    server=server, use_pages=True, pages_folder="", transforms=[backend.transform()], on_error=notify, assets_folder="-"
)
backend.attach(server)
dash.register_page(
    "table", path="/", layout=html.Div([dcc.Input(id="rows", value=5, type="number"), html.P(id="total")])
)
dash.register_page("text", path="/text", layout=html.Div([dcc.Input(id="words", value=""), html.P(id="echo")]))
# Stores outside of the pages keep their tokens from page to page.
app.layout = html.Div([dcc.Store("frame"), dcc.Store("array"), html.P(id="notice"), dash.page_container])


@app.callback(Output("frame", "data"), Output("array", "data"), Input("rows", "value"))
def make(rows: int) -> tuple[Serverside, Serverside]:
    days = pd.date_range("2026-01-01", periods=rows, freq="D", tz="UTC")
    return Serverside(pd.DataFrame({"n": range(rows)}, index=days)), Serverside(np.arange(rows, dtype="f8"))


@app.callback(Output("total", "children"), Input("frame", "data"), State("array", "data"))
def total(frame: pd.DataFrame, array: np.ndarray) -> str:
    return f"{frame['n'].sum()} {array.sum():g} {frame.index.tz} {os.getpid()}"


@app.callback(Output("echo", "children"), Input("words", "value"))
def echo(words: str) -> str:
    return words
