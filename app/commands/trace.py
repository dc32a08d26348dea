"""``trace``: what each change of a control re-runs, as the engine tells it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import print_json, say
from app.deferred import deferred
from app.pipeline.errors import ParameterError
from app.pipeline.types import Bounds
from app.settings import Settings

if TYPE_CHECKING:
    from app import runtime
else:
    runtime = deferred("app.runtime")


def trace(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A data set; `data list` names them.")],
    changes: Annotated[
        list[str] | None, typer.Argument(help="Changes to apply one after another.", metavar="[CONTROL=VALUE]...")
    ] = None,
    plot: Annotated[str, typer.Option(help="One of its plots; the first where not given.")] = "",
    bounds: Annotated[str, typer.Option(help="The view in data units.", metavar="X0,X1,Y0,Y1")] = "",
) -> None:
    """Apply changes one after another and print, for each, one JSON line: what ran, what was reused, and ms.

    Example: python -m app trace flights cmap=bgy normalization=log aggregate=mean
    """
    settings: Settings = context.obj
    view = parse_bounds(bounds) if bounds else None
    with runtime.Runtime(settings) as engine:
        for reason in engine.reasons():
            say(reason)
        for row in engine.trace(name, plot, view, parse_changes(changes or ())):
            print_json(asdict(row))


def parse_changes(words: Sequence[str]) -> list[tuple[str, str]]:
    """Split ``CONTROL=VALUE`` words.

    Examples
    --------
    >>> parse_changes(["cmap=fire", "range=5,95"])
    [('cmap', 'fire'), ('range', '5,95')]
    """
    pairs = [word.partition("=") for word in words]
    for control, equals, _ in pairs:
        if not (control and equals):
            raise ParameterError(f"{control or equals!r} is not a change: write CONTROL=VALUE, for example cmap=fire.")
    return [(control, value) for control, _, value in pairs]


def parse_bounds(text: str) -> Bounds:
    """Read ``X0,X1,Y0,Y1``.

    Examples
    --------
    >>> parse_bounds("-10,40,35,70")
    Bounds(x0=-10.0, x1=40.0, y0=35.0, y1=70.0)
    """
    try:
        view = Bounds(*(float(part) for part in text.split(",")))
    except (TypeError, ValueError):
        raise ParameterError(
            f"bounds {text!r} are not four numbers: write X0,X1,Y0,Y1, for example -10,40,35,70."
        ) from None
    if not (view.x0 < view.x1 and view.y0 < view.y1):
        raise ParameterError(f"bounds {text!r} are empty: X0 must be less than X1, and Y0 less than Y1.")
    return view
