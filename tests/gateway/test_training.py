"""Training units: on the simulator and nowhere else, marked on every page, counted nowhere."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests import cast
from tests.gateway import zalo as place
from tests.gateway.conftest import say, take_in
from tests.gateway.test_media import picture, work
from tests.procedures.scenes import Citizen
from tests.tips.scenes import client_of, entries, text
from zalopolice import metrics
from zalopolice.frame import Frame
from zalopolice.gateway import client, delivery, gauges, hosts, inbox, incidents, stuck, tokens, training, watch
from zalopolice.gateway.management.commands import seed_demo
from zalopolice.gateway.models import (
    Attachment,
    InboundEvent,
    Incident,
    Message,
    OfficialAccount,
    WebhookSecret,
    ZaloApp,
)
from zalopolice.units.models import Area, Membership, Officer, Unit
from zalopolice.units.roles import Role
from zalopolice.units.seats import take_seat

MARK = "TẬP HUẤN – không phải tin thật"
PAGES = ("/", "/hop-tin/", "/vu-viec/", "/oa/", "/truc-ban/", "/can-bo/", "/them/", "/bai-dang/", "/nhom/")


@pytest.fixture
def trains(commune, zone):
    """The commune is one that trains; so are its officers."""
    with zone("owner"):
        Unit.objects.filter(pk=commune.unit.pk).update(is_training=True)
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=timezone.now())
    commune.unit.is_training = True
    return commune


@pytest.fixture
def simulator(monkeypatch):
    """A second Zalo: the simulator of the training units."""
    with place.running() as (server, address):
        monkeypatch.setattr(settings, "ZALO_TRAINING_URL", address)
        yield server


def account(commune, zone):
    with zone("vault"):
        return tokens.account(OfficialAccount.objects.get(pk=commune.oa.pk))[0]


# --- where it lives ---------------------------------------------------------------------------------------------------


def test_a_training_unit_writes_to_the_simulator_and_a_real_one_to_zalo(trains, other_commune, zalo, simulator, zone):
    for commune in (trains, other_commune):
        cast.give_token(commune)

    assert client.send(account(trains, zone), "5512207788990000001", {"text": "Bài tập"}).verdict is client.Verdict.SENT
    assert (simulator.texts(), zalo.texts()) == (["Bài tập"], [])
    assert (
        client.send(account(other_commune, zone), "5512207788990000002", {"text": "Thật"}).verdict
        is client.Verdict.SENT
    )
    assert (simulator.texts(), zalo.texts()) == (["Bài tập"], ["Thật"])


def test_without_a_simulator_it_writes_to_nobody(trains, zalo, zone, monkeypatch):
    monkeypatch.setattr(settings, "ZALO_TRAINING_URL", "")
    cast.give_token(trains)

    assert client.send(account(trains, zone), "5512207788990000001", {"text": "x"}).verdict is client.Verdict.NOT_SENT
    assert zalo.texts() == [] and zalo.calls == []


def test_its_tokens_are_renewed_at_the_simulator(trains, zalo, simulator, zone, monkeypatch):
    cast.give_token(trains, seconds=60)

    assert account(trains, zone).token != "access-1"
    assert (len(simulator.refreshes), len(zalo.refreshes)) == (1, 0)
    monkeypatch.setattr(settings, "ZALO_TRAINING_URL", "")
    with pytest.raises(client.Unreachable):
        client.refresh_pair("1", "s", "r", is_training=True)
    assert zalo.refreshes == []


def test_the_chief_is_led_to_the_simulators_consent_page(trains, simulator, monkeypatch):
    chief = client_of(trains, "binh")
    cast.make_fresh(chief)

    leads = chief.post(f"/oa/{trains.oa.pk}/ket-noi/")["Location"]
    assert leads.startswith(f"{settings.ZALO_TRAINING_URL}/oauth/v4/oa/permission?")

    monkeypatch.setattr(settings, "ZALO_TRAINING_URL", "")
    refused = chief.post(f"/oa/{trains.oa.pk}/ket-noi/")
    assert refused.status_code == 409 and "chưa có máy mô phỏng" in text(refused)
    assert len(entries(trains, "oa.consent_started")) == 1


@pytest.mark.parametrize(
    ("training_unit", "at", "arrives"), [(True, "sim", True), (True, "zalo", False), (False, "sim", False)]
)
def test_files_come_from_where_the_account_lives(commune, zone, zalo, simulator, media, training_unit, at, arrives):
    with zone("owner"):
        Unit.objects.filter(pk=commune.unit.pk).update(is_training=training_unit)
    server, address = (simulator, settings.ZALO_TRAINING_URL) if at == "sim" else (zalo, settings.ZALO_API_URL[:-8])
    server.files["/media/file"] = (200, {}, picture())
    attachment = {"type": "image", "payload": {"url": f"{address}/media/file"}}
    commune.hears("dung", "Xem tệp này", attachments=[attachment], event_name="user_send_image")
    take_in(zone)
    with zone("vault"):
        row = Attachment.objects.get()

    done = work(zone, row)

    assert ("máy chủ lạ" in done.reason) is not arrives
    assert (done.state == Attachment.State.AVAILABLE) is arrives


def test_only_files_of_the_simulator_are_let_past_the_check_for_public_addresses(settings):
    settings.DEMO, settings.ZALO_TRAINING_URL = False, "http://127.0.0.1:8003"

    assert hosts.files_of_the_simulator(True) == "http://127.0.0.1:8003"
    assert hosts.files_of_the_simulator(False) is None  # then Zalo's own hosts alone


# --- what officers see ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES)
def test_every_page_says_that_it_is_an_exercise(trains, address):
    page = client_of(trains, "binh").get(address)
    body = text(page)

    assert page.status_code == 200 and MARK in body and "<title>TẬP HUẤN" in page.content.decode()


def test_a_real_unit_has_no_such_mark(commune):
    assert "TẬP HUẤN" not in client_of(commune, "binh").get("/").content.decode()


def test_the_exercises_are_one_press_away_where_there_is_a_simulator(trains, settings):
    settings.ZALO_TRAINING_URL = "http://127.0.0.1:8003"
    assert 'href="http://127.0.0.1:8003/coach"' in client_of(trains, "binh").get("/").content.decode()

    settings.ZALO_TRAINING_URL = ""
    assert Frame(None).coach == "" and "/coach" not in client_of(trains, "binh").get("/").content.decode()


def test_whoever_signs_in_sits_in_the_real_unit_first(commune, other_commune, zone):
    """Whatever the codes of the two: nobody should take a real tip for an exercise, or the other way round."""
    with zone("owner"):
        for unit, code in ((commune.unit, "zz"), (other_commune.unit, "aa")):
            Unit.objects.filter(pk=unit.pk).update(code=code, is_training=code == "aa")
        Membership.objects.create(
            unit=other_commune.unit, officer=commune.an, role=Role.OFFICER, since=timezone.localdate()
        )

    officer = Officer.objects.get(pk=commune.an.pk)
    assert take_seat(officer, None).unit.pk == commune.unit.pk
    assert take_seat(officer, str(other_commune.unit.pk)).unit.is_training


# --- counted nowhere --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/api/v1/units/",
        "/api/v1/units/{code}/procedures/",
        "/don-vi/{code}/",
        "/thu-tuc/{code}/",
        "/q/{code}/ap1/",
    ],
)
def test_citizens_are_never_led_there(trains, other_commune, zone, address):
    citizen = Citizen(zone)
    training_page = citizen.get(address.format(code=trains.unit.code))
    real_page = citizen.get(address.format(code=other_commune.unit.code))

    assert trains.unit.name not in training_page.content.decode()
    assert real_page.status_code != 404 or "/q/" in address
    assert other_commune.unit.name in real_page.content.decode() or "procedures" in address
    assert "{code}" not in address or training_page.status_code == 404


def test_its_troubles_are_no_troubles_of_the_installation(trains, other_commune, zone, broker):
    with zone("vault"):
        for commune in (trains, other_commune):
            incidents.begin(Incident.Kind.FLOOD, commune.oa, 40)
        numbers = gauges.of({}, [])

    assert numbers["incidents_open"]["flood"] == 1
    with zone("owner"):
        province = trains.unit.parent
        Membership.objects.create(
            unit=province, officer=trains.huy, role=Role.SYSTEM_ADMINISTRATOR, since=timezone.localdate()
        )
    officer = Officer.objects.get(pk=trains.huy.pk)
    take_seat(officer, str(province.pk))
    with zone("owner"):
        seen = Incident.objects.visible_to(officer).values_list("unit__code", flat=True)
        assert list(seen) == [other_commune.unit.code]


@pytest.fixture
def exercise(trains, zone):
    """A training unit as ``make_training_unit`` leaves it: with an application of its own."""
    with zone("owner"):
        app = ZaloApp.objects.create(app_id=training.APP_ID, name="Ứng dụng tập huấn", sealed_secret=b"x")
        OfficialAccount.objects.filter(pk=trains.oa.pk).update(app=app)
    return trains


def happens(commune, app_id):
    """An event decided and one that waits, an answer and a file that wait, all for ten minutes."""
    file = {"type": "image", "payload": {"url": "https://x.test/a.jpg"}}
    commune.hears("dung", "Chào", attachments=[file], event_name="user_send_image")
    with commune.zone("owner"):
        InboundEvent.objects.update(app_id=app_id)
    take_in(commune.zone)
    say(commune, "Chào bác")
    commune.hears("hoa", "Chào")
    late = timezone.now() - timedelta(minutes=10)
    with commune.zone("owner"):
        for model in (Message, Attachment, InboundEvent):
            model.objects.filter(next_at__isnull=False).update(next_at=late)
        InboundEvent.objects.update(app_id=app_id)


def counted(zone, monkeypatch):
    found = []
    monkeypatch.setattr(metrics, "count", lambda series, label, by=1: found.append((series, label)))
    return found


def test_an_exercise_is_in_no_number_of_the_province(exercise, zone, monkeypatch, broker):
    found = counted(zone, monkeypatch)
    happens(exercise, training.APP_ID)

    with zone("vault"):
        assert set(gauges.queues(timezone.now()).values()) == {(0, 0)}
        watch.watch()
        assert not Incident.objects.filter(kind=Incident.Kind.QUEUE_OLD).exists()
    assert found == []


def test_what_is_no_exercise_is_counted(commune, zone, monkeypatch):
    found = counted(zone, monkeypatch)
    happens(commune, cast.APP_ID)

    with zone("vault"):
        queues = gauges.queues(timezone.now())
    assert {name for name, (number, _) in queues.items() if number} == {"inbox", "outbox", "routing", "fetching"}
    assert found == [("events", "acted")]


@pytest.mark.parametrize("trains_here", [True, False])
def test_a_send_of_an_exercise_is_not_counted(commune, zone, zalo, simulator, monkeypatch, trains_here):
    with zone("owner"):
        Unit.objects.filter(pk=commune.unit.pk).update(is_training=trains_here)
    commune.hears("dung", "Chào")
    take_in(zone)
    cast.give_token(commune)
    found = counted(zone, monkeypatch)
    row = say(commune, "Chào bác")

    with zone("vault"):
        delivery.deliver(row.pk)

        assert Message.objects.get(pk=row.pk).state == Message.State.SENT
    assert found == ([] if trains_here else [("sends", "sent")])


def test_an_exercise_nobody_connected_is_no_incident(exercise, zone):
    with zone("owner"):
        OfficialAccount.objects.update(connected_at=None)
    exercise.hears("dung", "Chào")
    with zone("owner"):
        InboundEvent.objects.update(app_id=training.APP_ID, received_at=timezone.now() - timedelta(hours=1))
    take_in(zone)
    with zone("vault"):
        assert (stuck.waiting().count(), stuck.unknown()) == (1, 0)


# --- how it is made ---------------------------------------------------------------------------------------------------


def make(zone, path, code):
    with zone("owner"):
        call_command("make_training_unit", parent=code, sim_config=path)
        return Unit.objects.get(code=training.CODE)


def test_a_training_unit_has_its_own_account_and_the_same_officers(commune, zone, tmp_path):
    path = tmp_path / "sim.json"

    unit = make(zone, path, commune.unit.code)

    assert unit.is_training and unit.parent_id == commune.unit.parent_id
    config = json.loads(path.read_text())
    with zone("owner"):
        oa = OfficialAccount.objects.get(unit=unit)
        assert Membership.objects.filter(unit=unit).count() == len(commune.officers)
        assert Area.objects.filter(unit=unit).count() == 1
        assert oa.app.app_id == training.APP_ID != commune.oa.app.app_id
    assert config["oas"] == [{"oa_id": oa.oa_id, "name": unit.name, "app_id": training.APP_ID, "training": True}]
    assert path.stat().st_mode & 0o077 == 0  # it holds the secrets
    assert len(entries(cast.Commune(unit, oa, None, commune.officers, zone), "unit.training_made")) == 1


def test_made_again_it_changes_nothing_but_adds_who_is_new(commune, zone, tmp_path):
    path = tmp_path / "sim.json"
    unit = make(zone, path, commune.unit.code)
    before = json.loads(path.read_text())
    with zone("owner"):
        Membership.objects.create(
            unit=commune.unit, officer=commune.an, role=Role.CONTENT_EDITOR, since=timezone.localdate()
        )

    make(zone, path, commune.unit.code)

    assert json.loads(path.read_text()) == before
    with zone("owner"):
        assert Membership.objects.filter(unit=unit).count() == len(commune.officers) + 1
        assert OfficialAccount.objects.filter(unit=unit).count() == 1
        assert ZaloApp.objects.filter(app_id=training.APP_ID).count() == 1
        assert WebhookSecret.objects.filter(app_id=training.APP_ID).count() == 1


def test_a_real_unit_never_becomes_one(commune, zone, tmp_path):
    with zone("owner"), pytest.raises(CommandError):
        call_command("make_training_unit", parent=commune.unit.code, code=commune.unit.code, sim_config=tmp_path / "a")
    with zone("owner"), pytest.raises(CommandError):
        call_command("make_training_unit", parent="khong-co", sim_config=tmp_path / "a")
    with zone("owner"):
        assert not Unit.objects.get(pk=commune.unit.pk).is_training


def test_the_training_app_cannot_speak_for_a_real_unit(commune, zone):
    """Its secrets lie in a simulator, so what they sign counts for training accounts alone."""
    with zone("owner"):
        ZaloApp.objects.create(app_id=training.APP_ID, name="Ứng dụng tập huấn", sealed_secret=b"x")
    body = cast.event_body(commune.oa.oa_id, commune.user_id("dung"), "Tin giả")
    body["app_id"] = training.APP_ID
    event = cast.store_event(zone, body)
    with zone("owner"):
        InboundEvent.objects.filter(pk=event).update(app_id=training.APP_ID)
    with zone("vault"):
        inbox.receive(event)

        assert InboundEvent.objects.get(pk=event).error.startswith("UnknownAccount")
        assert not Message.objects.exists()


@pytest.fixture
def demo_files(tmp_path, monkeypatch):
    """Where the demo's simulator finds its world, and a newcomer the logins."""
    files = tmp_path / "simulator.json", tmp_path / "logins.json"
    monkeypatch.setenv("ZALOPOLICE_SIM_CONFIG", str(files[0]))
    monkeypatch.setenv("ZALOPOLICE_LOGINS", str(files[1]))
    return files


def test_a_demo_on_kept_data_is_seeded_again(db, zone, demo_files):
    with zone("owner"):
        call_command("seed_demo", stdout=StringIO())
        before = Membership.objects.count()
        call_command("seed_demo", stdout=StringIO())

        assert Membership.objects.count() == before


def test_a_demo_opens_the_accounts_of_a_scenario_and_keeps_them(db, zone, demo_files, monkeypatch):
    """Whoever tries a city of fifteen accounts has fifteen units, with a chief each, here and at the simulator."""
    file, logins = demo_files
    names = {f"phuong-{number}": f"Công an phường {number}" for number in range(15)}
    names["co-roi"] = "Công an xã Đại Hồng"
    monkeypatch.setenv("ZALOPOLICE_DEMO_ACCOUNTS", json.dumps(names))
    with zone("owner"):
        call_command("seed_demo", stdout=StringIO())
        monkeypatch.delenv("ZALOPOLICE_DEMO_ACCOUNTS")
        call_command("seed_demo", stdout=StringIO())

        units = Unit.objects.filter(kind=Unit.Kind.COMMUNE, is_training=False)
        assert (units.count(), units.filter(code="co-roi").exists()) == (18, False)
        assert Membership.objects.filter(unit__code="phuong-7").count() == 5
    known = json.loads(file.read_text())["oas"]
    assert sum(one["name"] in names.values() for one in known) == 16
    assert len(known) == 19 == len({one["oa_id"] for one in known})
    monkeypatch.setenv("ZALOPOLICE_DEMO_ACCOUNTS", json.dumps({"phuong-1": "Công an phường Khác"}))
    with zone("owner"), pytest.raises(CommandError, match="Công an phường 1"):
        call_command("seed_demo", stdout=StringIO())
    assert "trucban.phuong-14" in {one["username"] for one in json.loads(logins.read_text())}


@pytest.mark.parametrize("code", ["dai-hong", training.CODE, "phường 1", "p" * 33])
def test_a_demo_opens_no_unit_of_a_code_that_is_taken_or_no_code(db, zone, demo_files, monkeypatch, code):
    monkeypatch.setenv("ZALOPOLICE_DEMO_ACCOUNTS", json.dumps({code: "Công an phường Mới"}))
    with zone("owner"):
        with pytest.raises(CommandError, match=code):
            call_command("seed_demo", stdout=StringIO())

        assert not Unit.objects.filter(name="Công an phường Mới").exists()


def test_a_demo_opens_only_what_no_account_is_named(db, zone, demo_files, monkeypatch):
    """The exercises have their account; an id is an account's; two roles of one name play on one account."""
    names = {"lop": training.NAME, "xa": "2720105559876543210", "a": "Công an phường Mới", "b": "Công an phường Mới"}
    monkeypatch.setenv("ZALOPOLICE_DEMO_ACCOUNTS", json.dumps(names))
    with zone("owner"):
        call_command("seed_demo", stdout=StringIO())

        assert list(Unit.objects.filter(code__in=names).values_list("code", flat=True)) == ["a"]


def test_a_demo_leaves_an_account_declared_by_hand_to_who_declared_it(db, zone, demo_files):
    with zone("owner"):
        call_command("seed_demo", stdout=StringIO())
        province = Unit.objects.get(kind=Unit.Kind.PROVINCE)
        app = ZaloApp.objects.get(app_id=seed_demo.APP_ID)
        OfficialAccount.objects.create(oa_id="4318657068771012646", unit=province, app=app, name=province.name)
        before = Membership.objects.count()
        call_command("seed_demo", stdout=StringIO())

        assert Membership.objects.count() == before
