"""Session: what is kept of who is asking, in plain words, and a button that forgets it."""

from datetime import UTC, datetime
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from app import runtime, serverside
from app.ui import shell
from app.ui.links import rooted
from app.ui.numbers import count, size
from app.ui.upload import own_table

dash.register_page(
    __name__,
    path="/session",
    name="Session",
    title="Session · Stageboard",
    description="What is kept of you here, until when, and how to have it forgotten.",
    order=5,
)


def layout(**_query: str) -> Component:
    """Return the page."""
    served, side = runtime.current(), serverside.current()
    session = side.session()
    owner = session.owner
    own = [(one, served.uploads.size(owner, one.name)) for one in served.uploads.of(owner)]
    until = f"{datetime.fromtimestamp(session.until, UTC):%d %B %Y}"
    used, quota = size(sum(held for _, held in own)), size(served.uploads.allowance.quota)
    return shell.page(
        html.H1("What is kept of you"),
        html.P(
            "This browser carries a cookie with a random number, signed by this server: no name, no address. It keeps "
            f"your uploads yours. Unless you come back, it ends on {until}, and your uploads are deleted.",
            className="lede",
        ),
        html.H2("Uploads"),
        html.P(f"{count(len(own), 'file')}, {used} of {quota} with all that was made of them.", className="lede"),
        own_table(own, deletable=False),
        html.H2("Views"),
        html.P(
            f"{size(side.used())} of descriptions of figures that are too long for an address. What was computed of "
            "shared data belongs to nobody; what was computed of your uploads is kept under names that only your "
            "session can ask for, and is deleted with them.",
            className="lede",
        ),
        html.H2("Forget everything"),
        html.P(
            "Deletes your uploads and these descriptions at once, and gives this browser another session.",
            className="lede",
        ),
        dmc.Button("Forget everything", id="session-forget", variant="filled"),
        dcc.Location(id="session-go", refresh=True),
    )


@callback(Output("session-go", "href"), Input("session-forget", "n_clicks"), prevent_initial_call=True)
def forgotten(clicks: Any) -> str:
    """Delete all that is kept of who asks, give the browser another session, and load the page anew."""
    if not clicks:
        raise PreventUpdate
    side = serverside.current()
    runtime.current().uploads.forget(side.session().owner)
    side.leave()
    return rooted("/session")
