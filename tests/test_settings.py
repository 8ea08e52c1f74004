"""Settings: secrets in files, what `serve` refuses and warns of, and what `hedgerow settings` says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from hedgerow import Settings, SetupError
from hedgerow.server.hosts import is_open
from hedgerow.server.secret_files import is_secret
from hedgerow.server.show_settings import HIDDEN, text

from .test_cli import APP, run

JWT, ADMIN = "Jq8Xv2mN5tRz7WcYb4KdLp9GsHf3AeUo", "Zp4LkW9xTn6QvB2rMj8YcHd5SgFa7EuI"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.upper().startswith("HEDGEROW_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


# Secrets in files


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if is_secret(field)])
@pytest.mark.parametrize(
    ("held", "meant"), [("a secret", "a secret"), ("two\n", "two"), ("of\r\n", "of"), (" as\n\n", " as\n")]
)
def test_a_secret_may_be_in_a_file(
    name: str, held: str, meant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "held").write_bytes(held.encode())
    monkeypatch.setenv(f"HEDGEROW_{name.upper()}_FILE", str(tmp_path / "held"))
    assert plain(getattr(Settings.read(), name)) == meant


def test_every_secret_may() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if is_secret(field)}
    assert secrets == {"admin_secret", "jwt_secret", "auth_secret", "storage_url", "smtp_url", "metrics_token"}


def test_secrets_of_providers_may_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "held").write_text("swordfish\n")
    monkeypatch.setenv("HEDGEROW_OAUTH__GOOGLE__CLIENT_ID", "us")
    monkeypatch.setenv("HEDGEROW_OAUTH__GOOGLE__CLIENT_SECRET_FILE", str(tmp_path / "held"))
    google = Settings.read().oauth["google"]
    assert (google.client_id, google.secret) == ("us", "swordfish")
    monkeypatch.setenv("HEDGEROW_OAUTH__GOOGLE__CLIENT_SECRET", "another")
    with pytest.raises(SetupError, match="HEDGEROW_OAUTH__GOOGLE__CLIENT_SECRET_FILE are both set"):
        Settings.read()


def test_a_file_may_be_named_in_the_env_file(tmp_path: Path) -> None:
    (tmp_path / "held").write_text("swordfish\n")
    (tmp_path / ".env").write_text(f"HEDGEROW_ADMIN_SECRET_FILE={tmp_path / 'held'}\n")
    assert plain(Settings.read().admin_secret) == "swordfish"


def test_a_secret_that_is_given_both_ways_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "held").write_text("swordfish")
    monkeypatch.setenv("HEDGEROW_ADMIN_SECRET_FILE", str(tmp_path / "held"))
    for where in ("environment", "file"):
        if where == "environment":
            monkeypatch.setenv("HEDGEROW_ADMIN_SECRET", "another")
        else:
            monkeypatch.delenv("HEDGEROW_ADMIN_SECRET")
            (tmp_path / ".env").write_text("HEDGEROW_ADMIN_SECRET=another\n")
        with pytest.raises(SetupError, match="both set: keep one") as refused:
            Settings.read()
        assert "swordfish" not in str(refused.value) and "another" not in str(refused.value)


@pytest.mark.parametrize(
    ("held", "why"),
    [(None, "No such file"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe secret", "no text in UTF-8")],
)
def test_a_file_that_holds_no_secret_is_refused_with_its_path(
    held: bytes | None, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "held"
    if held is not None:
        path.write_bytes(held)
    monkeypatch.setenv("HEDGEROW_JWT_SECRET_FILE", str(path))
    with pytest.raises(SetupError, match=why) as refused:
        Settings.read()
    assert str(path) in str(refused.value) and "HEDGEROW_JWT_SECRET_FILE" in str(refused.value)


def test_only_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEDGEROW_LOG_LEVEL_FILE", str(tmp_path / "none"))
    assert Settings.read().log_level == "info"


# What is not safe


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"jwt_secret": None}, "Set HEDGEROW_JWT_SECRET"),
        ({"admin_secret": None}, "Set HEDGEROW_ADMIN_SECRET"),
        ({"jwt_secret": "short"}, "HEDGEROW_JWT_SECRET is shorter"),
        ({"auth_secret": f"{JWT} short"}, "HEDGEROW_AUTH_SECRET is shorter"),
        ({"metrics_token": "short"}, "HEDGEROW_METRICS_TOKEN is shorter than 32 bytes"),
        ({"metrics_token": ADMIN}, "HEDGEROW_ADMIN_SECRET is HEDGEROW_METRICS_TOKEN too"),
        ({"admin_secret": JWT}, "HEDGEROW_ADMIN_SECRET is HEDGEROW_JWT_SECRET too"),
        ({"auth_secret": f"{JWT} {ADMIN}"}, "HEDGEROW_ADMIN_SECRET is HEDGEROW_AUTH_SECRET too"),
        ({"admin_secret": "please-change-me-before-production"}, "HEDGEROW_ADMIN_SECRET is a text to be replaced"),
        ({"jwt_secret": "your-256-bit-secret-your-256-bit-secret"}, "HEDGEROW_JWT_SECRET is a text to be replaced"),
        ({"jwks_url": "http://issuer.example.com/keys"}, "HEDGEROW_JWKS_URL is http://"),
    ],
)
def test_what_is_not_safe_is_refused(given: dict[str, str | None], why: str) -> None:
    Settings(**{"jwt_secret": JWT, "admin_secret": ADMIN}).require_secrets()  # type: ignore[arg-type]
    with pytest.raises(SetupError, match=why) as refused:
        Settings(**{"jwt_secret": JWT, "admin_secret": ADMIN, **given}).require_secrets()  # type: ignore[arg-type]
    assert JWT not in str(refused.value) and ADMIN not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"public_url": "http://api.example.com"}, "HEDGEROW_PUBLIC_URL is http://"),
        ({"jwks_url": "https://issuer.example.com/keys"}, "HEDGEROW_JWT_AUDIENCE is not set"),
        ({}, None),
        ({"public_url": "https://api.example.com", "jwks_url": "https://a.example/k", "jwt_audience": "us"}, None),
    ],
)
def test_what_is_doubtful_is_told(given: dict[str, str], why: str | None) -> None:
    doubts = Settings(**given).doubts(None)  # type: ignore[arg-type]
    assert [why in doubt for doubt in doubts if why] == ([True] if why else [])
    assert bool(doubts) == bool(why)


def test_several_workers_on_sqlite_are_told_of_what_they_lack() -> None:
    assert not Settings().doubts(None, workers=1)
    (doubt,) = Settings().doubts(None, workers=2)
    assert "HEDGEROW_BROADCAST_URL" in doubt
    assert not Settings(broadcast_url="redis://localhost").doubts(None, workers=2)  # type: ignore[call-arg]
    assert not Settings(database_url="postgresql://localhost/app").doubts(None, workers=2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("url", "open"),
    [
        ("http://api.example.com", True),
        ("http://93.184.216.34:8000", True),
        ("http://[2606:2800:220:1::1]/", True),
        ("http://localhost.example.com", True),
        ("https://api.example.com", False),
        ("http://localhost:8000", False),
        ("http://app.localhost", False),
        ("http://keys:8080/keys", False),
        ("http://10.1.2.3", False),
        ("http://[::1]:8000", False),
        ("http://keys.production.svc.cluster.local", False),
        ("", False),
    ],
)
def test_what_could_be_read_on_the_way(url: str, open: bool) -> None:
    assert is_open(url) is open


# hedgerow settings


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (SecretStr("swordfish"), HIDDEN),
        ("postgresql://app:swordfish@db:5432/app", f"postgresql://app:{HIDDEN}@db:5432/app"),
        ("redis://:swordfish@cache", f"redis://:{HIDDEN}@cache"),
        ("postgresql://db/app?user=a&password=swordfish&x=1", f"postgresql://db/app?user=a&password={HIDDEN}&x=1"),
        ("nats://swordfish@bus:4222", f"nats://{HIDDEN}@bus:4222"),
        ("postgresql://app:sword/fish@db/app", f"postgresql://app:{HIDDEN}@db/app"),
        ("postgresql://app@db/app", "postgresql://app@db/app"),
        ("https://api.example.com", "https://api.example.com"),
        ("", "empty"),
        (None, "empty"),
        (10.0, "10"),
        (0.5, "0.5"),
        (False, "false"),
        ({"anyone": 5000}, '{"anyone":5000}'),
    ],
)
def test_nothing_secret_is_shown(value: object, shown: str) -> None:
    assert text(value) == shown


def test_settings_are_listed_with_where_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "held").write_text(ADMIN)
    (tmp_path / ".env").write_text("HEDGEROW_MAX_ROWS=77\n")
    listed = run(
        "settings",
        HEDGEROW_JWT_SECRET=JWT,
        HEDGEROW_ADMIN_SECRET_FILE=str(tmp_path / "held"),
        HEDGEROW_DATABASE_URL="postgresql://app:swordfish@db/app",
        HEDGEROW_OAUTH__GOOGLE__CLIENT_ID="us",
        HEDGEROW_OAUTH__GOOGLE__CLIENT_SECRET="swordfish",
    )
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    for line in (
        f"HEDGEROW_JWT_SECRET = {HIDDEN}  (environment)",
        f"HEDGEROW_ADMIN_SECRET = {HIDDEN}  (file {tmp_path / 'held'})",
        f"HEDGEROW_DATABASE_URL = postgresql://app:{HIDDEN}@db/app  (environment)",
        "HEDGEROW_MAX_ROWS = 77  (.env)",
        "  whole number; default: 1000",
        "HEDGEROW_LOG_LEVEL = info  (default)",
        "  debug, info, warning, error; default: info",
        'HEDGEROW_OAUTH = {"google":{"client_id":"us","client_secret":"******"}}  (environment)',
    ):
        assert line in lines, listed.stdout
    for secret in (JWT, ADMIN, "swordfish"):
        assert secret not in listed.stdout + listed.stderr
    assert sum(line.startswith("HEDGEROW_") for line in lines) == len(Settings.model_fields)


def test_settings_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    own = "Backend(models=[Book], seed=seed, settings=Settings(max_rows=7, admin_secret='swordfish'))"
    text = APP.replace("import Backend,", "import Backend, Settings,")
    file.write_text(text.replace("Backend(models=[Book], seed=seed)", own))
    listed = run("settings", str(file), HEDGEROW_MAX_DEPTH="9")
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert f"HEDGEROW_MAX_ROWS = 7  ({file})" in lines
    assert f"HEDGEROW_ADMIN_SECRET = {HIDDEN}  ({file})" in lines
    assert "HEDGEROW_MAX_DEPTH = 9  (environment)" in lines
    wrong = run("settings", HEDGEROW_MAX_ROWS="many")
    assert wrong.returncode == 1 and "HEDGEROW_MAX_ROWS" in wrong.stderr and "Traceback" not in wrong.stderr


def test_serve_says_why_it_refuses(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(APP)
    refused = run("serve", str(file), HEDGEROW_JWT_SECRET=JWT, HEDGEROW_ADMIN_SECRET=JWT)
    assert refused.returncode == 1 and "Use two." in refused.stderr and JWT not in refused.stderr
