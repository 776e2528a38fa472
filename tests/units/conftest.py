"""Two communes with at least one row each in every walled table, and raw connections with the real logins."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from procedures import actions as catalogue
from procedures import flow_actions
from procedures.models import LawChange
from tests import cast
from tests.broadcasts.scenes import post_at
from tests.conftest import _empty, _zone
from tests.gateway import attaching
from tests.procedures import flow_scenes, scenes
from tests.units.signing import sign_in
from tips import actions
from tips.models import Case, TrayItem
from zalopolice import queue
from zalopolice.gateway import consent, followers, incidents, onboarding, sources, walks
from zalopolice.gateway.models import Citizen, FileAtZalo, HistoryWalk, Message, QuotaDay, TokenJournal
from zalopolice.units import officer_check
from zalopolice.units.models import Alert, AlertsSeen, DutyShift, HotlineContact, Office
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission
from zalopolice.vault.models import Attribute, UnmaskRequest


@contextmanager
def login(zone: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of this zone's own role; everything done on it is undone."""
    place = connections[zone].settings_dict
    with psycopg.connect(
        host=place["HOST"], user=place["USER"], password=place["PASSWORD"], dbname=place["NAME"]
    ) as connection:
        yield connection
        connection.rollback()


def fill(commune: cast.Commune) -> None:
    """Through the flows of the portal, as far as they reach."""
    picture = [{"type": "image", "payload": {"url": "https://f1.photo.zdn.vn/a.jpg"}}]
    commune.hears("dung", "Tôi báo tin có đánh bạc", attachments=picture)
    commune.hears("hoa", "Cho tôi hỏi với ạ")
    commune.hears("lan", "English")
    cast.work_inbox(commune.zone)
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).filter(kind=TrayItem.Kind.TIP).get()
        messages = list(Message.objects.filter(filed__tray_item=item, direction="in"))
        actions.open_case(
            item, messages, title="Đánh bạc", classification=Case.Classification.SECURITY, area=None, by=officer
        )
    with commune.acting("binh") as chief:
        consent.start(commune.oa, by=chief)
        now = timezone.now()
        walks.begin(commune.oa, HistoryWalk.Kind.ASKED, now, by=chief)
        tell(Alert.Kind.OA_TROUBLE, commune.unit.pk, commune.oa.pk, permission=Permission.OA_VIEW)
        AlertsSeen.objects.create(unit=commune.unit, officer=chief, until=now)
        shift = {"starts_at": now, "ends_at": now + timedelta(hours=8), "planned_by": chief}
        DutyShift.objects.create(unit=commune.unit, officer=chief, **shift)
        Office.objects.create(unit=commune.unit, address="Số 1 đường Lê Lợi", phone="02263000113")
        contact = {"kind": "chief", "title": "Trưởng Công an", "phone": "0912000113", "verified_on": now.date()}
        HotlineContact.objects.create(unit=commune.unit, **contact)
        officer_check.open_code(by=chief)
    version = scenes.published(scenes.editors_of(commune), "thu-tuc-cua-xa", "Thủ tục của xã")
    flow_scenes.published(scenes.editors_of(commune), "Giờ chợ", phrases=["giờ chợ"], text="Sáng thứ Năm")
    with commune.acting("giang") as editor:
        flow_actions.keep_sample(text="Chợ họp lúc nào", label="other", by=editor)
    with commune.acting("binh") as chief:
        onboarding.confirm(commune.oa, "events", by=chief)
        onboarding.seat(commune.oa, "Thiếu tá Trần Thị Dung", by=chief)
    with commune.zone("vault"):
        incidents.begin("flood", commune.oa, 40)
    with commune.acting("giang") as editor:
        catalogue.override(version.procedure, hours="Thứ Hai", address="", contact="", by=editor)
        law = {"number": "68/2020/QH14", "changed_by": "118/2025/QH15", "effective_on": now.date()}
        LawChange.objects.create(unit=commune.unit, **law)
    scenes.asked_in_vain(commune, "khai báo ở trọ cho khách")
    scenes.note(commune, "cho khách ở nhờ")
    scenes.note(commune, "mở lớp học võ", kind="handoff")
    post_at(commune, "scheduled")
    with commune.acting("giang") as editor:
        sources.create("poster", "Cổng chợ", commune.oa, by=editor)
    file = attaching.keep(commune)
    group = {"oa_id": commune.oa.oa_id, "recipient": {"id": "g-1"}, "event_name": "user_send_group_text"}
    cast.store_event(commune.zone, cast.event_body("", commune.user_id("hoa"), "Cả nhà ơi") | group)
    cast.store_event(commune.zone, cast.event_body(commune.oa.oa_id, "", "Không có người gửi"))  # cannot be read
    cast.work_inbox(commune.zone)
    token = cast.give_token(commune)
    with commune.zone("vault"):
        followers.note(commune.oa, "follow", timezone.now())
        FileAtZalo.objects.create(
            unit=commune.unit, oa=commune.oa, file_id=file.pk, token="t", expires_at=timezone.now()
        )
        QuotaDay.objects.create(unit=commune.unit, oa=commune.oa, day=timezone.localdate())
        person = Citizen.objects.filter(unit=commune.unit).values_list("pk", flat=True)[0]
        journal = TokenJournal(unit=commune.unit, oa=commune.oa, version=2, expires_at=token.expires_at)
        journal.access, journal.refresh = "access-2", "refresh-2"
        journal.save()
        Attribute.objects.create(unit=commune.unit, citizen_id=person, kind="name", value="Trần Văn Dũng")
        UnmaskRequest.objects.create(
            unit=commune.unit,
            case_id=uuid.uuid4(),
            requested_by=commune.binh.pk,
            requested_at=timezone.now() - timedelta(minutes=1),
            reason="Cần gặp trực tiếp để lấy lời khai về vụ việc",
        )


@pytest.fixture(scope="module")
def both(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[cast.Commune, cast.Commune]]:
    """Made once for a module whose tests undo what they do; ends in the login of zone web, as ``db`` does."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "_send", lambda *_: None)
        _empty()
        with _zone("web"):
            communes = cast.make_commune(_zone, "tran-hung-dao"), cast.make_commune(_zone, "dai-hong")
            for commune in communes:
                fill(commune)
            yield communes
        for name in connections:
            connections[name].close()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stands still but for ``shift`` and ``move_to``."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def inside(commune: cast.Commune) -> Client:
    """An's browser, signed in by the door."""
    client = Client()
    sign_in(commune, client=client)
    return client


@pytest.fixture
def walled(django_db_setup: None, django_db_blocker: Any) -> list[str]:
    """Every table with a unit, as the catalogue knows them."""
    with django_db_blocker.unblock(), login("owner") as owner:
        rows = owner.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'unit_id' AND NOT a.attisdropped"
            " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )
        return [row[0] for row in rows]
