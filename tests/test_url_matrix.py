"""Row 2: every address × every method × every principal, from the resolver; an undeclared address fails.

One officer of each role, the officer who holds the case, a chief of another commune, nobody. What cannot be seen is
404, whatever the method; 403 only for an act on something one may see (design D15).
"""

from __future__ import annotations

import itertools
import re
import uuid
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from tests import cast
from tips import actions
from tips.models import Case, TrayItem
from zalopolice.gateway.models import Attachment

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


DONE = {200, 302, 409, 422}  # an act with an empty form: done, refused in words, or shown again

MATRIX: dict[str, Row] = {
    "sign_in": Row(ALL, get={200, 302}, post={200, 302, 422}, open=True),
    "sign_out": Row(ALL, post={302}),
    "change_seat": Row(ALL, post={404}),  # an empty choice names no seat
    "healthz": Row(ALL, get={200}, open=True),
    "readyz": Row(ALL, get={200, 503}, open=True),
    "home": Row(ALL, get={200}),
    "tray": Row(DESK, get={200}),
    "tray_item": Row(DESK, get={200}, thing="item"),
    "open_case": Row(DESK, post=DONE, thing="item"),
    "add_to_case": Row(DESK, post=DONE, thing="item"),
    "tray_answer": Row(DESK, post=DONE, thing="item"),
    "tray_sort_out": Row(DESK, post=DONE, thing="item"),
    "tray_resend": Row(DESK, post=DONE | {404}, thing="item"),
    "tray_acknowledge": Row(DESK, post=DONE | {404}, thing="item"),
    "cases": Row(CASEWORKERS, get={200}),
    "case": Row(CASEWORKERS, get={200}, thing="case"),
    "case_claim": Row(CASEWORKERS, post=DONE, thing="case"),
    "case_assign": Row(CASEWORKERS, post=DONE, may=DESK, thing="case"),
    "case_reassign": Row(CASEWORKERS, post=DONE, may=DESK, thing="case"),
    "case_reply": Row(CASEWORKERS, post=DONE, may=HOLDER, thing="case"),
    "case_resend": Row(CASEWORKERS, post=DONE | {404}, may=HOLDER, thing="case"),
    "case_acknowledge": Row(CASEWORKERS, post=DONE | {404}, may=HOLDER, thing="case"),
    "case_note": Row(CASEWORKERS, post=DONE, may=HOLDER, thing="case"),
    "case_propose": Row(CASEWORKERS, post=DONE, may=HOLDER, thing="case"),
    "case_return": Row(CASEWORKERS, post=DONE, may=COMMAND, thing="case"),
    "case_close": Row(CASEWORKERS, post=DONE, may=COMMAND, thing="case"),
    "picture": Row(HOLDER, get={200}, thing="picture"),
    "accounts": Row(CHIEF, get={200}),
    "connect": Row(CHIEF, post={302}, thing="account"),
    "consent_callback": Row(CHIEF, get={200, 400, 409, 422}),
}


def addresses() -> dict[str, URLPattern]:
    """Every named pattern the resolver knows."""

    def walk(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    return {str(pattern.name): pattern for pattern in walk(get_resolver("zalopolice.urls").url_patterns)}


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
    if row.may is not None and principal not in row.may:
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
    picture = _picture(commune, zone, messages[0])
    clients = {name: Client() for name in PRINCIPALS}
    for name, client in clients.items():
        if name != NOBODY:
            client.force_login(other_commune.binh if name == FOREIGN else commune.officers[name])
    things = {"item": item.pk, "case": case.pk, "picture": picture, "account": commune.oa.pk}
    return World(clients, things)


def _picture(commune, zone, message) -> uuid.UUID:
    from zalopolice import crypto
    from zalopolice.gateway import media
    from zalopolice.units import keyring

    with zone("vault"):
        row = Attachment.objects.create(
            unit=commune.unit, message=message, citizen_id=message.citizen_id, kind="image", state="available"
        )
        path = media.path_of(row, "screen")
        path.parent.mkdir(parents=True, exist_ok=True)
        key = keyring.key_for("content", commune.unit.pk, message.citizen_id)
        with path.open("wb") as out:
            crypto.encrypt_file(key, iter([b"\xff\xd8\xff jpeg"]), out, media.aad(row, "screen"))
    return row.pk


def url_of(name: str, things: dict[str, uuid.UUID]) -> str:
    row = MATRIX[name]
    if not row.thing:
        return reverse(name, urlconf="zalopolice.urls")
    named = {"pk": things[row.thing], "message": uuid.uuid4()}
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
    missing = {kind: uuid.uuid4() for kind in world.things}
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
