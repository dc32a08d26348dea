"""The table of settings: where values come from, and what is refused."""

from pathlib import Path

import pytest

from app.pipeline.errors import ParameterError, UnknownNameError
from app.settings import PREFIX, Settings, load, rows


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORT", raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_flags_are_stronger_than_environment_than_dotenv_than_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().workers == 1
    Path(".env").write_text("STAGEBOARD_WORKERS=2\nOTHER=1\n")
    assert load().workers == 2
    monkeypatch.setenv("STAGEBOARD_WORKERS", "3")
    assert load().workers == 3
    assert load(workers="4").workers == 4


def test_absent_flags_leave_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOARD_DATA", "a.parquet:b")
    assert load(data=(), host=None).data == (Path("a.parquet"), Path("b"))
    assert load(data=(Path("c"),)).data == (Path("c"),)


def test_port_is_read_too_and_the_own_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert load().port == 9000
    monkeypatch.setenv("STAGEBOARD_PORT", "9001")
    assert load().port == 9001
    assert load(port="9002").port == 9002


def test_sizes_are_read_with_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOARD_DISK_BYTES", "2GiB")
    assert load().disk_bytes == 2 * 2**30


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", "abc", "setting 'port' is 'abc'"),
        ("port", "70000", "less than or equal to 65535"),
        ("workers", "0", "greater than or equal to 1"),
        ("threads", "many", "valid integer"),
        ("memory_bytes", "12kB", "at least 1 MiB"),
        ("disk_bytes", "a lot", "'a lot'"),
        ("log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("host", "", "setting 'host' is ''"),
        ("open", "perhaps", "boolean"),
        ("prefix", "maps", "setting 'prefix' is 'maps'"),
        ("prefix", "/maps", "setting 'prefix' is '/maps'"),
        ("prefix", "/../", "setting 'prefix' is '/../'"),
        ("prefix", "//evil/", "setting 'prefix' is '//evil/'"),
        ("proxies", "-1", "greater than or equal to 0"),
        ("body_bytes", "1kB", "at least 1 MiB"),
    ],
)
def test_a_bad_value_is_one_sentence_with_its_name_and_where_to_set_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(ParameterError) as caught:
        load()
    message = str(caught.value)
    assert said in message
    assert PREFIX + name.upper() in message
    assert "\n" not in message


def test_a_misspelt_variable_is_refused_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOARD_WROKERS", "2")
    with pytest.raises(UnknownNameError, match="did you mean 'STAGEBOARD_WORKERS'"):
        load()


def test_a_misspelt_line_of_dotenv_is_refused() -> None:
    Path(".env").write_text("STAGEBOARD_HOTS=0.0.0.0\n")
    with pytest.raises(UnknownNameError, match="STAGEBOARD_HOST"):
        load()


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOARD_SECRET", "correct horse battery staple")
    settings = load()
    assert settings.secret is not None
    assert settings.secret.get_secret_value() == "correct horse battery staple"
    assert "horse" not in repr(settings) + repr(rows(settings))
    monkeypatch.setenv("STAGEBOARD_SECRET", "horse")
    with pytest.raises(ParameterError) as caught:
        load()
    assert "horse" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "redis://user:h0rse@host:port/0",
        "redis://user:h0/rse@host:1/0",
        "disk:a, rediss://user:h0rse@",
        "redis://:h0rse@host/zero",
        "h0rse-is-no-kind-of-store",
    ],
)
def test_a_chain_of_stores_that_cannot_be_read_is_refused_without_its_password(value: str) -> None:
    with pytest.raises(ParameterError, match="setting 'store' is not usable: ") as caught:
        load(store=value)
    assert "user" not in str(caught.value)
    assert "h0rse" not in str(caught.value) or value.startswith("h0rse")


def test_a_chain_of_stores_is_shown_without_its_password() -> None:
    settings = load(store="disk:a/b rediss://user:h0rse@host:1/0?ssl_password=h0rse")
    shown = next(row.value for row in rows(settings) if row.name == "store")
    assert shown == "disk:a/b, rediss://***@host:1/0?***"
    assert "h0rse" not in repr(settings) + str(settings)


def test_every_row_has_a_help_text_and_its_default() -> None:
    for row in rows(Settings(workers=7)):
        assert row.help.endswith("."), row
        assert row.variable == PREFIX + row.name.upper()
        assert (row.value == row.default) == (row.name != "workers"), row
