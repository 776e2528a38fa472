"""Row 2: every address × every method × every principal, from the resolver; an undeclared address fails.

One officer of each role, the officer who holds the case, a chief of another commune, nobody. What cannot be seen is
404, whatever the method; 403 only for an act on something one may see (design D15).
"""

from __future__ import annotations

import itertools
import re
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from procedures import flow_actions
from procedures.models import LawChange, MissCluster
from tests import cast
from tests.broadcasts import scenes as posts
from tests.procedures import flow_scenes, scenes
from tips import actions
from tips.models import Case, TrayItem
from zalopolice.gateway import onboarding, sources
from zalopolice.gateway.models import Attachment, DomainProof, HistoryWalk, Message, StuckEvent, WebhookSecret
from zalopolice.units.models import CalendarDay, DutyShift, HotlineContact, Office, Unit

METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST")  # acts last: signing out ends the session
NOBODY = "nobody"
STAFF = ("an", "em", "cuong", "dung", "binh", "giang", "huy", "khanh")
FOREIGN = "foreign"
PRINCIPALS = (NOBODY, *STAFF, FOREIGN)

# Who sees the thing an address is about; for everybody else it does not exist.
ALL = frozenset(STAFF)
DESK = frozenset({"cuong", "dung", "binh"})  # duty officer, deputy chief, chief
CASEWORKERS = DESK | {"an", "em"}
COMMAND = frozenset({"dung", "binh"})
HOLDER = COMMAND | {"an"}  # An claimed the case
CHIEF = frozenset({"binh"})
EDITORS = COMMAND | {"giang"}
SETS_UP = frozenset({"huy"})
DECLARE = CHIEF | SETS_UP
WATCH = COMMAND | {"huy", "khanh"}


@dataclass(frozen=True)
class Row:
    """``sees``: who does not get 404. ``may``: who of them may act (others: 403). ``get``/``post``: answers allowed
    to those who may; None: the method does not exist there (405)."""

    sees: frozenset[str]
    get: set[int] | None = None
    post: set[int] | None = None
    may: frozenset[str] | None = None
    thing: str = ""
    open: bool = False
    read_by_all: bool = False  # ``may`` is about the act only


DONE = {200, 302, 409, 422}  # an act with an empty form: done, refused in words, or shown again

MATRIX: dict[str, Row] = {
    "sign_in": Row(ALL, get={200, 302}, post={200, 302, 422}, open=True),
    "sign_in_code": Row(ALL, get={302}, post={302}, open=True),  # nobody owes a code here: back to the door
    "sign_in_key": Row(ALL, get={200, 302}, post={302, 422}, open=True),
    "resume": Row(ALL, get={302}),  # nothing was sent too late
    "sign_out": Row(ALL, post={302}),
    "account": Row(ALL, get={200}),
    # Nobody here has just given the password: each of these asks for it first.
    "password": Row(ALL, get={200}, post={200}),
    "totp": Row(ALL, get={200}, post={200}),
    "passkey_add": Row(ALL, get={200}, post={200}),
    "recovery_codes": Row(ALL, get={200}, post={200}),
    "factor_remove": Row(ALL, post={200}),
    "devices": Row(ALL, get={200}),
    "devices_end": Row(ALL, post={302}),
    "people": Row(CHIEF, get={200}),
    "role_grant": Row(CHIEF, post={200}),
    "role_end": Row(CHIEF, post={200}, thing="membership"),
    "role_depute": Row(CHIEF, post={200}, thing="membership"),
    "change_seat": Row(ALL, post={404}),  # an empty choice names no seat
    "healthz": Row(ALL, get={200}, open=True),
    "readyz": Row(ALL, get={200, 503}, open=True),
    "home": Row(ALL, get={200}),
    "more": Row(ALL, get={200}),
    "components": Row(ALL, get={200}),
    "preferences": Row(ALL, post={302}, open=True),
    "frame": Row(ALL, get={200}),
    "alerts": Row(ALL, get={200}),
    "alerts_seen": Row(ALL, post={302}),
    "search": Row(ALL, get={200}, post={422}),
    "duty": Row(ALL, get={200}, post={422}, may=COMMAND | {FOREIGN}, read_by_all=True),
    "duty_remove": Row(ALL, get={200}, post={409}, may=COMMAND, thing="shift"),  # what is over stays in the book
    "hotline": Row(ALL, get={200}),
    "hotline_verify": Row(ALL, post={302}, may=EDITORS, thing="contact"),  # the number is public, so all may see it
    "officer_check": Row(CASEWORKERS, get={200}, post={200}),
    "officer_check_end": Row(CASEWORKERS, post={302}),
    "tray": Row(DESK, get={200}),
    "tray_item": Row(DESK, get={200}, thing="item"),
    "open_case": Row(DESK, post=DONE, thing="item"),
    "add_to_case": Row(DESK, post=DONE, thing="item"),
    "tray_answer": Row(DESK, post=DONE, thing="item"),
    "tray_sort_out": Row(DESK, post=DONE, thing="item"),
    "tray_take": Row(DESK, post=DONE, thing="item"),
    "tray_put_back": Row(DESK, post=DONE, thing="item"),
    "tray_resend": Row(DESK, post=DONE | {404}, thing="item"),
    "tray_acknowledge": Row(DESK, post=DONE | {404}, thing="item"),
    "chat_groups": Row(DESK, get={200}),
    "chat_group": Row(DESK, get={200}, thing="group"),
    "group_tip": Row(DESK, post={302}, thing="group"),
    "stuck_events": Row(DESK, get={200}),
    "stuck_event": Row(DESK, get={200}, thing="stuck"),
    "stuck_retry": Row(DESK, post={302}, thing="stuck"),
    "stuck_handle": Row(DESK, post={422}, thing="stuck"),
    "cases": Row(CASEWORKERS, get={200}),
    "case": Row(CASEWORKERS, get={200}, thing="case"),
    "case_claim": Row(CASEWORKERS, post=DONE, thing="case"),
    "case_assign": Row(CASEWORKERS, post=DONE, may=DESK, thing="case"),
    "case_reassign": Row(CASEWORKERS, get={200}, post=DONE, may=DESK, thing="case"),
    "case_reply": Row(CASEWORKERS, post=DONE, may=HOLDER, thing="case"),
    "case_resend": Row(CASEWORKERS, post=DONE | {404}, may=HOLDER, thing="case"),
    "case_acknowledge": Row(CASEWORKERS, post=DONE | {404}, may=HOLDER, thing="case"),
    "case_note": Row(CASEWORKERS, post=DONE, may=HOLDER, thing="case"),
    "case_propose": Row(CASEWORKERS, post=DONE, may=HOLDER, thing="case"),
    "case_return": Row(CASEWORKERS, post=DONE, may=COMMAND, thing="case"),
    "case_close": Row(CASEWORKERS, post=DONE, may=COMMAND, thing="case"),
    "picture": Row(HOLDER, get={200}, thing="picture"),
    "sound": Row(HOLDER, get={200}, thing="sound"),
    "history": Row(COMMAND, get={200}),
    "history_ask": Row(COMMAND, post=DONE, may=CHIEF, thing="account"),
    "history_stop": Row(COMMAND, post=DONE, may=CHIEF, thing="walk"),
    "sending_pause": Row(frozenset({"huy"}), get={200}),
    "sending_resume": Row(frozenset({"huy"}), post={200}),  # asks for the password first
    "posts": Row(EDITORS, get={200}),
    "post_new": Row(EDITORS, get={200}, post={422}),
    "post_cover": Row(EDITORS, get={200}, thing="cover"),
    "post": Row(EDITORS, get={200}, thing="post"),
    "source_tags": Row(EDITORS, get={200}),
    "source_new": Row(EDITORS, get={200}, post={422}),
    "source_tag": Row(EDITORS, get={200}, thing="source"),
    "source_sheet": Row(EDITORS, get={200}, thing="source"),
    "source_retire": Row(EDITORS, post={302, 409}, thing="source"),
    "post_edit": Row(EDITORS, get={200}, post={422}, thing="post"),
    "post_submit": Row(EDITORS, post={422}, thing="post"),
    "post_say": Row(EDITORS, post={422}, thing="post"),
    "post_approve": Row(EDITORS, get={200}, post={200}, may=CHIEF, thing="post"),  # asks for the password
    "post_return": Row(EDITORS, get={200}, post={422}, may=CHIEF, thing="post"),
    "post_hold": Row(EDITORS, get={200}, post={422}, thing="post"),
    "post_release": Row(EDITORS, get={200}, post={200}, may=CHIEF, thing="post"),
    "post_withdraw": Row(EDITORS, get={200}, post={422}, thing="post"),
    "post_copy": Row(EDITORS, post={302}, thing="post"),
    "dispatch_cancel": Row(EDITORS, get={200}, post={422}, thing="post"),
    "dispatch_settle": Row(EDITORS, get={200}, post={200}, may=CHIEF, thing="post"),
    "accounts": Row(COMMAND, get={200}),
    "connect": Row(COMMAND, post={200, 302}, may=CHIEF, thing="account"),
    "oa_health": Row(WATCH, get={200}),
    "oa_incidents": Row(WATCH, get={200}),
    "metrics": Row(ALL, get={200}, open=True),  # for this machine only; tests/gateway/test_metrics.py
    "domain_verifier": Row(ALL, get={200, 404}, open=True),  # gone once its proof was dropped
    "zalo_apps": Row(SETS_UP, get={200}),
    # A secret is typed after the password only, and dropped when it comes without.
    "zalo_app_new": Row(SETS_UP, get={200}, post={302}),
    "zalo_secret_new": Row(SETS_UP, get={200}, post={302}, thing="app"),
    "zalo_app": Row(SETS_UP, get={200}, thing="app"),
    "zalo_secret_remove": Row(SETS_UP, post={200}, thing="app"),  # asks for the password first, like the next two
    "zalo_proof_new": Row(SETS_UP, post={200}, thing="app"),
    "zalo_proof_drop": Row(SETS_UP, post={200}, thing="app"),
    "oa_new": Row(DECLARE, get={200}, post={422}),
    "oa_setup": Row(COMMAND | SETS_UP, get={200}, thing="account"),
    "oa_setup_confirm": Row(COMMAND | SETS_UP, post={302}, may=DECLARE, thing="account"),
    "oa_setup_ask": Row(COMMAND | SETS_UP, post={302}, may=DECLARE, thing="account"),
    "oa_seat_new": Row(COMMAND | SETS_UP, post={422}, may=DECLARE, thing="account"),
    "oa_seats_confirm": Row(COMMAND | SETS_UP, post={302}, may=DECLARE, thing="account"),
    "oa_seat_end": Row(COMMAND | SETS_UP, post={302, 404}, may=DECLARE, thing="account"),
    "content:index": Row(EDITORS | {"huy"}, get={200}),
    "content:procedures_procedure_changelist": Row(EDITORS, get={200}),
    "content:procedures_procedure_add": Row(EDITORS, get={200}, post={422}),
    "content:procedures_procedure_excel": Row(EDITORS, get={200}),
    "content:procedures_procedure_json": Row(EDITORS, get={200}),
    "content:procedures_procedure_import": Row(EDITORS, get={200}, post={422}),
    "content:procedures_procedure_change": Row(EDITORS, get={200}, thing="procedure"),
    "content:procedures_procedure_arrange": Row(EDITORS, post=DONE, thing="procedure"),
    "content:procedures_procedure_override": Row(EDITORS, post=DONE, thing="procedure"),
    "content:procedures_procedure_draft": Row(EDITORS, post={302}, thing="procedure"),
    "content:procedures_version_change": Row(EDITORS, get={200}, thing="version"),
    "content:procedures_version_printout": Row(EDITORS, get={200}, thing="version"),
    "content:procedures_version_attach": Row(EDITORS, post={422}, thing="version"),
    "content:procedures_version_detach": Row(EDITORS, post=DONE, thing="version"),
    "content:procedures_version_edit": Row(EDITORS, get={200, 302}, post={302, 422}, thing="version"),
    "content:procedures_version_translate": Row(EDITORS, get={200, 302}, post={302, 409}, thing="version"),
    "content:procedures_version_retire": Row(EDITORS, get={404}, post={404}, thing="version"),  # it has no file
    "content:procedures_version_submit": Row(EDITORS, post=DONE, thing="version"),
    "content:procedures_version_withdraw": Row(EDITORS, post=DONE, thing="version"),
    "content:procedures_version_discard": Row(EDITORS, get={200, 302}, post=DONE, thing="version"),
    "content:procedures_version_return": Row(EDITORS, post=DONE, thing="version"),
    "content:procedures_version_publish": Row(EDITORS, post=DONE, thing="version"),
    "content:procedures_version_expire": Row(EDITORS, post=DONE, thing="version"),
    "content:procedures_unitoverride_changelist": Row(EDITORS, get={200}),
    "content:procedures_flow_changelist": Row(EDITORS, get={200}),
    "content:procedures_flow_add": Row(EDITORS, get={200}, post={422}),
    "content:procedures_flow_change": Row(EDITORS, get={200}, thing="flow"),
    "content:procedures_flow_edit": Row(EDITORS, get={200, 302}, post={302, 422}, thing="flow"),
    "content:procedures_flow_draft": Row(EDITORS, post={302}, thing="flow"),
    "content:procedures_flow_submit": Row(EDITORS, post=DONE, thing="flow"),
    "content:procedures_flow_withdraw": Row(EDITORS, post=DONE, thing="flow"),
    "content:procedures_flow_return": Row(EDITORS, post=DONE, thing="flow"),
    "content:procedures_flow_publish": Row(EDITORS, post=DONE, thing="flow"),
    "content:procedures_flow_end": Row(EDITORS, post=DONE, thing="flow"),
    "content:procedures_samplequestion_changelist": Row(EDITORS, get={200}, post={422}),
    "content:procedures_samplequestion_delete": Row(EDITORS, post={302, 404}, thing="sample"),  # once dropped, gone
    "content:procedures_samplequestion_version": Row(EDITORS, post={302, 422}, thing="version"),
    "content:procedures_samplequestion_flow": Row(EDITORS, post={302, 422}, thing="flow"),
    "content:procedures_misscluster_changelist": Row(EDITORS, get={200}),
    "content:procedures_misscluster_draft": Row(EDITORS, post=DONE, thing="cluster"),
    "content:procedures_misscluster_propose": Row(EDITORS, post=DONE, thing="cluster"),
    "content:procedures_misscluster_drop": Row(EDITORS, post=DONE, thing="cluster"),
    "content:procedures_outcome_changelist": Row(EDITORS, get={200}),
    "content:procedures_lawchange_changelist": Row(EDITORS, get={200}),
    "content:procedures_lawchange_add": Row(EDITORS, get={200}, post={422}),
    "content:procedures_lawchange_change": Row(EDITORS, get={200}, post={422}, thing="law"),
    "content:procedures_lawchange_delete": Row(EDITORS, get={200}, post={200}, thing="law"),  # asks first
    "content:units_office_changelist": Row(EDITORS, get={200}),
    "content:units_office_add": Row(EDITORS, get={404}, post={404}),  # there is one already
    "content:units_office_change": Row(EDITORS, get={200}, post={422}, thing="office"),
    "content:units_hotlinecontact_changelist": Row(EDITORS, get={200}),
    "content:units_hotlinecontact_add": Row(EDITORS, get={200}, post={422}),
    "content:units_hotlinecontact_change": Row(EDITORS, get={200}, post={422}, thing="contact"),
    "content:units_hotlinecontact_delete": Row(EDITORS, get={200}, post={200}, thing="contact"),  # asks first
    "content:units_area_changelist": Row(EDITORS | {"huy"}, get={200}),
    "content:units_area_add": Row(EDITORS | {"huy"}, get={200}, post={422}),
    "content:units_area_change": Row(EDITORS | {"huy"}, get={200}, post={422}, thing="area"),
    # Days are the same for all units: set up from the province only.
    "content:units_calendarday_changelist": Row(frozenset(), get={200}),
    "content:units_calendarday_add": Row(frozenset(), get={200}, post={422}),
    "content:units_calendarday_change": Row(frozenset(), get={200}, post={422}, thing="day"),
    "content:units_calendarday_delete": Row(frozenset(), get={200}, post={200}, thing="day"),
    "consent_callback": Row(CHIEF, get={200, 400, 409, 422}),
}


def addresses() -> dict[str, URLPattern]:
    """Every named pattern the resolver knows."""

    def walk(patterns, space=""):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
            else:
                yield f"{space}{pattern.name}", pattern

    return dict(walk(get_resolver("zalopolice.urls").url_patterns))


def test_every_address_is_declared_and_every_row_is_an_address():
    assert set(addresses()) == set(MATRIX)


def expected(row: Row, principal: str, method: str, *, exists: bool) -> set[int]:
    if row.open:
        pass
    elif principal == NOBODY:
        return {302}
    head = row.get if row.open and row.post is None else None  # pages are for reading, probes for machines
    allowed = {"GET": row.get, "HEAD": head, "POST": row.post}.get(method)
    if method == "OPTIONS" or allowed is None:
        return {405}
    if row.open:
        return allowed
    hidden = principal not in row.sees and principal != FOREIGN
    foreign = principal == FOREIGN and (bool(row.thing) or "binh" not in row.sees)
    if hidden or foreign or (row.thing and not exists):
        return {404}
    if row.may is not None and principal not in row.may and not (method == "GET" and row.read_by_all):
        return {403}
    return allowed


@dataclass
class World:
    clients: dict[str, Client]
    things: dict[str, uuid.UUID]


@pytest.fixture
def world(commune, other_commune, zone, media) -> World:
    """A waiting thread, a case An has claimed with a picture in it, an account; and everybody signed in."""
    commune.hears("dung", "Tôi muốn báo tin: đánh bạc")
    commune.hears("hoa", "Tôi muốn báo tin: mất trộm xe máy")
    cast.work_inbox(zone)
    with commune.acting("cuong") as duty:
        taken, item = TrayItem.objects.visible_to(duty).waiting()
        messages = [row.message for row in taken.filed.all()]
        case = actions.open_case(taken, messages, title="Vụ", classification="tin_antt", area=None, by=duty)
    with commune.acting("an") as officer:
        actions.claim(Case.objects.visible_to(officer).get(), by=officer)
    picture, sound = _picture(commune, zone, messages[0]), _picture(commune, zone, messages[0], "audio")
    with zone("owner"):
        membership = commune.dung.memberships.get()
        now = timezone.now()
        shift = DutyShift.objects.create(
            unit=commune.unit,
            officer=commune.an,
            planned_by=commune.binh,
            starts_at=now - timedelta(hours=9),
            ends_at=now - timedelta(hours=1),
        )
    clients = {name: Client() for name in PRINCIPALS}
    for name, client in clients.items():
        if name != NOBODY:
            client.force_login(other_commune.binh if name == FOREIGN else commune.officers[name])
    things = {"item": item.pk, "case": case.pk, "picture": picture, "account": commune.oa.pk, "shift": shift.pk}
    things |= {"sound": sound, "walk": _walk(commune, zone)}
    things |= {"membership": membership.pk} | _inbox(commune, zone)
    return World(clients, things | _content(commune, zone) | _post(commune) | _set_up(commune, zone))


def _set_up(commune, zone) -> dict[str, uuid.UUID]:
    app = commune.oa.app
    with zone("owner"):
        secret = WebhookSecret.objects.create(app_id=app.app_id, sealed=b"x")
        proof = DomainProof.objects.create(kind="file", name="zalo_verifierAbC.html", content="<html></html>")
    with commune.acting("binh") as chief:
        seat = onboarding.seat(commune.oa, "Trần Thị Dung", by=chief)
    return {"app": app.pk, "secret": secret.pk, "proof": proof.pk, "seat": seat.pk}


def _post(commune) -> dict[str, uuid.UUID | str]:
    version = posts.post_at(commune, "scheduled")
    row = posts.dispatch_of(commune, version)
    with commune.acting("giang") as editor:
        source = sources.create("poster", "Cổng chợ", commune.oa, by=editor)
    return {"post": version.post_id, "cover": version.cover_sha256, "dispatch": row.pk, "source": source.pk}


def _content(commune, zone) -> dict[str, uuid.UUID | int]:
    version = scenes.draft(scenes.editors_of(commune))
    flow = flow_scenes.draft(scenes.editors_of(commune), "Giờ chợ", phrases=["giờ chợ"], text="Sáng thứ Năm")
    with commune.acting("giang") as editor:
        sample = flow_actions.keep_sample(text="Chợ họp lúc nào", label="other", by=editor)
    with zone("owner"):
        known = {"address": "Số 1 đường Lê Lợi", "phone": "02263000113"}
        units = Unit.objects.filter(kind=Unit.Kind.COMMUNE)
        offices = {unit.pk: Office.objects.create(unit=unit, **known) for unit in units}
        facts = {"kind": "chief", "title": "Trưởng Công an", "phone": "0912000113", "verified_on": date(2026, 11, 1)}
        contact = HotlineContact.objects.create(unit=commune.unit, **facts)
        day = CalendarDay.objects.create(day=date(2027, 2, 5), is_working=False, name="Tết", source="TB 1")
        changed = {"number": "68/2020/QH14", "changed_by": "118/2025/QH15", "effective_on": date(2026, 7, 1)}
        law = LawChange.objects.create(unit=commune.unit, **changed)
        cluster = MissCluster.objects.create(unit=commune.unit, monday=date(2026, 11, 16), size=3)
    return {
        "procedure": version.procedure_id, "version": version.pk,
        "office": offices[commune.unit.pk].pk, "contact": contact.pk,
        "area": commune.area.pk, "day": day.pk, "law": law.pk, "cluster": cluster.pk,
        "flow": flow.pk, "sample": sample.pk,
    }  # fmt: skip


def _inbox(commune, zone) -> dict[str, uuid.UUID]:
    """Words in a group, and an event the machine could not read."""
    group = {"oa_id": commune.oa.oa_id, "recipient": {"id": "g-1"}, "event_name": "user_send_group_text"}
    cast.store_event(zone, cast.event_body("", commune.user_id("mai"), "Cả nhà ơi") | group)
    cast.store_event(zone, cast.event_body(commune.oa.oa_id, "", "Không có người gửi"))
    cast.work_inbox(zone)
    with zone("vault"):
        said = Message.objects.exclude(group=None).get(unit=commune.unit)
        stuck = StuckEvent.objects.get(unit=commune.unit)
    return {"group": said.group_id, "said": said.pk, "stuck": stuck.pk}


def _picture(commune, zone, message, kind="image") -> uuid.UUID:
    from zalopolice import crypto
    from zalopolice.gateway import keeping
    from zalopolice.units import keyring

    with zone("vault"):
        row = Attachment.objects.create(
            unit=commune.unit, message=message, citizen_id=message.citizen_id, kind=kind, state="available"
        )
        path = keeping.path_of(row, "screen")
        path.parent.mkdir(parents=True, exist_ok=True)
        key = keyring.key_for("content", commune.unit.pk, message.citizen_id)
        with path.open("wb") as out:
            crypto.encrypt_file(key, iter([b"\xff\xd8\xff jpeg"]), out, keeping.aad(row, "screen"))
    return row.pk


def _walk(commune, zone) -> uuid.UUID:
    with zone("owner"):
        commune.oa.connected_at = timezone.now()
        commune.oa.save()
        return HistoryWalk.objects.create(unit=commune.unit, oa=commune.oa, kind="nightly", since=timezone.now()).pk


def url_of(name: str, things: dict[str, uuid.UUID]) -> str:
    row = MATRIX[name]
    if name == "domain_verifier":
        return "/zalo_verifierAbC.html"
    if not row.thing:
        return reverse(name, urlconf="zalopolice.urls")
    named = {
        "pk": things[row.thing],
        "message": things["said"] if name == "group_tip" else uuid.uuid4(),
        "dispatch": things["dispatch"],
        "sha256": things["cover"],
        "file": uuid.uuid4(),
        "code": "km",
        "secret": things["secret"],
        "proof": things["proof"],
        "seat": things["seat"],
    }
    takes = addresses()[name].pattern.converters
    return reverse(name, urlconf="zalopolice.urls", kwargs={one: named[one] for one in takes})


# Acts that end the session or move the case must come last for a principal, or the others would meet another world.
ORDER = sorted(MATRIX, key=lambda name: (name == "sign_out", name))


def test_every_method_of_every_principal_on_one_object(world):
    wrong = []
    for principal, name, method in itertools.product(PRINCIPALS, ORDER, METHODS):
        client = world.clients[principal]
        answer = client.generic(method, url_of(name, world.things))
        wanted = expected(MATRIX[name], principal, method, exists=True)
        if answer.status_code not in wanted:
            wrong.append(f"{principal} {method} {name}: {answer.status_code}, wanted {sorted(wanted)}")
    assert wrong == []


def test_missing_and_foreign_objects_answer_alike(world):
    wrong = []
    missing = {kind: pk + 1 if isinstance(pk, int) else uuid.uuid4() for kind, pk in world.things.items()}
    for name, method in itertools.product((name for name in MATRIX if MATRIX[name].thing), ("GET", "POST")):
        for principal in (*STAFF, FOREIGN):
            client = world.clients[principal]
            answer = client.generic(method, url_of(name, missing))
            wanted = expected(MATRIX[name], principal, method, exists=False)
            if answer.status_code not in wanted:
                wrong.append(f"{principal} {method} missing {name}: {answer.status_code}, wanted {sorted(wanted)}")
        stranger = world.clients[FOREIGN]
        foreign, none = (stranger.generic(method, url_of(name, ids)) for ids in (world.things, missing))
        if foreign.status_code != none.status_code or same(foreign.content) != same(none.content):
            wrong.append(f"{method} {name}: foreign and missing differ")
    assert wrong == []


def same(page: bytes) -> str:
    """The page without what differs each time: CSRF token, nonce, the ids of the address itself."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page.decode())
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "", text)
