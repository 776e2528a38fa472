"""The process refuses to start, and says in one sentence why (design.md D18)."""

import os
import shutil

import pytest
from psycopg.conninfo import conninfo_to_dict

from deploy.local import postgres
from zalopolice.webhook_io import Unsafe, conninfo


def refusal(stage, **environment):
    """What the process says before it ends."""
    server = stage.webhook(**environment)
    assert server.child.popen.wait(20) not in {0, None}
    return server.log.read_text()


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "ZALOPOLICE_KEY_FILE", "ZALOPOLICE_SPOOL_DIR"])
def test_a_missing_setting_is_named(stage, name):
    assert f"webhook refuses to start: {name}: not set" in refusal(stage, **{name: ""})


@pytest.mark.parametrize("zone", ["", "web", "owner"])
def test_another_zone(stage, zone):
    assert "ZALOPOLICE_ZONE" in refusal(stage, ZALOPOLICE_ZONE=zone)


@pytest.mark.parametrize("zone, words", [("owner", "owner of the tables"), ("web", "zp_web"), ("vault", "zp_vault")])
def test_another_role(stage, zone, words):
    said = refusal(stage, DATABASE_URL=stage.services.urls[zone])
    assert words in said
    assert "must name zp_webhook" in said
    assert "Traceback" not in said


def test_a_superuser(stage):
    password = stage.services.passwords[postgres.SUPERUSER]
    url = postgres.address(stage.services.place, postgres.SUPERUSER, password, "stage")
    said = refusal(stage, DATABASE_URL=url)
    assert "is superuser" in said
    assert password not in said


def test_a_database_without_tables(stage):
    assert "run the migrations first" in refusal(stage, DATABASE_URL=stage.services.create_database("empty")["webhook"])


def test_key_files_of_others_or_open_to_others(stage, tmp_path):
    open_file = tmp_path / "webhook.json"
    shutil.copy(stage.key_files / "webhook.json", open_file)
    open_file.chmod(0o644)
    assert "0600" in refusal(stage, ZALOPOLICE_KEY_FILE=str(open_file))
    assert "vault_private" in refusal(stage, ZALOPOLICE_KEY_FILE=str(stage.key_files / "vault.json"))
    assert "cannot be read" in refusal(stage, ZALOPOLICE_KEY_FILE=os.devnull)
    assert "cannot be read" in refusal(stage, ZALOPOLICE_KEY_FILE=str(tmp_path / "nothing.json"))


@pytest.mark.parametrize(
    "url, expected",
    [
        (
            "postgres://zp:p%2Fw@//tmp/zp-1/name",
            {"host": "/tmp/zp-1", "dbname": "name", "user": "zp", "password": "p/w"},
        ),
        ("postgresql://zp:w@db.local:5432/name?sslmode=verify-full", {"host": "db.local", "sslmode": "verify-full"}),
        ("postgres://zp:w@%2Ftmp%2Fzp-1/name", {"host": "/tmp/zp-1", "dbname": "name"}),
    ],
)
def test_addresses(url, expected):
    assert expected.items() <= conninfo_to_dict(conninfo(url)).items()


@pytest.mark.parametrize(
    "url", ["sqlite:///x", "postgres://zp:geheim@[/x", "postgres://zp:geheim@h/x?nonsense=1", "geheim"]
)
def test_an_address_that_is_none_is_not_repeated(url):
    with pytest.raises(Unsafe) as refused:
        conninfo(url)
    assert "geheim" not in str(refused.value)
