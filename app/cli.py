"""The command line: serve without a command, or one of the commands.

Owns options, help texts and exit statuses: 0 done, 2 a name or value that is not known, 1 anything else that the user
can mend. No traceback reaches the user for either.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import __version__
from app.address import listen
from app.commands import cache, data, trace
from app.console import complain, print_json, print_table, say
from app.deferred import deferred
from app.pipeline.errors import ParameterError, StageboardError, UnknownNameError, unknown
from app.settings import PREFIX, Settings, load, rows

if TYPE_CHECKING:
    from app import serving
else:
    serving = deferred("app.serving")

app = typer.Typer(
    name="stageboard",
    help="Explore point data too big for a browser. Without a command: serve the pages.",
    epilog="Options stand before the command: python -m app --cache DIR trace flights cmap=fire",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.group, name="data")
app.command("trace")(trace.trace)
app.add_typer(cache.group, name="cache")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stageboard {__version__}")
        raise typer.Exit


@app.callback()
def serve(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Option("--data", help="A file or folder to explore; repeatable.", metavar="FILE")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[str | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    folder: Annotated[Path | None, typer.Option("--cache", help="Folder of computed results.", metavar="DIR")] = None,
    store: Annotated[
        str | None, typer.Option(help="Where results are kept: disk:DIR, redis://HOST:PORT/0, or several.")
    ] = None,
    workers: Annotated[str | None, typer.Option(help="Processes that answer requests.", metavar="N")] = None,
    open_page: Annotated[bool | None, typer.Option("--open/--no-open", help="Open the page in a browser.")] = None,
    debug: Annotated[bool | None, typer.Option("--debug", help="Reload when code changes.")] = None,
    version: Annotated[  # noqa: ARG001 - the callback does it
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Serve the pages, or run a command with these settings."""
    flags: dict[str, object] = {"host": host, "port": port, "cache": folder, "store": store, "workers": workers}
    flags |= {"open": open_page, "debug": debug}
    context.obj = load(data=tuple(files or ()), **flags)
    if context.invoked_subcommand is None:
        _serve(context.obj)


def _serve(settings: Settings) -> None:
    if settings.debug:
        serving.serve_debug(settings)
        return
    listener = listen(settings.host, settings.port)
    typer.echo(f"Stageboard {__version__} is starting …")
    try:
        serving.serve(settings, listener)
    except StageboardError:
        listener.close()
        raise


@app.command("settings")
def show_settings(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print every setting: its value, default, unit, and how to set it."""
    settings: Settings = context.obj
    table = [asdict(row) for row in rows(settings)]
    if as_json:
        print_json(table)
        return
    shown = ("name", "flag", "value", "unit", "help")
    print_table([{name: row[name] for name in shown} for row in table], wide=("value", "help"))
    say(f"Set any of them by the environment or in .env: {PREFIX}<NAME>, for example {PREFIX}WORKERS=2.")


def main() -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line.

    Parameters
    ----------
    words : list of str
        The arguments after the program's name.

    Returns
    -------
    int
        The exit status.
    """
    try:
        status = app(words, prog_name="python -m app", standalone_mode=False)
    except typer.TyperException as error:
        complain(_usage(error))
        return 2
    except StageboardError as error:
        complain(str(error))
        return 2 if isinstance(error, UnknownNameError | ParameterError) else 1
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return status if isinstance(status, int) else 0


def _usage(error: typer.TyperException) -> str:
    """Describe a misused command line in one sentence, with the nearest known name."""
    context, option = getattr(error, "ctx", None), getattr(error, "option_name", None)
    if context is None:
        return error.format_message()
    known, anywhere = _options(context.command), _options(context.find_root().command)
    if option in anywhere and option not in known:
        return f"option {option!r} stands before the command: python -m app {option} … {context.info_name} …"
    if option:
        return str(unknown("option", option, known))
    commands = getattr(context.command, "commands", {})
    return error.format_message() + (f" Known: {', '.join(sorted(commands))}." if commands else "")


def _options(command: Any) -> list[str]:
    return [name for parameter in command.params for name in parameter.opts if name.startswith("--")] + ["--help"]
