"""What an operator can set: one table of settings, read from flags, the environment and a ``.env`` file.

Owns names, defaults, units, help texts and where a value came from. Refuses what it does not know: a misspelt variable
is an error, never a silent default.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, ByteSize, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.pipeline.chain import shown_chain, split_chain
from app.pipeline.errors import ParameterError, StageboardError, unknown
from app.pipeline.secret import check_secret

PREFIX = "STAGEBOARD_"
DOTENV = ".env"


def _setting(default: Any, help: str, *, unit: str = "", flag: str = "", **limits: Any) -> Any:  # noqa: A002
    """Describe one row of the table."""
    return Field(default, description=help, json_schema_extra={"unit": unit, "flag": flag}, **limits)


class Settings(BaseSettings):
    """The settings of one instance; each is also the environment variable ``STAGEBOARD_<NAME>``.

    Examples
    --------
    >>> Settings(port=8051).port
    8051
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=DOTENV,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    data: Annotated[tuple[Path, ...], NoDecode] = _setting(
        (), f"Files and folders to explore besides the embedded data; in the environment separated by {os.pathsep!r}.",
        flag="--data",
    )  # fmt: skip
    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for every interface.", flag="--host", min_length=1)
    port: int = _setting(
        8050, "Port to listen on; 0 takes a free one. PORT is read as well.", flag="--port", ge=0, le=65535,
        validation_alias=AliasChoices(f"{PREFIX}PORT", "PORT"),
    )  # fmt: skip
    cache: Path = _setting(
        Path("cache"), "Folder of computed results, shared by all workers; safe to delete.", flag="--cache"
    )
    store: str = _setting(
        "disk:", "Where results are kept besides memory: disk:FOLDER (by default in the cache folder), "
        "redis://HOST:PORT/0 (shared by several machines), memory: for nowhere else, or several, the fastest first.",
        flag="--store", repr=False,
    )  # fmt: skip
    folder: Path = _setting(
        Path("data"), "Folder of the files that `data make` writes and of the list that `data add` keeps."
    )
    prefix: str = _setting(
        "/", "Path that the pages are served under, such as /maps/; proxies hand it on.",
        pattern=r"^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*$",
    )  # fmt: skip
    proxies: int = _setting(
        0, "Proxies before the app whose X-Forwarded-For, -Proto and -Host are believed.", unit="proxies", ge=0, le=16
    )
    body_bytes: ByteSize = _setting(ByteSize(4 * 2**20), "Largest body of a request, uploads aside.", unit="bytes")
    rate: int = _setting(
        200, "Tiles a second that a session may ask one worker for; thirty times as many at once; 0: no limit.",
        unit="tiles/s", ge=0,
    )  # fmt: skip
    workers: int = _setting(1, "Processes that answer requests.", unit="processes", flag="--workers", ge=1, le=64)
    threads: int = _setting(16, "Requests that one process answers at once.", unit="threads", ge=1, le=256)
    memory_bytes: ByteSize = _setting(ByteSize(512 * 2**20), "Results kept in memory by each process.", unit="bytes")
    disk_bytes: ByteSize = _setting(ByteSize(8 * 2**30), "Results kept in the cache folder.", unit="bytes")
    redis_bytes: ByteSize = _setting(ByteSize(2**30), "Results kept in Redis.", unit="bytes")
    upload_bytes: ByteSize = _setting(ByteSize(200 * 2**20), "The largest file that a user may upload.", unit="bytes")
    quota_bytes: ByteSize = _setting(
        ByteSize(2 * 2**30), "What the uploads of one session may take in the cache folder; all of them: disk_bytes.",
        unit="bytes",
    )  # fmt: skip
    session_days: int = _setting(
        30, "An unused session ends after so long, and its uploads are deleted.", unit="days", ge=1, le=400
    )
    secret: SecretStr | None = _setting(
        None, "Signs cookies and tokens; without it one is made and kept in the cache folder."
    )
    open: bool = _setting(False, "Open the page in a browser once it is served.", flag="--open/--no-open")
    debug: bool = _setting(False, "Serve from one process that reloads when code changes.", flag="--debug")
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "warning", "The least grave message that is logged."
    )

    @field_validator("data", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    @field_validator("secret")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_secret(value.get_secret_value())
        return value

    @field_validator("store")
    @classmethod
    def _known_stores(cls, value: str) -> str:
        try:
            split_chain(value)
        except StageboardError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("memory_bytes", "disk_bytes", "redis_bytes", "body_bytes", "upload_bytes", "quota_bytes")
    @classmethod
    def _at_least_a_mebibyte(cls, value: ByteSize) -> ByteSize:
        if value < 2**20:
            raise ValueError("give at least 1 MiB, for example 512MiB")
        return value


@dataclass(frozen=True, slots=True)
class Row:
    """One setting, for people: values are text, and secrets are hidden."""

    name: str
    value: str
    default: str
    unit: str
    flag: str
    variable: str
    help: str


def rows(settings: Settings) -> list[Row]:
    """Return the table of settings with the values that hold now.

    Examples
    --------
    >>> next(row.value for row in rows(Settings(workers=3)) if row.name == "workers")
    '3'
    """
    return [_row(name, getattr(settings, name)) for name in Settings.model_fields]


def _row(name: str, value: object) -> Row:
    info = Settings.model_fields[name]
    extra = info.json_schema_extra
    facts: Mapping[str, Any] = extra if isinstance(extra, dict) else {}
    default, help_text = _text(info.default), info.description or ""
    shown = shown_chain(str(value)) if name == "store" else _text(value)
    return Row(name, shown, default, facts["unit"], facts["flag"], PREFIX + name.upper(), help_text)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return os.pathsep.join(map(str, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def load(**flags: object) -> Settings:
    """Read the settings: flags first, then the environment, then ``.env``, then defaults.

    Parameters
    ----------
    **flags
        Values given on the command line; None and empty tuples count as not given.

    Raises
    ------
    ParameterError
        If a value is not allowed; the message names the setting, the value and where to set it.
    UnknownNameError
        If a variable with the prefix names no setting.
    """
    _refuse_unknown({**dotenv_values(DOTENV), **os.environ})
    try:
        return Settings(**{name: value for name, value in flags.items() if value not in (None, ())})  # type: ignore[arg-type]
    except ValidationError as error:
        raise ParameterError(_sentence(error)) from None


def _refuse_unknown(environment: Mapping[str, object]) -> None:
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX).lower() not in Settings.model_fields:
            known = (PREFIX + name.upper() for name in Settings.model_fields)
            raise unknown("setting", variable, known)


def _sentence(error: ValidationError) -> str:
    """Describe the first fault of a validation in one sentence."""
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0]).removeprefix(PREFIX).lower()
    flag = rows(Settings.model_construct())[list(Settings.model_fields).index(name)].flag.split("/")[0]
    said = fault["msg"].removeprefix("Value error, ").rstrip(".")
    value = "not usable" if name in ("secret", "store") else repr(fault["input"])
    where = f"{flag} or {PREFIX}{name.upper()}" if flag else f"{PREFIX}{name.upper()}"
    return f"setting {name!r} is {value}: {said[:1].lower()}{said[1:]}. Set {where}."


def tiers(settings: Settings, without: str = "") -> list[tuple[str, int]]:
    """Return the addresses and limits of the tiers behind memory, but for those of a kind that cannot be used."""
    limits = {"disk": int(settings.disk_bytes)}
    found = []
    for address in split_chain(settings.store)[1:]:
        kind = address.partition(":")[0]
        if kind != without:
            shown = f"disk:{settings.cache / 'results'}" if address == "disk:" else address
            found.append((shown, limits.get(kind, int(settings.redis_bytes))))
    return found
