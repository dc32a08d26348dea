"""The document that every page starts from: which scripts it names, in which order, and what they need at once.

An Explorer's first picture waits neither for Dash nor for its components: what draws it comes before them, with the
facts of the plot in the document itself.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from dash import Dash
from flask import request

from app.ui.bundle import KINDS, bundle

EARLY: Final = "early"
"""The id of the element that holds the facts, as JSON."""

LATER: Final = "later"
"""The id of the template that holds the scripts which a first picture's own go before."""

Facts = Callable[[str, Mapping[str, str]], Mapping[str, Any] | None]
"""Returns what the first picture of a path, with a query, needs; None where it has none."""


def draw_early(app: Dash, facts: Facts, root: str, *, bundled: bool) -> None:
    """Let an app's document begin to draw before Dash starts.

    Parameters
    ----------
    app : dash.Dash
    facts : callable
        As `Facts`.
    root : str
        The path that the app is served under, without a slash at its end.
    bundled : bool
        Whether the document names our scripts and styles, in one file each, and Dash does not.
    """
    filled: Callable[..., str] = app.interpolate_index

    def document(**parts: str) -> str:
        if not bundled:
            return filled(**parts)
        style, script, worker = (f"{root}/assets/{bundle(kind).name}" for kind in KINDS)
        parts["css"] += f'<link rel="stylesheet" href="{style}">'
        ours = f'<script src="{script}" data-worker="{worker}"></script>'
        told = facts(request.path, request.args)
        if told is None:
            return filled(**parts | {"scripts": ours + parts["scripts"]})
        held = f'<template id="{LATER}">{parts["scripts"]}{parts["renderer"]}</template>'
        return filled(**parts | {"scripts": data_element(EARLY, told) + held + ours, "renderer": ""})

    app.interpolate_index = document


def data_element(name: str, value: Mapping[str, Any]) -> str:
    r"""Return an element that holds data, and runs nothing, whatever text is in them.

    Examples
    --------
    >>> data_element("early", {"title": "</script>"})
    '<script type="application/json" id="early">{"title":"\\u003c/script>"}</script>'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
