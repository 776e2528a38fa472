"""The fixed cast: officer An, chief Bình, duty officer Cường, deputy chief Dung; citizens are invented."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from zalopolice import crypto, tasks
from zalopolice.gateway import inbox
from zalopolice.gateway.models import InboundEvent, Message, OfficialAccount, Token, ZaloApp
from zalopolice.units.models import Area, Membership, Officer, Unit
from zalopolice.units.roles import Role
from zalopolice.units.seats import acting, take_seat

APP_ID, APP_SECRET = "1234509876543210987", "app-secret-of-the-tests"
PASSWORD = "mật khẩu dài của bài kiểm thử"
_numbers = itertools.count(1)


@dataclass
class Commune:
    unit: Unit
    oa: OfficialAccount
    area: Area
    officers: dict[str, Officer]
    zone: Any
    chats: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Officer:
        try:
            return self.officers[name]
        except KeyError:
            raise AttributeError(name) from None

    @contextmanager
    def acting(self, name: str) -> Any:
        """The officer, seated, inside the unit's signed context (zone web)."""
        officer = Officer.objects.get(pk=self.officers[name].pk)
        take_seat(officer, str(self.unit.pk))
        with acting(officer):
            yield officer

    def hears(self, citizen: str, text: str = "", **more: Any) -> str:
        """A citizen writes; the event goes sealed into the inbox, as the webhook would put it. Returns its msg_id."""
        body = event_body(self.oa.oa_id, self.user_id(citizen), text, **more)
        store_event(self.zone, body)
        return str(body["message"]["msg_id"])

    def user_id(self, citizen: str) -> str:
        return self.chats.setdefault(citizen, str(5_512_207_788_990_000_000 + next(_numbers)))


CAST = {
    "an": ("Nguyễn Văn An", Role.OFFICER),
    "em": ("Phạm Thị Em", Role.OFFICER),
    "cuong": ("Lê Mạnh Cường", Role.DUTY_OFFICER),
    "dung": ("Trần Thị Dung", Role.DEPUTY_CHIEF),
    "binh": ("Vũ Đức Bình", Role.CHIEF),
    "giang": ("Đỗ Thu Giang", Role.CONTENT_EDITOR),
    "huy": ("Bùi Quang Huy", Role.SYSTEM_ADMINISTRATOR),
    "khanh": ("Nguyễn Hoàng Phương Khanh", Role.PROVINCE_INSPECTOR),
}


def make_commune(zone: Any, code: str) -> Commune:
    number = next(_numbers)
    with zone("owner"):
        today = date(2026, 1, 1)
        province, _ = Unit.objects.get_or_create(
            code="ha-nam", defaults={"name": "Công an tỉnh Hà Nam", "kind": Unit.Kind.PROVINCE, "opens_on": today}
        )
        unit = Unit.objects.create(
            code=code, name=f"Công an phường {code}", kind=Unit.Kind.COMMUNE, parent=province, opens_on=today
        )
        area = Area.objects.create(unit=unit, name="Tổ dân phố 3")
        officers = {name: _officer(name, number, full, role, unit) for name, (full, role) in CAST.items()}
        oa = OfficialAccount.objects.create(
            unit=unit,
            app=zalo_app(),
            oa_id=str(2_720_105_559_876_500_000 + number),
            name=f"CA {code}",
            connected_at=timezone.now() - timedelta(days=1),
        )
    return Commune(unit, oa, area, officers, zone)


def _officer(name: str, number: int, full_name: str, role: str, unit: Unit) -> Officer:
    officer = Officer(username=f"{name}{number}", full_name=full_name)
    officer.password = _hashed()
    officer.save()
    Membership.objects.create(unit=unit, officer=officer, role=role, since=date(2026, 1, 1))
    return officer


def _hashed(cache: list[str] = []) -> str:  # noqa: B006  (one slow hash for the whole suite)
    from django.contrib.auth.hashers import make_password

    if not cache:
        cache.append(make_password(PASSWORD))
    return cache[0]


def make_fresh(client: Any) -> None:
    """As if the officer had just given the password once more (``units.fresh``)."""
    session = client.session
    session["fresh_at"] = time.time()
    session.save()


def zalo_app() -> ZaloApp:
    sealed = crypto.seal_to(settings.KEYS.vault_public, APP_SECRET.encode(), b"zp-app|" + APP_ID.encode())
    app, _ = ZaloApp.objects.get_or_create(app_id=APP_ID, defaults={"name": "Ứng dụng", "sealed_secret": sealed})
    return app


def event_body(oa_id: str, user_id: str, text: str = "", *, at: Any = None, **more: Any) -> dict[str, Any]:
    moment = at or timezone.now()
    message: dict[str, Any] = {"msg_id": uuid.uuid4().hex[:20]}
    if text:
        message["text"] = text
    message |= {name: more.pop(name) for name in ("attachments", "msg_id") if name in more}
    return {
        "app_id": APP_ID,
        "sender": {"id": user_id},
        "recipient": {"id": oa_id},
        "user_id_by_app": "6681203344556677889",
        "event_name": more.pop("event_name", "user_send_text"),
        "message": message,
        "timestamp": str(int(moment.timestamp() * 1000)),
        **more,
    }


def store_event(zone: Any, body: dict[str, Any]) -> uuid.UUID:
    raw, pk = json.dumps(body, ensure_ascii=False).encode(), uuid.uuid4()
    with zone("owner"):
        InboundEvent.objects.create(
            id=pk,
            app_id=APP_ID,
            received_at=timezone.now(),
            dedupe_key=crypto.keyed_hash(settings.KEYS.dedupe_key, raw),
            sealed=crypto.seal_to(settings.KEYS.vault_public, raw, b"zp-event|" + pk.bytes),
            next_at=timezone.now(),
        )
    return pk


def give_token(commune: Commune, *, seconds: int = 90_000, version: int = 1) -> Token:
    with commune.zone("vault"):
        now = timezone.now()
        token = Token(unit_id=commune.unit.pk, oa=commune.oa, version=version, obtained_at=now)
        token.access, token.refresh = "access-1", "refresh-1"
        token.expires_at = now + timedelta(seconds=seconds)
        token.save()
    return token


def work_inbox(zone: Any) -> None:
    """The vault opens what came in, the worker routes it; nothing is sent."""
    with zone("vault"):
        for pk in list(InboundEvent.objects.filter(next_at__isnull=False).values_list("pk", flat=True)):
            inbox.receive(pk)
    with zone("worker"):
        for pk in tasks.due_anywhere(Message):
            tasks.route(str(pk))


def outbound(zone: Any) -> list[Message]:
    with zone("vault"):
        rows = list(Message.objects.filter(direction="out").order_by("sent_at", "pk"))
        for row in rows:
            _ = row.text
        return rows
