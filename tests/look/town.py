"""The town behind the screens: something in every list, names as long as they come, and a server for each zone."""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from broadcasts.models import Dispatch, PostVersion
from procedures import languages
from procedures.models import LawChange, Version
from tests import cast
from tests.broadcasts import scenes as posts
from tests.look import wires
from tests.procedures import flow_scenes
from tests.procedures import scenes as procedures
from tests.tips.scenes import DANGER, TIP, client_of, waiting_item
from tests.units.signing import enrol, sign_in
from tips import actions, group_actions
from tips.models import Case, TrayItem
from zalopolice.gateway import history, media, sources
from zalopolice.gateway.models import Attachment, ChatGroup, HistoryWalk, Message, StuckEvent
from zalopolice.units import duty
from zalopolice.units.models import CalendarDay, HotlineContact, Membership, Office, Officer, OfficerSession, Unit
from zalopolice.units.roles import Role
from zalopolice.units.sessions import stored

LONG_UNIT = "Công an phường Nguyễn Thị Minh Khai – Hưng Đạo"
LONG_NAMES = {
    "an": "Nguyễn Hoàng Phương Khánh Thảo Quỳnh",
    "binh": "Trương Nguyễn Thượng Hiền Đức",
    "cuong": "Đặng Hữu Nghĩa Trường Thịnh Vượng",
}
LONG_TEXT = (
    "Tôi muốn báo tin: đêm nào cũng có một nhóm thanh niên tụ tập ở ngõ 45 Nguyễn Khuyến, nẹt pô, đánh bạc và "
    "nghiênghiêngnghiêng hò hét tới hơn hai giờ sáng, người già trẻ nhỏ không ai ngủ được, đã nhắc nhiều lần không nghe"
)
LONG_TITLE = "Tụ tập, nẹt pô, đánh bạc ban đêm tại ngõ 45 Nguyễn Khuyến, tổ dân phố 3"
PHOTO = Path(__file__).resolve().parents[1] / "stack" / "photo.jpg"


@dataclass
class Town:
    commune: cast.Commune
    things: dict[str, Any] = field(default_factory=dict)


def build(zone: Any) -> Town:
    commune = cast.make_commune(zone, "tran-hung-dao")
    with zone("owner"):
        commune.unit.name = LONG_UNIT
        commune.unit.save()
        for name, full_name in LONG_NAMES.items():
            commune.officers[name].full_name = full_name
            commune.officers[name].save()
        call_command("load_procedures", "--publish", stdout=io.StringIO())
        call_command("seed_public", stdout=io.StringIO())
    town = Town(commune, {"area": commune.area})
    for name, citizen in (("closed", "lan"), ("closing", "tam"), ("case", "dung"), ("unclaimed", "phuc")):
        town.things[name] = _case(commune, name, citizen)
    town.things["item"] = waiting_item(commune, "hoa", TIP, LONG_TEXT, "xe biển 90B2-123.45", "còn đang ồn lắm ạ")
    waiting_item(commune, "mai", DANGER)
    _inbox(town)
    _listen(town)
    _write_posts(town)
    _set_up(town)
    wires.lay(town)
    return town


def _inbox(town: Town) -> None:
    """Words in a group, one of them a tip; a call, a voice, a flood; what the machine could not read."""
    commune, zone = town.commune, town.commune.zone
    oa = commune.oa.oa_id
    created = {"event_name": "create_group", "oa_id": oa, "group_id": "g-1", "group_name": LONG_UNIT}
    cast.store_event(zone, cast.event_body(oa, "") | created)
    for citizen, words in (("phuc", "Chào cả nhà"), ("tam", LONG_TEXT), ("phuc", "Đúng rồi, nhà tôi cũng nghe")):
        said = {"event_name": "user_send_group_text", "oa_id": oa, "recipient": {"id": "g-1"}}
        cast.store_event(zone, cast.event_body("", commune.user_id(citizen), words) | said)
    call = {"event_name": "user_call_oa", "oa_id": oa, "call_id": "c-1", "talk_time": 0, "phone": "84900000001"}
    cast.store_event(zone, cast.event_body(oa, commune.user_id("tuan")) | call)
    earlier = timezone.now() - timedelta(minutes=50)
    for number in range(24):
        at = earlier + timedelta(seconds=number)
        cast.store_event(zone, cast.event_body(oa, commune.user_id("tuan"), f"Alo công an {number}", at=at))
    cast.store_event(zone, cast.event_body(oa, "", f"Cứu tôi với. {LONG_TEXT}"))
    cast.work_inbox(zone)
    with zone("owner"):
        town.things["group"] = ChatGroup.objects.get()
        town.things["stuck"] = StuckEvent.objects.get()
        town.things["flood"] = TrayItem.objects.get(citizen__messages__kind="call")
        said = Message.objects.filter(group=town.things["group"]).order_by("sent_at")[1]
    with commune.acting("cuong") as duty_officer:
        town.things["group_tip"] = group_actions.make_tip(said, by=duty_officer).tray_item


def _listen(town: Town) -> None:
    """A voice that can be heard, a picture that is lost, a film that is kept; what a night's comparison found."""
    commune, zone = town.commune, town.commune.zone
    files = [{"type": kind, "payload": {"url": f"https://f1.zdn.vn/{kind}"}} for kind in ("audio", "image", "video")]
    commune.hears("thu", event_name="user_send_audio", attachments=files)
    cast.work_inbox(zone)
    lost = {"state": "unfetchable", "reason": media.GONE}
    ends = {
        "audio": {"state": "available", "seconds": 72},
        "image": lost,
        "video": {"state": "stored", "size": 8_400_000},
    }
    with zone("owner"):
        for kind, columns in ends.items():
            Attachment.objects.filter(kind=kind).update(queue="", next_at=None, **columns)
        town.things["voice"] = TrayItem.objects.get(citizen__messages__attachments__kind="audio")
        night = {"unit": commune.unit, "oa": commune.oa, "since": timezone.now() - timedelta(hours=50)}
        figures = {
            "people": 41,
            "visited": 41,
            "looked_at": 1204,
            "known": 1201,
            "missing": 3,
            "inserted": 3,
            "typed": 1,
        }
        for hours, error, missing in ((5, "", 3), (29, history.NO_ANSWER, 0), (53, "", 0)):
            at = timezone.now() - timedelta(hours=hours)
            told = figures | {"missing": missing, "inserted": missing, "started_at": at, "ended_at": at, "error": error}
            HistoryWalk.objects.create(kind=HistoryWalk.Kind.NIGHTLY, **night, **told)
        HistoryWalk.objects.create(kind=HistoryWalk.Kind.ASKED, **night, **figures | {"visited": 12})


def _spoken(version: Version) -> dict[str, Any]:
    """With English that has fallen behind."""
    said = {"name": "Temporary residence registration", "papers": "Declaration", "steps": "Hand in\nWait"}
    return languages.with_translation(version.name, version.content, "en", said, base="an older one")


def _set_up(town: Town) -> None:
    """What editors and command keep: a draft of the unit's own, the office, telephone numbers, days off, the roster."""
    commune, zone = town.commune, town.commune.zone
    with zone("owner"):
        found = town.things["version"] = Version.objects.get(procedure__slug="dang-ky-tam-tru")
        town.things["office"] = Office.objects.get(unit=commune.unit)
        town.things["contact"] = HotlineContact.objects.filter(unit=commune.unit).first()
        named = {"name": "Nghỉ Quốc khánh, hoán đổi ngày làm việc", "source": "Thông báo của Bộ Nội vụ"}
        town.things["day"] = CalendarDay.objects.create(day=date(2026, 8, 31), is_working=False, **named)
        officer = Officer.objects.create(username="quan-tri-tinh", full_name="Lý Thị Quỳnh")
        facts = {"role": Role.SYSTEM_ADMINISTRATOR, "since": date(2026, 1, 1)}
        Membership.objects.create(unit=commune.unit.parent, officer=officer, **facts)
        commune.officers["quynh"] = officer
    editors = procedures.editors_of(commune)
    town.things["draft"] = procedures.draft(editors, "cap-lai-giay-to", found.name, content=_spoken(found))
    town.things |= {"file": procedures.attached(editors, town.things["draft"])} | flow_scenes.shown(editors, LONG_TEXT)
    town.things["judged"] = procedures.in_review(editors, "khai-bao-o-tro", f"{found.name} cho người ở trọ dài ngày")
    town.things["menu_judged"] = flow_scenes.submitted(editors, "Giờ tiếp", phrases=["giờ tiếp"], text=LONG_TEXT)
    asked = ("khai báo ở trọ cho khách thuê dài ngày", "khai bao o tro cho khach thue", "nghiênghiêngnghiêng" * 8)
    procedures.asked_in_vain(commune, *asked, kind="handoff")
    with commune.acting("giang") as editor:
        cited = {"number": "68/2020/QH14", "changed_by": "118/2025/QH15", "effective_on": date(2026, 7, 1)}
        LawChange.objects.create(unit=commune.unit, **cited)
        label = "Áp phích cổng chợ Đồng Văn, cạnh bảng tin nhà văn hóa tổ dân phố 3"
        town.things["source"] = sources.create("poster", label, commune.oa, by=editor)
    starts = timezone.localtime().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    with commune.acting("binh") as chief:
        place = ("cuong", "desk", starts, starts + timedelta(hours=8))
        town.things["shift"] = duty.plan(commune.officers[place[0]], *place[1:], by=chief)


def _case(commune: cast.Commune, stage: str, citizen: str) -> Case:
    """A case of its own citizen, as far as ``stage``; verbs do the work, so every page shows what really happens."""
    item = waiting_item(commune, citizen, TIP, LONG_TEXT)
    kind = Case.Classification.ADMINISTRATIVE
    with commune.acting("cuong") as duty:
        chosen = list(item.unsorted_messages())
        case = actions.open_case(item, chosen, title=LONG_TITLE, classification=kind, area=commune.area, by=duty)
    if stage == "unclaimed":
        return case
    with commune.acting("an") as officer:
        actions.claim(case, by=officer)
        if stage != "case":
            actions.propose_closing(case, result=Case.Result.WARNED, summary=LONG_TEXT, by=officer)
    if stage == "closed":
        with commune.acting("binh") as chief:
            actions.close(case, by=chief)
    return case


def _write_posts(town: Town) -> None:
    Status = PostVersion.Status
    with town.commune.acting("giang"):
        picture = posts.cover(town.commune, PHOTO.read_bytes())
    for status in (Status.DRAFT, Status.SUBMITTED, Status.SCHEDULED, Status.RETURNED):
        town.things[f"post-{status}"] = posts.post_at(town.commune, status, cover_sha256=picture)
    for state in (Dispatch.State.SENT, Dispatch.State.UNKNOWN):
        version = posts.post_at(town.commune, Status.SCHEDULED, cover_sha256=picture)
        town.things[f"post-{state}"], town.things[f"dispatch-{state}"] = version, _left(town, version, state)


def _left(town: Town, version: PostVersion, state: str) -> Dispatch:
    """The version's one dispatch, led along its arrows: the database knows no other way."""
    with town.commune.zone("owner"):
        rows = Dispatch.objects.filter(version=version)
        for step in ("creating", "verifying", "ready"):
            rows.update(state=step)
        rows.update(state="sending", started_at=timezone.now())
        rows.update(state=state, settled_at=timezone.now() if state == Dispatch.State.SENT else None)
        PostVersion.objects.filter(pk=version.pk).update(status=PostVersion.Status.DISPATCHED)
        return rows.get()


def keys_of(town: Town) -> dict[str, str]:
    """A session of every officer for a browser's cookie; with ``-fresh``, one that has just proved who is there."""
    enrol(client_of(town.commune, "dung"))  # first: it ends every other session
    keys = {}
    for name in town.commune.officers:
        keys[name] = _cookie(client_of(town.commune, name))
        client = client_of(town.commune, name)
        cast.make_fresh(client)
        keys[f"{name}-fresh"] = _cookie(client)
    half = Client()
    sign_in(town.commune, "dung", half)
    return keys | {"dung-half": _cookie(half), "an-kept": _kept(town), "em-training": _training(town)}


def _training(town: Town) -> str:
    """Em sits in a training unit."""
    with town.commune.zone("owner"):
        own = town.commune.unit
        fields = {"name": "Đơn vị tập huấn", "kind": own.kind, "parent": own.parent, "opens_on": own.opens_on}
        unit = Unit.objects.create(code="tap-huan", is_training=True, **fields)
        Membership.objects.create(unit=unit, officer=town.commune.em, role=Role.DUTY_OFFICER, since=own.opens_on)
    client = client_of(town.commune, "em")
    client.post("/don-vi/", {"unit": str(unit.pk)})
    return _cookie(client)


def _kept(town: Town) -> str:
    """An wrote a note for sixteen minutes, sent it into an ended session, and has signed in again."""
    client = client_of(town.commune, "an")
    with town.commune.zone("owner"):
        OfficerSession.objects.filter(pk=stored(_cookie(client))).update(expire_date=timezone.now())
    client.post(f"/vu-viec/{town.things['case'].pk}/ghi-chu/", {"note-once": str(uuid.uuid4()), "note-text": LONG_TEXT})
    sign_in(town.commune, "an", client)
    return _cookie(client)


def _cookie(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        return


class ZoneServer(ThreadedWSGIServer):
    """Each thread talks to the test database with the login of its zone."""

    zone = "web"
    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        connections["default"] = connections[self.zone]
        super().process_request_thread(request, client_address)


def citizens_addresses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        request.urlconf = "zalopolice.public_urls"  # type: ignore[attr-defined]  # Django's own hook
        return get_response(request)

    return respond


@contextmanager
def serving(zone: str) -> Iterator[str]:
    """The portal as a server in threads of its own; its files come from the finders."""
    server = ZoneServer(("127.0.0.1", 0), Quiet, allow_reuse_address=False)
    server.zone = zone
    middleware = [f"{__name__}.citizens_addresses", *settings.CITIZENS_MIDDLEWARE]
    with override_settings(MIDDLEWARE=middleware if zone == "public" else settings.MIDDLEWARE):
        server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
