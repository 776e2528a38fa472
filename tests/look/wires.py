"""What the pages about the accounts themselves show: some that are well, some that are not, one half set up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from zalopolice.gateway import incidents, onboarding
from zalopolice.gateway.models import DomainProof, Incident, OfficialAccount, Setup, WebhookSecret
from zalopolice.units.models import Unit

Kind = Incident.Kind
STATES = {
    "well": {},
    "silent": {"last_event_at": timezone.now() - timedelta(hours=31)},
    "lost": {"trouble": "Zalo không gia hạn quyền (mã -14014). Trưởng đơn vị cần kết nối lại OA."},
    "ending": {"token_refresh_until": timezone.now() + timedelta(days=12, hours=1)},
    "new": {"connected_at": None, "token_refresh_until": None},
    "flooded": {"broadcast_left": 0},
}


def lay(town: Any) -> None:
    commune, now = town.commune, timezone.now()
    town.things["app"], town.things["oa"] = commune.oa.app, commune.oa
    known = {
        "connected_at": now - timedelta(days=20),
        "token_obtained_at": now - timedelta(hours=9),
        "token_refresh_until": now + timedelta(days=70),
        "last_event_at": now - timedelta(minutes=4),
        "last_sent_at": now - timedelta(minutes=7),
        "broadcast_left": 3,
        "broadcast_total": 4,
    }
    made = {}
    with commune.zone("owner"):
        for number, (state, facts) in enumerate(STATES.items()):
            name = f"{commune.unit.name} {number + 1}"
            unit = Unit.objects.create(
                code=f"xa-{state}", name=name, kind="commune", parent=commune.unit.parent, opens_on=date(2026, 1, 1)
            )
            made[state] = OfficialAccount.objects.create(
                unit=unit, app=commune.oa.app, oa_id=str(10**14 + number), name=f"{name} OA", **{**known, **facts}
            )
        used = {"app_id": commune.oa.app.app_id, "sealed": b"x"}
        WebhookSecret.objects.create(**used, kind="oa", last_used_at=now)
        WebhookSecret.objects.create(**used, kind="app", created_at=now - timedelta(days=3))
        DomainProof.objects.create(kind="file", name="zalo_verifierQw3rtyUiopAsDfGhJkLzXcVbNm.html", content="x")
    with commune.zone("vault"):
        incidents.begin(Kind.WEBHOOK_SILENT, made["silent"], 31)
        incidents.begin(Kind.CONSENT_LOST, made["lost"])
        incidents.begin(Kind.TOKEN_ENDING, made["ending"], 12)
        incidents.begin(Kind.FLOOD, made["flooded"], 40)
        incidents.begin(Kind.SIGNATURE_REFUSED, figure=5)
        incidents.begin(Kind.SEATS_UNCONFIRMED, commune.oa, 36)
    with commune.acting("binh") as chief:
        onboarding.confirm(commune.oa, "events", by=chief)
        onboarding.seat(commune.oa, "Thiếu tá Nguyễn Hoàng Phương Khánh Thảo Quỳnh, Phó Trưởng Công an", by=chief)
    with commune.zone("owner"):
        found = {"profile": 0, "people": 0, "messages": -223, "articles": -224}
        Setup.objects.filter(oa=commune.oa).update(findings=found, checked_at=now)
