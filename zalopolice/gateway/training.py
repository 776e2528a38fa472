"""Making a training unit: a unit of its own in the same installation, whose account lives on a simulator. Zone owner.

It hangs in the tree where its officers' own unit hangs, so that it inherits the same procedures."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.utils import timezone

from zalopolice import crypto
from zalopolice.audit import log
from zalopolice.gateway.models import OfficialAccount, WebhookSecret, ZaloApp
from zalopolice.units.models import Area, Membership, Unit

APP_ID = "9990000000000000012"
"""Of all training units and of no other: so an event tells by its application that it is an exercise."""
CODE = "tap-huan"
NAME = "Đơn vị tập huấn"
APP_NAME = "Ứng dụng tập huấn"


def make(of: Unit, config: dict[str, Any], *, code: str = CODE, oa_id: str = "") -> Unit:
    """The unit with its account and the officers of ``of`` in their own roles; made again, it adds who is new.

    ``config``: the simulator's world, which learns app and account."""
    above = of if of.kind == Unit.Kind.PROVINCE else of.parent
    fields = {"name": NAME, "kind": Unit.Kind.COMMUNE, "parent": above, "opens_on": timezone.localdate()}
    unit, _ = Unit.objects.get_or_create(code=code, is_training=True, defaults=fields)
    app = _app(config)
    account = OfficialAccount.objects.filter(unit=unit).first() or OfficialAccount.objects.create(
        unit=unit, app=app, name=unit.name, oa_id=oa_id or str(secrets.randbelow(9 * 10**18) + 10**18)
    )
    known = [one for one in config["oas"] if one["oa_id"] != account.oa_id]
    row = {"oa_id": account.oa_id, "name": account.name, "app_id": APP_ID, "training": True}
    config["oas"] = [*known, row]
    for area in Area.objects.filter(unit=of, is_active=True):
        Area.objects.get_or_create(unit=unit, name=area.name)
    log.append("unit.training_made", unit, unit=unit.pk, officers=_seat(of, unit))
    return unit


def _seat(of: Unit, unit: Unit) -> int:
    """Everybody in the role they hold at home; how many are new."""
    new = 0
    for row in Membership.objects.current().filter(unit=of, deputation=""):
        held = Membership.objects.current().filter(unit=unit, officer_id=row.officer_id, role=row.role)
        if not held.exists():
            since = timezone.localdate()
            Membership.objects.create(unit=unit, officer_id=row.officer_id, role=row.role, since=since, until=row.until)
            new += 1
    return new


def _app(config: dict[str, Any]) -> ZaloApp:
    """An application of its own: whoever knows its secrets can speak for training units and for nobody else."""
    row = next((one for one in config["apps"] if one["app_id"] == APP_ID), None)
    if row is None:
        row = {"app_id": APP_ID, "name": APP_NAME}
        row |= {"app_secret": secrets.token_urlsafe(16), "oa_secret_key": secrets.token_urlsafe(16)}
        config["apps"].append(row)
    row["redirect_uri"] = f"{settings.WEB_URL}/oa/callback"
    row["webhook_url"] = f"{settings.WEBHOOK_URL}/hook/zalo/{APP_ID}"
    aad = APP_ID.encode()
    sealed = crypto.seal_to(settings.KEYS.vault_public, row["app_secret"].encode(), b"zp-app|" + aad)
    app, _ = ZaloApp.objects.update_or_create(app_id=APP_ID, defaults={"name": APP_NAME, "sealed_secret": sealed})
    key = crypto.seal_to(settings.KEYS.webhook_public, row["oa_secret_key"].encode(), b"zp-secret|" + aad)
    WebhookSecret.objects.update_or_create(app_id=APP_ID, defaults={"sealed": key})
    return app
