"""A text to copy: a command, a declaration."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component


def sample(text: str, label: str) -> Component:
    """Return a text as it is typed, with a button that copies it; ``label`` says what that is."""
    copy = dmc.CopyButton(
        "Copy",
        value=text.strip(),
        copiedChildren="Copied",
        size="compact-sm",
        variant="default",
        **{"aria-label": label},
    )
    return html.Div([html.Pre(html.Code(text.strip()), tabIndex=0), copy], className="sample")
