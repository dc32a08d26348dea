"""The page for an address that is no page's. Dash finds it by its file name."""

import dash
from dash.development.base_component import Component

from app.ui.notices import HOME, Action, notice

dash.register_page(
    __name__,
    path="/404",
    name="Not found",
    title="Not found · Stageboard",
    description="What an address that leads nowhere shows.",
    order=99,
)


def layout(**_query: str) -> Component:
    """Return the page."""
    return notice(
        "There is no such page",
        "This address leads nowhere. It may have been shortened or mistyped.",
        (HOME, Action("Explorer", "/explorer")),
    )
