"""What became of each stage: told to browsers in a response's ``Server-Timing`` header, and noted for operators."""

from collections.abc import Sequence
from typing import cast

from flask import g, has_request_context

from app.pipeline.run import Event


def server_timing(events: Sequence[Event]) -> str:
    """Return what became of each stage, as a ``Server-Timing`` header.

    Examples
    --------
    >>> server_timing([Event("source", "unneeded"), Event("grid", "ran", 12.34, parts_ran=4, remarks=(("rows", 9),))])
    'source;desc=unneeded;dur=0.00, grid;desc=ran;dur=12.34;parts=4;rows=9'
    """
    note(events)
    return ", ".join(map(_one, events))


def note(events: Sequence[Event]) -> None:
    """Note what became of stages for the request that is being answered, so that it is counted."""
    if has_request_context():
        g.events = (*g.get("events", ()), *events)


def noted() -> Sequence[Event]:
    """Return what was noted for the request that is being answered."""
    return cast(Sequence[Event], g.get("events", ()))


def _one(event: Event) -> str:
    facts = [("parts", event.parts_ran)] * bool(event.parts_ran) + list(event.remarks)
    said = "".join(f";{name}={amount}" for name, amount in facts)
    return f"{event.stage};desc={event.how};dur={event.ms:.2f}{said}"
