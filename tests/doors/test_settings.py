"""Settings: found in the right order, refused in one line, secrets never said."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from monitor import environment, redaction
from monitor.access import Role, Token, User, digest
from monitor.environment import Loaded
from monitor.errors import UsageError
from monitor.passwords import hashed
from monitor.settings import Settings, variables

HASH = hashed("correct horse", b"s" * 16, cost=1 << 14, parallel=1)
CANARY = "c4n4ry-7d8e9f"
PASSWORD = "FDI_MONITOR_SMTP__PASSWORD"


@pytest.fixture(autouse=True)
def _a_machine_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable + "_FILE", raising=False)
    redactor = redaction.Redactor()
    monkeypatch.setattr(environment, "protect", redactor.protect)
    monkeypatch.setattr(redaction, "redact", redactor.redact)


def load(secrets: str = "no-secrets") -> Loaded:
    return environment.load(secrets=Path(secrets))


def test_without_any_variable_the_documented_defaults_hold() -> None:
    loaded = load()
    settings = loaded.settings
    assert (settings.rules, settings.data) == (Path("rules"), Path("data"))
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)
    assert (settings.log.level, settings.log.format) == ("info", None)
    assert settings.retention == timedelta(days=30)
    assert (settings.public_url, settings.database_url) == ("", None)
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.tls) == ("", 25, "none")
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.warnings == ()


def test_every_variable_can_be_set_and_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "RULES": "/etc/fdi",
        "DATA": "/var/lib/fdi",
        "WEB__HOST": "0.0.0.0",
        "WEB__PORT": "9090",
        "LOG__LEVEL": "DEBUG",
        "LOG__FORMAT": "json",
        "RETENTION": "90d",
        "PUBLIC_URL": "https://fdi.example.com/",
        "SMTP__HOST": "mail.example.com",
        "SMTP__PORT": "587",
        "SMTP__USER": "fdi",
        "SMTP__PASSWORD": CANARY,
        "SMTP__TLS": "StartTLS",
        "SMTP__SENDER": "fdi@example.com",
        "TOKEN": f"{CANARY}-token",
        "WEB__USERS": json.dumps([{"name": "王", "password_hash": HASH.written(), "role": "operator"}]),
        "WEB__TOKENS": json.dumps([{"name": "ci", "token": f"{CANARY}-long-enough", "role": "viewer"}]),
        "WEB__TRUSTED_PROXIES": "127.0.0.1, fd00::/8",
        "NODE": "node-1",
        "LEASE": "5s",
    }
    for name, text in texts.items():
        monkeypatch.setenv(f"FDI_MONITOR_{name}", text)
    loaded = load()
    settings = loaded.settings
    assert (settings.rules, settings.data) == (Path("/etc/fdi"), Path("/var/lib/fdi"))
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 9090)
    assert settings.web.users == (User("王", Role.OPERATOR, HASH),)
    assert settings.web.tokens == (Token("ci", Role.VIEWER, digest(f"{CANARY}-long-enough")),)
    assert [str(one) for one in settings.web.trusted_proxies] == ["127.0.0.1/32", "fd00::/8"]
    assert CANARY not in repr(settings)
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert settings.retention == timedelta(days=90)
    assert settings.public_url == "https://fdi.example.com"
    smtp = settings.smtp
    assert (smtp.host, smtp.port, smtp.user, smtp.tls) == ("mail.example.com", 587, "fdi", "starttls")
    assert (smtp.sender, smtp.password.get_secret_value()) == ("fdi@example.com", CANARY)
    assert settings.token.get_secret_value() == f"{CANARY}-token"
    assert (settings.node, settings.lease) == ("node-1", timedelta(seconds=5))
    assert {variable for variable, origin in loaded.origins.items() if origin == "default"} == {
        "FDI_MONITOR_DATABASE_URL"
    }


def test_the_environment_goes_before_dotenv_and_dotenv_before_the_secrets_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDI_MONITOR_SMTP__HOST", "environment")
    Path(".env").write_text("FDI_MONITOR_SMTP__HOST=dotenv\nFDI_MONITOR_SMTP__USER=dotenv\nOTHER=1\n")
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in ("HOST", "USER", "PASSWORD"):
        (folder / f"FDI_MONITOR_SMTP__{name}").write_text("secrets\n")
    (folder / "of_somebody_else").write_bytes(b"\xff")
    loaded = load("secrets")
    smtp = loaded.settings.smtp
    assert (smtp.host, smtp.user, smtp.password.get_secret_value()) == ("environment", "dotenv", "secrets")
    assert loaded.origins["FDI_MONITOR_SMTP__HOST"] == "environment"
    assert loaded.origins["FDI_MONITOR_SMTP__USER"] == ".env"
    assert loaded.origins[PASSWORD] == "secrets folder"
    assert loaded.warnings == ()


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_file_twin_gives_the_value_of_its_file(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "smtp").write_text(f"{CANARY}\n")
    if place == "environment":
        monkeypatch.setenv(f"{PASSWORD}_FILE", str(tmp_path / "smtp"))
    else:
        Path(".env").write_text(f"{PASSWORD}_FILE={tmp_path / 'smtp'}\n")
    loaded = load()
    assert loaded.settings.smtp.password.get_secret_value() == CANARY
    assert loaded.origins[PASSWORD] == f"{PASSWORD}_FILE in {place}"
    assert loaded.warnings == ()


def test_a_variable_beside_its_file_twin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, CANARY)
    monkeypatch.setenv(f"{PASSWORD}_FILE", "smtp")
    with pytest.raises(UsageError, match=f"{PASSWORD} and {PASSWORD}_FILE are both set: keep one of them"):
        load()


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), (b"\xff\xfe", "not text in UTF-8")]
)
def test_a_file_twin_that_cannot_be_read_is_refused_without_its_path(
    content: bytes | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / CANARY
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(file))
    with pytest.raises(UsageError) as caught:
        load()
    assert f"{PASSWORD}_FILE: " in str(caught.value)
    assert reason in str(caught.value)
    assert CANARY not in str(caught.value)


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDI_MONITOR_WEB__PORT", "")
    monkeypatch.setenv(f"{PASSWORD}_FILE", "")
    loaded = load()
    assert loaded.settings.web.port == 8080
    assert loaded.origins["FDI_MONITOR_WEB__PORT"] == "default"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("WEB__PORT", CANARY, "valid integer"),
        ("WEB__PORT", "70000", "less than or equal to 65535"),
        ("LOG__LEVEL", CANARY, "'debug', 'info', 'warning' or 'error'"),
        ("LOG__FORMAT", CANARY, "'console' or 'json'"),
        ("RETENTION", CANARY, "write for example 30d"),
        ("RETENTION", "0s", "greater than"),
        ("PUBLIC_URL", CANARY, "write for example https://"),
        ("SMTP__TLS", CANARY, "'none', 'starttls' or 'tls'"),
        ("DATABASE_URL", f"mysql://fdi:{CANARY}@db/fdi", "write for example postgresql://"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_never_repeated(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"FDI_MONITOR_{name}", value)
    with pytest.raises(UsageError) as caught:
        load()
    text = str(caught.value)
    assert text.startswith(f"FDI_MONITOR_{name} (environment) ")
    assert reason in text
    assert "\n" not in text
    assert CANARY not in text
    assert CANARY not in repr(caught.value.__cause__)
    assert CANARY not in str(caught.value.__cause__)


def test_all_bad_values_are_said_at_once_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDI_MONITOR_WEB__PORT", "x")
    Path(".env").write_text("FDI_MONITOR_RETENTION=soon\n")
    with pytest.raises(UsageError) as caught:
        load()
    assert [line.split(" should ")[0].split(" is ")[0] for line in str(caught.value).splitlines()] == [
        "FDI_MONITOR_WEB__PORT (environment)",
        "FDI_MONITOR_RETENTION (.env)",
    ]


def test_a_misspelt_variable_is_warned_of_with_the_name_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDI_MONITOR_WEB_PORT", "9090")
    monkeypatch.setenv("FDI_MONITOR_SMTP__PASWORD_FILE", "x")
    Path(".env").write_text("FDI_MONITOR_XYZZY=1\n")
    assert load().warnings == (
        "FDI_MONITOR_SMTP__PASWORD_FILE (environment) is no setting, did you mean FDI_MONITOR_SMTP__PASSWORD_FILE?",
        "FDI_MONITOR_WEB_PORT (environment) is no setting, did you mean FDI_MONITOR_WEB__PORT?",
        "FDI_MONITOR_XYZZY (.env) is no setting: remove it",
    )


def test_a_group_cannot_be_set_as_a_whole_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDI_MONITOR_SMTP", '{"host": "mail"}')
    loaded = load()
    assert loaded.settings.smtp.host == ""
    assert len(loaded.warnings) == 1
    assert "FDI_MONITOR_SMTP (environment) is no setting, did you mean FDI_MONITOR_SMTP__" in loaded.warnings[0]


def test_a_dotenv_that_is_no_text_is_refused() -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"^\.env cannot be read: make it a readable text file in UTF-8"):
        load()


def test_secrets_are_protected_in_texts_and_hidden_in_reprs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, CANARY)
    loaded = load()
    assert CANARY not in repr(loaded)
    assert CANARY not in loaded.settings.model_dump_json()
    assert redaction.redact(f"said {CANARY}") == "said ***"


def test_settings_made_by_hand_do_not_ask_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDI_MONITOR_DATA", "/elsewhere")
    assert Settings(rules=Path("mine")).data == Path("data")


def test_settings_cannot_be_changed_and_do_not_repeat_a_bad_value() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.data = Path("x")  # type: ignore[misc]
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"database_url": SecretStr(CANARY), "web": {"port": CANARY}})
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("TOKENS", CANARY, 'is not JSON (line 1, column 1): write for example [{"name": "grafana", "token": "...", '),
        ("TOKENS", f'{{"token": "{CANARY}"}}', "is no list: write for example "),
        ("TOKENS", f'["{CANARY}"]', "[0] is no object: write for example "),
        ("TOKENS", f'[{{"name": "ci", "role": "viewer", "token": "{CANARY}"}}]', "[0].token is no token: it needs 20 "),
        ("TOKENS", f'[{{"name": "ci", "{CANARY}": 1}}]', "[0].role Field required; [0].token Field required; [0] has "),
        (
            "USERS",
            f'[{{"name": "a:b", "password_hash": "{CANARY}", "role": "root"}}]',
            "[0].name is no name: it needs ",
        ),
        ("USERS", f'[{{"name": "a", "password": "{CANARY}", "role": "viewer"}}]', "[0].password_hash Field required; "),
        ("USERS", f'[{{"name": "a", "password_hash": "{CANARY}", "role": "viewer"}}]', "[0].password_hash is no hash "),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "names '10.0.0.1/8', which is no network: write for example 127.0.0.1, "),
    ],
)
def test_who_may_come_in_is_told_wrong_without_showing_it(
    name: str, text: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"FDI_MONITOR_WEB__{name}", text)
    with pytest.raises(UsageError) as raised:
        load()
    assert str(raised.value).startswith(f"FDI_MONITOR_WEB__{name} (environment) {complaint}")
    assert CANARY not in str(raised.value)
    assert CANARY not in str(raised.value.__cause__)


def test_users_can_stand_in_a_file_and_none_is_named_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"name": "wang", "password_hash": HASH.written(), "role": "viewer"}
    file = tmp_path / "users.json"
    file.write_text(json.dumps([one], indent=2))
    monkeypatch.setenv("FDI_MONITOR_WEB__USERS_FILE", str(file))
    loaded = load()
    assert [str(user) for user in loaded.settings.web.users] == ["wang (viewer)"]
    assert loaded.origins["FDI_MONITOR_WEB__USERS"] == "FDI_MONITOR_WEB__USERS_FILE in environment"
    file.write_text(json.dumps([one, one]))
    with pytest.raises(UsageError, match="names 'wang' twice"):
        load()
