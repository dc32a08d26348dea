"""How a process logs: one JSON object a line on standard error, or plain text where that is a terminal.

Owns handlers and formats, for our messages and for those of libraries. What libraries say is heard from ``warning`` up:
the level of the settings is that of our own messages.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from flask import g, has_request_context
from gunicorn.glogging import Logger

OURS = "app"


def configure(level: str, stream: TextIO | None = None) -> None:
    """Log to a stream from now on.

    Parameters
    ----------
    level : str
        The least grave message of ours that is written: ``debug``, ``info``, ``warning`` or ``error``.
    stream : file, optional
        Standard error where not given.
    """
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(target.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level.upper())


def _formatter(plain: bool) -> logging.Formatter:
    ends: list[Any] = [structlog.dev.ConsoleRenderer(colors=plain)]
    if not plain:
        ends = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _traced,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
    )


def _traced(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the trace id of the request that is being answered."""
    if has_request_context() and "trace" in g:
        event["trace"] = g.trace
    return event


class GunicornLogger(Logger):  # type: ignore[misc]
    """Gunicorn's messages among ours, in the same form."""

    def setup(self, cfg: Any) -> None:
        """Hand messages on to the process's own handler."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
