import os
from pathlib import Path

import pytest

from anmc import settings as module
from anmc.errors import SettingsInvalid
from anmc.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting but those of the test, and no pod around us."""
    for name in os.environ:
        if name.startswith("ANMC_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(module, "_NAMESPACE_FILE", tmp_path / "namespace")


def test_every_setting_has_a_default() -> None:
    settings = read_settings()

    assert settings.namespaces == ()
    assert settings.database_url.get_secret_value() == "sqlite:///./anmc.db"
    assert settings.hash_key is None
    assert settings.allowed_origins == "https://*.mcommons.com,https://actionnetwork.org"
    assert settings.http_host_and_port == ("0.0.0.0", 8080)  # noqa: S104  # the documented default
    assert (settings.log_level, settings.log_format) == ("info", None)
    assert settings.max_concurrent_runs == 50
    assert (settings.shards, settings.shard) == (1, 0)
    assert settings.lease_namespace == "default"
    assert settings.lease_name == "anmc-shard-0"


@pytest.mark.parametrize(
    ("variable", "value", "name", "read"),
    [
        ("ANMC_NAMESPACES", "riverside", "namespaces", ("riverside",)),
        ("ANMC_NAMESPACES", " riverside , hillside ,, ", "namespaces", ("riverside", "hillside")),
        ("ANMC_ALLOWED_ORIGINS", "http://127.0.0.1:9", "allowed_origins", "http://127.0.0.1:9"),
        ("ANMC_HTTP_ADDRESS", "127.0.0.1:0", "http_host_and_port", ("127.0.0.1", 0)),
        ("ANMC_HTTP_ADDRESS", "[::1]:65535", "http_host_and_port", ("::1", 65535)),
        ("ANMC_HTTP_ADDRESS", "localhost:80", "http_host_and_port", ("localhost", 80)),
        ("ANMC_LOG_LEVEL", "debug", "log_level", "debug"),
        ("ANMC_LOG_FORMAT", "console", "log_format", "console"),
        ("ANMC_MAX_CONCURRENT_RUNS", "7", "max_concurrent_runs", 7),
        ("ANMC_SHARDS", "1", "shards", 1),
        ("ANMC_SHARD", "0", "shard", 0),
        ("ANMC_LEASE_NAMESPACE", "anmc-system", "lease_namespace", "anmc-system"),
    ],
)
def test_a_variable_is_read(
    variable: str, value: str, name: str, read: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    assert getattr(read_settings(), name) == read


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANMC_HTTP_ADDRESS", "")
    monkeypatch.setenv("ANMC_NAMESPACES", "")

    assert read_settings().http_host_and_port[1] == 8080
    assert read_settings().namespaces == ()


@pytest.mark.parametrize("variable", ["ANMC_DATABASE_URL", "ANMC_HASH_KEY"])
def test_a_secret_setting_is_read_and_never_shown(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "sqlite:///hush")

    settings = read_settings()

    secret = settings.database_url if variable == "ANMC_DATABASE_URL" else settings.hash_key
    assert secret is not None
    assert secret.get_secret_value() == "sqlite:///hush"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANMC_NAMESPACES", "riverside,Hill_side"),
        ("ANMC_NAMESPACES", "a/../../b"),
        ("ANMC_HTTP_ADDRESS", "somewhere"),
        ("ANMC_HTTP_ADDRESS", "127.0.0.1:99999"),
        ("ANMC_HTTP_ADDRESS", "::1:80:"),
        ("ANMC_HTTP_ADDRESS", ":9090"),
        ("ANMC_LOG_LEVEL", "chatty"),
        ("ANMC_LOG_FORMAT", "parchment"),
        ("ANMC_MAX_CONCURRENT_RUNS", "0"),
        ("ANMC_MAX_CONCURRENT_RUNS", "many"),
        ("ANMC_SHARDS", "22"),
        ("ANMC_SHARD", "22"),
        ("ANMC_LEASE_NAMESPACE", "Not-Mine"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable_and_not_the_value(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsInvalid) as caught:
        read_settings()

    sentence = caught.value.sentence
    assert sentence.startswith(f"{variable}: ")
    assert "\n" not in sentence
    assert value not in sentence
    assert caught.value.__cause__ is None


def test_other_variables_of_the_prefix_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANMC_KUBECONFIG", "a setting of the tests")

    assert read_settings().shard == 0


def test_the_lease_lives_in_the_namespace_of_the_pod(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("anmc-system\n")

    assert read_settings().lease_namespace == "anmc-system"


def test_a_pod_is_known_by_name_and_uid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANMC_POD_NAME", "anmc-0")
    monkeypatch.setenv("ANMC_POD_UID", "0a1b")

    assert read_settings().identity == "anmc-0_0a1b"


def test_outside_a_pod_no_two_starts_are_the_same_holder() -> None:
    assert read_settings().identity != read_settings().identity


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().shard = 1  # type: ignore[misc]


def test_every_documented_variable_exists() -> None:
    documented = {
        "NAMESPACES",
        "DATABASE_URL",
        "HASH_KEY",
        "ALLOWED_ORIGINS",
        "HTTP_ADDRESS",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "MAX_CONCURRENT_RUNS",
        "SHARDS",
        "SHARD",
        "POD_NAME",
        "POD_UID",
        "LEASE_NAMESPACE",
    }

    assert {name.upper() for name in Settings.model_fields} == documented
