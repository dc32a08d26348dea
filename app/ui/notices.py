"""A plain page that says in one sentence what is wrong, and what to do."""

from collections.abc import Sequence
from html import escape
from secrets import token_hex
from typing import Final, NamedTuple

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from app.ui.icons import icon
from app.ui.links import rooted


class Action(NamedTuple):
    """A way on: what it is called, and where in the app it leads, as `page_path` says it."""

    label: str
    href: str


HOME: Final = Action("See all data sets", "/")

_DOCUMENT: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Stageboard</title><link rel="icon" type="image/svg+xml" href="{root}/assets/favicon.svg">
<link rel="stylesheet" href="{root}/assets/base.css">
<link rel="stylesheet" href="{root}/assets/icons.css">{scheme}</head>
<body><main class="notice" role="alert"><span class="icon icon-warning" aria-hidden="true"></span>
<h1>{title}</h1><p>{sentence}</p>
<p><a class="button primary" href="{href}">{label}</a></p></main></body></html>
"""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def notice(title: str, sentence: str, actions: Sequence[Action] = (HOME,)) -> Component:
    """Return a page's whole content when it cannot show what was asked.

    Parameters
    ----------
    title : str
        A few words.
    sentence : str
        What is wrong and what is allowed; the message of a `StageboardError` as it stands.
    actions : sequence of Action
        Ways on, the most likely first.

    Returns
    -------
    Component
    """
    buttons = [
        dmc.Anchor(label, href=rooted(path), underline="never", className="button" if place else "button primary")
        for place, (label, path) in enumerate(actions)
    ]
    return html.Div(
        [
            icon("warning"),
            html.H1(title),
            html.P(_capital(sentence)),
            html.Div(buttons, className="actions"),
        ],
        className="notice",
        role="alert",
    )


def document(title: str, sentence: str, scheme: str = "", action: Action = HOME) -> str:
    """Return the same as an HTML document of its own, for addresses that are no page of the app.

    Parameters
    ----------
    title, sentence : str
        As for `notice`; escaped here.
    scheme : str
        Markup for the head that sets the colour scheme.
    action : Action

    Returns
    -------
    str
    """
    parts = {"title": title, "sentence": _capital(sentence), "href": rooted(action.href), "label": action.label}
    parts["root"] = rooted("")
    return _DOCUMENT.format(scheme=scheme, **{name: escape(text) for name, text in parts.items()})


def toast(sentence: str) -> Component:
    """Return a passing message, for an action that failed while the page stands."""
    box = dmc.Alert(
        _capital(sentence),
        variant="default",
        icon=icon("warning"),
        withCloseButton=True,
        closeButtonLabel="Close",
        className="toast-box",
    )
    return html.Div(box, key=token_hex(4))  # a new one each time, also where the last was closed
