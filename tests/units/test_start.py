"""A process that could step over the walls does not start, and says why (issue 2, section 2.3)."""

from __future__ import annotations

import json
import os
import shutil
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests import processes

STARTS = {
    "web": "import zalopolice.wsgi",
    "public": "import zalopolice.wsgi",
    "vault": "import django; django.setup(); from zalopolice import celery; celery.refuse_unsafe_zone()",
    "worker": "import django; django.setup(); from zalopolice import celery; celery.refuse_unsafe_zone()",
}
SETTINGS = "from django.conf import settings; settings.ZONE"


def start(env):
    """The import gunicorn does, or what a Celery worker does before it takes work."""
    done = processes.run(env, "-c", STARTS[env["ZALOPOLICE_ZONE"]])
    return done.returncode, done.stderr


@pytest.fixture
def key_copy(tmp_path):
    folder = tmp_path / "keys"
    shutil.copytree(processes.key_folder(), folder)
    return folder


def test_both_ends_notice_a_machine_that_is_gone(zone, db):
    """PostgreSQL too: a session that nobody will use again holds the locks of its rounds as long as it lives."""
    with zone("vault"), connection.cursor() as cursor:
        cursor.execute("SELECT name, source FROM pg_settings WHERE name LIKE 'tcp_keepalives%'")
        assert {source for _, source in cursor.fetchall()} == {"client"}
        assert connection.settings_dict["OPTIONS"]["keepalives_idle"] == 30


@pytest.mark.parametrize("zone", ["web", "worker"])
def test_a_zone_starts_with_its_own_login_and_keys(zone, django_db_setup):
    assert start(processes.environment(zone)) == (0, "")


@pytest.mark.parametrize("zone", ["web", "vault"])
def test_no_zone_starts_as_the_owner(zone, django_db_setup):
    code, said = start(processes.environment(zone, DATABASE_URL=os.environ["DATABASE_URL_OWNER"]))

    assert code != 0
    assert "zp_owner is BYPASSRLS, table owner; refusing to start" in said


@pytest.mark.parametrize(("zone", "other"), [("web", "vault"), ("worker", "web")])
def test_no_zone_starts_with_the_login_of_another(zone, other, django_db_setup):
    code, said = start(processes.environment(zone, DATABASE_URL=os.environ[f"DATABASE_URL_{other.upper()}"]))

    assert code != 0
    assert f"database role is zp_{other}, must be zp_{zone}" in said


def test_no_zone_starts_as_a_superuser(django_db_setup):
    secrets = processes.key_folder().parent / "secrets.json"
    if not secrets.exists():
        pytest.skip("only ./run test keeps the superuser's password where this test finds it")
    place = urlsplit(os.environ["DATABASE_URL_WEB"].replace("@//", "@/"))
    url = f"postgres://zp_super:{json.loads(secrets.read_text())['zp_super']}@/{place.path}"

    code, said = start(processes.environment("web", DATABASE_URL=url))

    assert code != 0
    assert "zp_super is superuser, BYPASSRLS" in said


@pytest.mark.parametrize(
    ("zone", "changes", "says"),
    [
        ("web", {"ZALOPOLICE_KEY_FILE": None}, "zone web: ZALOPOLICE_KEY_FILE is not set"),
        ("vault", {"ZALOPOLICE_KEY_FILE": "/nowhere/vault.json"}, "zone vault: key file vault.json cannot be read"),
        ("web", {"DATABASE_URL": None}, "zone web: DATABASE_URL is not set"),
        ("worker", {"DATABASE_URL": "sqlite:////tmp/x.sqlite3"}, "DATABASE_URL must name PostgreSQL"),
        ("web", {"ZALOPOLICE_ZONE": "wbe"}, "ZALOPOLICE_ZONE=wbe: no such zone"),
    ],
)
def test_a_missing_or_wrong_setting_is_named(zone, changes, says):
    done = processes.run(processes.environment(zone, **changes), "-c", SETTINGS)

    assert done.returncode != 0
    assert says in done.stderr


def test_a_key_file_others_can_read_is_refused(key_copy):
    path = key_copy / "web.json"
    path.chmod(0o644)

    done = processes.manage(processes.environment("web", ZALOPOLICE_KEY_FILE=str(path)), "check")

    assert done.returncode != 0
    assert "key file web.json is open to other users (mode must be 0600)" in done.stderr


def test_a_zone_with_the_keys_of_another_is_refused(key_copy):
    env = processes.environment("web", ZALOPOLICE_KEY_FILE=str(key_copy / "vault.json"))

    done = processes.run(env, "-c", SETTINGS)

    assert done.returncode != 0
    assert "key file of zone web: missing ['context_key', 'session_key']" in done.stderr
    assert "not allowed ['index_key', 'vault_private', 'vault_roots', 'webhook_public']" in done.stderr


def test_beat_has_neither_a_database_nor_keys():
    ask = "from django.conf import settings as s; print(s.DATABASES['default']['ENGINE'], s.KEYS == type(s.KEYS)())"

    done = processes.run(processes.environment("beat", DATABASE_URL=None, ZALOPOLICE_KEY_FILE=None), "-c", ask)

    assert done.stdout.split() == ["django.db.backends.dummy", "True"], done.stderr


@pytest.mark.parametrize("zone", ["web", "beat"])
def test_only_vault_and_worker_take_tasks(zone):
    env = processes.environment(zone)

    done = processes.run(env, "-c", STARTS["worker"])

    assert done.returncode != 0
    assert f"ZALOPOLICE_ZONE={zone}: only the zones vault and worker run tasks" in done.stderr


def test_a_real_worker_of_the_wrong_login_ends_at_once(django_db_setup):
    """Celery swallows what a signal handler raises; the refusal must get past that."""
    env = processes.environment("worker", DATABASE_URL=os.environ["DATABASE_URL_OWNER"])

    done = processes.run(env, "-m", "celery", "-A", "zalopolice", "worker", "-Q", "nothing", "-c", "1", timeout=20)

    assert done.returncode != 0
    assert "zp_owner is BYPASSRLS, table owner; refusing to start" in done.stderr + done.stdout
