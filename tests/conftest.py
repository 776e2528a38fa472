"""The suite runs on a real PostgreSQL with the real logins of every zone; nothing is rolled back, tables are emptied.

``default`` is what the code of a zone talks to. Tests start as ``web``; ``with zone("vault"):`` swaps the login.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from whitenoise.middleware import WhiteNoiseMiddleware

from tests import cast, chromium
from zalopolice import queue
from zalopolice.gateway import rules
from zalopolice.gateway.models import ChannelRule
from zalopolice.units import keyring

IDLE = psycopg.pq.TransactionStatus.IDLE
KEPT = {"django_migrations", "django_content_type", "auth_permission", "gateway_channelrule"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`./run faults` runs the tests that carry a fault's number: the long ones first, so that nobody waits for them."""
    for item in items:
        if re.match(r"test_t\d\d_", item.name):
            item.add_marker("faults")
    if config.option.markexpr == "faults":
        items.sort(key=lambda item: "stack" not in item.path.parts)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Nor need it read the files that have none: four processes would, on two cores."""
    if config.option.markexpr != "faults" or not collection_path.match("test_*.py"):
        return None
    return True if not re.search(r"def test_t\d\d_", collection_path.read_text()) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """A database for each of several processes, told before they read the settings; ``./run test`` has made them."""
    databases = json.loads(os.environ.get("ZALOPOLICE_WORKERS", "[]"))
    if len(specs) > len(databases):
        raise pytest.UsageError(
            "Several processes would empty each other's tables; ./run test alone makes them one each."
        )
    for spec, database in zip(specs, databases, strict=False):
        spec.env |= database


@contextmanager
def _zone(name: str) -> Iterator[None]:
    before, before_zone, before_file = connections["default"], settings.ZONE, settings.KEY_FILE
    connections["default"] = connections[name]
    settings.ZONE = name
    settings.KEY_FILE = str(Path(os.environ["ZALOPOLICE_KEY_FILE"]) / f"{name}.json")
    keyring.forget()
    try:
        yield
    finally:
        connections["default"] = before
        settings.ZONE, settings.KEY_FILE = before_zone, before_file


@pytest.fixture(scope="session", autouse=True)
def static_files_listed_once() -> Iterator[None]:
    """Every ``Client()`` starts the middleware anew, and WhiteNoise then reads all static folders: 15 ms and more."""
    listed: dict[str, Any] = {}

    def add(self: WhiteNoiseMiddleware) -> None:
        if not listed:
            read(self)
            listed.update(self.files)
        self.files.update(listed)

    read = WhiteNoiseMiddleware.add_files_from_finders
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """``./run test`` has made and migrated the database; only the signing keys are missing."""
    with django_db_blocker.unblock(), _zone("owner"):
        call_command("install_keys", verbosity=0)
        # Their own tests set them lower. At the app's real pace two sends in a row, 17 ms apart, come too early by now.
        ChannelRule.objects.filter(name__in=("pace_oa", "pace_app")).update(value=500)
    yield


@pytest.fixture(scope="session")
def zone() -> Any:
    return _zone


@pytest.fixture
def db(
    django_db_setup: None,
    django_db_blocker: Any,
    bell: list[Any],
    vault_files: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Empty tables and the login of zone web."""
    rules.forget()
    monkeypatch.setattr(rules, "time", SimpleNamespace(monotonic=lambda: 0.0))  # no minute ends between two counts
    with django_db_blocker.unblock():
        _empty()
        with _zone("web"):
            yield
        _as_new()


CLEAN = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *;"
    " SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)
"""DISCARD ALL without DEALLOCATE: the statements a session has prepared stay, as in production."""


def _as_new() -> None:
    """What a test set in a session goes with it; the connection stays, as in production (a new one costs 10 ms, and
    its first look at every table as much again). One that broke is replaced."""
    for connection in connections.all(initialized_only=True):
        session = connection.connection
        clean = session is not None and not connection.in_atomic_block and session.info.transaction_status == IDLE
        try:
            if clean:
                session.execute(CLEAN)
        except psycopg.OperationalError:  # the server has ended it
            clean = False
        if not clean:
            connection.close()


def _empty() -> None:
    """Deletes what is there, in any order: the constraints are looked at when all is gone. Far quicker than TRUNCATE,
    which makes new files for every table and index, before every one of two thousand tests."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = sorted({row[0] for row in cursor.fetchall()} - KEPT)
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names))
        filled = [row[0] for row in cursor.fetchall()]
        if "audit_entry" in filled:
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")
        if "audit_entry" in filled:
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


@pytest.fixture
def vault_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the vault remembers on disk belongs to one database; a mark of another would stop all sending."""
    monkeypatch.setattr(settings, "VAULT_DIR", tmp_path / "vault")


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What was rung: (task, id, queue). Tests step the work themselves with ``cast.run_everything``."""
    rung: list[tuple[str, str, str]] = []
    monkeypatch.setattr(queue, "_send", lambda task, pk, name: rung.append((task, pk, name)))
    return rung


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium.started() as browser:
        yield browser


@pytest.fixture
def commune(db: None) -> cast.Commune:
    """Phường Trần Hưng Đạo: An (officer), Bình (chief), Cường (duty), Dung (deputy), an account, citizens."""
    return cast.make_commune(_zone, "tran-hung-dao")


@pytest.fixture
def other_commune(db: None) -> cast.Commune:
    return cast.make_commune(_zone, "dai-hong")


@pytest.fixture
def media(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(settings, "MEDIA_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keeps what a fault test measured; `./run faults` prints it."""

    def note(test: str, **measured: Any) -> None:
        if path := os.environ.get("ZALOPOLICE_FIGURES"):
            with open(path, "a") as out:
                out.write(json.dumps({"test": test, "where": request.node.nodeid, **measured}) + "\n")

    return note
