"""``cache``: what the store of computed results holds."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.console import print_json, print_table, say
from app.deferred import deferred
from app.settings import Settings

if TYPE_CHECKING:
    from app import runtime
else:
    runtime = deferred("app.runtime")

group = typer.Typer(help="Look at, check or empty the store of computed results.")


@group.command()
def stats(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what each tier of the store holds."""
    settings: Settings = context.obj
    with runtime.Runtime(settings) as engine:
        held = {**engine.store_stats(), "notes": list(engine.notes)}
    if as_json:
        print_json(held)
        return
    for note in held["notes"]:
        say(note)
    print_table(held["tiers"])
    print_table([{"stage": name, **facts} for name, facts in held["stages"].items()])


@group.command()
def verify(context: typer.Context) -> None:
    """Check every stored result; what is damaged is put aside, and computed again when it is needed."""
    settings: Settings = context.obj
    with runtime.Runtime(settings) as engine:
        faults = engine.verify()
    for fault in faults:
        say(fault)
    say(f"{len(faults)} damaged results put aside." if faults else "Every stored result is whole.")
    raise typer.Exit(1 if faults else 0)


@group.command()
def clear(context: typer.Context) -> None:
    """Remove every computed result, and recipes too long for a token. Data files and users' uploads stay."""
    settings: Settings = context.obj
    with runtime.Runtime(settings) as engine:
        say(f"{engine.clear():,} results removed.")
