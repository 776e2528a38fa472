"""A database older than the vault remembers must not send by itself (T21)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connections, transaction
from django.utils import timezone

from broadcasts import sending
from broadcasts.models import PostVersion
from tests import cast
from tests.broadcasts import scenes
from tests.gateway.conftest import say
from tests.gateway.sending import deliver, due, now
from tests.tips.scenes import client_of, queries
from zalopolice import tasks
from zalopolice.audit.models import Entry
from zalopolice.gateway import client, holding, tokens, vault_files
from zalopolice.gateway.models import Incident, Message, OfficialAccount, SendingPause, Token, VaultMark
from zalopolice.units.models import Membership

State = Message.State
TABLES = ("gateway_vaultmark", "gateway_message", "gateway_token", "gateway_tokenjournal")


@pytest.fixture
def vault_dir(tmp_path, settings):
    settings.VAULT_DIR = tmp_path
    return tmp_path


@pytest.fixture
def running(chat, zalo, vault_dir, zone):
    """The vault has left its marks for a while."""
    with zone("vault"):
        for _ in range(3):
            holding.keep_watch()
    return chat


def backup():
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS kept_{table}; CREATE TABLE kept_{table} AS TABLE {table}")


def restore():
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")


@pytest.fixture(autouse=True)
def no_copies(db):
    yield
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS kept_{table}")


def sweep(zone):
    with zone("vault"):
        tasks.sweep_outbox()
        tasks.sweep_posts()
        tasks.keep_watch()


def test_while_the_marks_agree_everything_goes(running, zalo, zone):
    row = say(running, "Chào bà")
    sweep(zone)

    assert now(zone, row).state == State.SENT
    with zone("vault"):
        assert not SendingPause.objects.exists()


def test_t21_a_restored_database_sends_nothing_by_itself(running, zalo, zone, figures):
    waiting = [say(running, f"Tin {number}") for number in range(5)]
    with zone("vault"):
        moment = timezone.now() - timedelta(minutes=1)
        flight = {"state": State.SENDING, "attempt": 1, "sending_since": moment, "next_at": moment}
        Message.objects.filter(pk=waiting[4].pk).update(**flight)
        Message.objects.filter(pk=waiting[3].pk).update(**flight | {"state": State.UNKNOWN})
    backup()
    with zone("vault"):
        holding.keep_watch()  # life went on; everything in the backup went out
        tokens.refresh(running.oa, 1)
    (vault_files._token_file(running.oa)).unlink()
    refreshes = len(zalo.refreshes)
    restore()

    for _ in range(3):
        sweep(zone)
        for row in waiting:
            due(zone, row)
            deliver(zone, row)

    assert (zalo.calls, zalo.gets) == ([], [])
    with zone("vault"):
        pause = SendingPause.objects.get()
        assert pause.reason == "restored" and pause.ended_at is None
        assert pause.waiting == [
            {"unit": str(running.unit.pk), "waiting": 5, "unclear": 5, "oldest": waiting[0].sent_at.isoformat()}
        ]
        assert Incident.objects.get(kind=Incident.Kind.SENDING_PAUSED).ended_at is None
        assert "kết nối lại OA" in OfficialAccount.objects.get().trouble  # the chief's prompt
        with pytest.raises(client.Unreachable):
            tokens.refresh(running.oa, 1)
    assert len(zalo.refreshes) == refreshes
    assert now(zone, waiting[4]).state == State.UNKNOWN
    figures("T21", waiting=5, sent_by_itself=len(zalo.calls), tokens_flagged=1)


def test_t21_what_went_out_after_the_backup_does_not_go_again_when_a_person_lets_it(running, zalo, zone, figures):
    gone = [say(running, f"Tin {number}") for number in range(3)]
    backup()
    sweep(zone)
    with zone("vault"):
        holding.keep_watch()
    assert sorted(zalo.texts()) == sorted(row.text for row in gone)
    restore()
    sweep(zone)
    later = say(running, "Viết trong lúc tạm ngừng")

    with zone("vault"):
        holding.resume(by=None)
    for row in [*gone, later]:
        due(zone, row)
        deliver(zone, row)

    assert [now(zone, row).state for row in [*gone, later]] == [State.SENT] * 4
    assert len(zalo.calls) == 4
    assert zalo.texts().count(later.text) == 1
    figures("T21", went_out=3, again_after_resume=len(zalo.calls) - 4)


def test_t21_what_had_not_gone_out_goes_once_when_a_person_lets_it(running, zalo, zone):
    row = say(running, "Chào bà")
    backup()
    with zone("vault"):
        holding.keep_watch()
    restore()
    sweep(zone)
    with zone("vault"):
        holding.resume(by=None)

    for _ in range(3):
        due(zone, row)
        deliver(zone, row)

    assert (now(zone, row).state, zalo.texts()) == (State.SENT, [row.text])


def test_a_newer_pair_in_the_vaults_file_survives_the_restore(running, zalo, zone):
    backup()
    with zone("vault"):
        holding.keep_watch()
        tokens.refresh(running.oa, 1)
        restore()
        assert holding.paused()
        assert OfficialAccount.objects.get().trouble == ""
        holding.resume(by=None)

        assert tokens.refresh(running.oa, 1).access == "access-2"
        assert Token.objects.get().version == 2
    assert zalo.refreshes == ["refresh-1"]


def test_a_new_machine_with_an_old_database_sends_nothing(running, zalo, zone, vault_dir):
    (vault_dir / "mark").unlink()
    row = say(running, "Chào bà")

    sweep(zone)

    assert now(zone, row).state == State.UNKNOWN and zalo.calls == []
    with zone("vault"):
        assert SendingPause.objects.get().reason == "restored"


def test_a_first_start_is_no_restore(chat, zalo, zone, vault_dir):
    row = say(chat, "Chào bà")
    sweep(zone)
    assert now(zone, row).state == State.SENT
    assert (vault_dir / "mark").exists()


def test_a_file_that_holds_no_mark_is_one_no_database_knows(running, zone, vault_dir):
    (vault_dir / "mark").write_text("?")
    with zone("vault"):
        assert holding.paused()


def test_posts_wait_too(commune, zone, zalo, vault_dir):
    cast.give_token(commune)
    version = scenes.post_at(commune, PostVersion.Status.SCHEDULED, send_at=None)
    row = scenes.dispatch_of(commune, version)
    with zone("vault"):
        holding.pause("operator")
        sending.work(row.pk)
        row.refresh_from_db()
    assert (row.state, row.queue) == ("waiting", "vault")
    assert zalo.asked == []


@pytest.mark.parametrize("reason", SendingPause.Reason)
def test_a_pause_inside_the_backup_does_not_hide_the_restore(running, zalo, zone, reason):
    """Paused by hand, backed up, resumed; later that backup comes back, with its pause."""
    before = timezone.now() - timedelta(days=2)
    with zone("vault"):
        holding.pause(reason, "sao lưu")
        SendingPause.objects.update(begun_at=before)
    backup()
    with zone("vault"):
        holding.keep_watch()
        restore()
        assert holding.paused()
        pause = SendingPause.objects.get()
        assert (pause.reason, pause.note) == ("restored", "sao lưu")
        assert pause.begun_at > before + timedelta(days=1)
        holding.keep_watch()
        assert SendingPause.objects.get().pk == pause.pk
        holding.resume(by=None)
        assert not holding.paused()


def paused_between(commune, zone, reason):
    """The earlier one's hour had come when the pause began."""
    posts = [
        scenes.post_at(commune, PostVersion.Status.SCHEDULED, send_at=scenes.tomorrow() + timedelta(days=days))
        for days in range(2)
    ]
    rows = [scenes.dispatch_of(commune, version) for version in posts]
    with zone("vault"):
        holding.pause(reason)
        SendingPause.objects.update(begun_at=rows[0].due_at + timedelta(minutes=1))
        tasks.sweep_posts()
        for row in rows:
            row.refresh_from_db()
    return rows


def test_after_a_restore_posts_whose_hour_had_come_are_held_for_a_person(commune, zone, zalo, vault_dir):
    """They may have gone out after the backup; a broadcast cannot be taken back."""
    past, future = paused_between(commune, zone, SendingPause.Reason.RESTORED)

    assert (past.state, past.queue, future.state, future.queue) == ("held", "", "waiting", "vault")
    assert "khôi phục" in past.error
    with zone("vault"):
        assert PostVersion.objects.get(pk=past.version_id).status == "held"


def test_an_operators_pause_holds_no_post(commune, zone, zalo, vault_dir):
    rows = paused_between(commune, zone, SendingPause.Reason.OPERATOR)

    assert [row.state for row in rows] == ["waiting", "waiting"]


def test_files_a_restored_database_does_not_know_stay_for_two_weeks(commune, zone, vault_dir, monkeypatch):
    swept = []
    monkeypatch.setattr(tasks.keeping, "sweep", lambda: swept.append(1))
    with zone("vault"):
        tasks.sweep_files()
        assert len(swept) == 1
        holding.pause(SendingPause.Reason.RESTORED)
        holding.resume(by=None)
        tasks.sweep_files()
        assert len(swept) == 1
        SendingPause.objects.update(begun_at=timezone.now() - timedelta(days=15))
        tasks.sweep_files()
        assert len(swept) == 2


def test_marks_that_nobody_needs_go(running, zone, monkeypatch):
    monkeypatch.setattr(holding, "MARKS_KEPT", 5)
    with zone("vault"):
        for _ in range(8):
            holding.leave_mark()
        assert VaultMark.objects.count() == 5
        assert not holding.paused()


# --- letting it go on -------------------------------------------------------------------------------------------------


def test_an_operator_pauses_and_lets_go_on(running, zalo, zone):
    row = say(running, "Chào bà")
    with zone("vault"):
        call_command("pause_sending", reason="khôi phục thử", verbosity=0)
        call_command("pause_sending", reason="khôi phục thử", verbosity=0)
    sweep(zone)
    assert now(zone, row).state == State.QUEUED

    with zone("vault"):
        call_command("resume_sending", reason="đã đối chiếu", verbosity=0)
        with pytest.raises(CommandError):
            call_command("resume_sending", reason="đã đối chiếu", verbosity=0)
    sweep(zone)

    assert now(zone, row).state == State.SENT
    with zone("vault"):
        assert Incident.objects.get(kind=Incident.Kind.SENDING_PAUSED).ended_at
    with zone("owner"):
        kinds = list(Entry.objects.filter(kind__startswith="sending.").order_by("at").values_list("kind", flat=True))
    assert kinds == ["sending.paused", "sending.resumed"]


def test_the_administrator_sees_what_waits_and_lets_it_go(running, zalo, zone):
    say(running, "Chào bà")
    with zone("vault"):
        holding.pause("restored")
    admin = client_of(running, "huy")

    page = admin.get("/zalo/tam-ngung/").content.decode()
    assert running.unit.name in page
    assert "Cho gửi lại" in page
    asked = admin.post("/zalo/tam-ngung/gui-lai/")
    assert "Xác nhận lại là đồng chí" in asked.content.decode()
    with zone("vault"):
        assert holding.paused()

    cast.make_fresh(admin)
    assert admin.post("/zalo/tam-ngung/gui-lai/").status_code == 302
    with zone("vault"):
        assert not holding.paused()
        assert SendingPause.objects.get().ended_by_id == running.huy.pk
    assert admin.post("/zalo/tam-ngung/gui-lai/").status_code == 409
    with zone("owner"):
        entry = Entry.objects.get(kind="sending.resumed")
    assert (entry.actor_id, entry.unit_id) == (running.huy.pk, running.unit.pk)


@pytest.mark.parametrize("name", ["an", "binh", "khanh"])
def test_nobody_else_finds_the_page(running, name):
    assert client_of(running, name).get("/zalo/tam-ngung/").status_code == 404
    assert client_of(running, name).post("/zalo/tam-ngung/gui-lai/").status_code == 404


def test_what_other_units_have_waiting_is_for_the_province_to_see(running, other_commune, zone):
    row = {"waiting": 7, "unclear": 0, "oldest": "2026-11-22T00:00:00+00:00"}
    both = [{"unit": str(running.unit.pk), **row}]
    both += [{"unit": str(other_commune.unit.pk), **row, "oldest": "2026-11-21T00:00:00+00:00"}]
    with zone("vault"):
        SendingPause.objects.create(reason="operator", waiting=both)
    with running.acting("huy"):
        assert holding.current().reason == "operator"
        with pytest.raises(Error), transaction.atomic():
            SendingPause.objects.values_list("waiting").get()
        assert [one["unit"] for one in holding.waiting()] == [running.unit.pk]
    with zone("owner"):
        row = Membership.objects.get(officer=running.huy)
        Membership.objects.create(officer=running.huy, unit=running.unit.parent, role=row.role, since=row.since)
        row.delete()
    shown = client_of(running, "huy").get("/zalo/tam-ngung/").content.decode()
    assert shown.index(other_commune.unit.name) < shown.index(running.unit.name)


def test_the_page_asks_the_same_of_the_database_for_many_units(running, zone):
    rows = [{"unit": str(running.unit.pk), "waiting": 1, "unclear": 0, "oldest": "2026-11-22T00:00:00+00:00"}]
    with zone("vault"):
        SendingPause.objects.create(reason="restored", waiting=rows * 200)
    admin = client_of(running, "huy")
    assert queries(admin, "/zalo/tam-ngung/") <= 10
    assert admin.get("/zalo/tam-ngung/").content.decode().count(running.unit.name) >= 200
