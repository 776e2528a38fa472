"""Setting up an app and an account: what people enter and confirm. Zone web, which can seal and not open."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import crypto, queue
from zalopolice.audit import log
from zalopolice.gateway import domain, rules, training
from zalopolice.gateway.models import ConsoleSeat, DomainProof, OfficialAccount, Setup, WebhookSecret, ZaloApp
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer

POINTS = ("events", "syntax", "keywords")


# --- the app -----------------------------------------------------------------------------------------------------


@transaction.atomic
def register_app(app_id: str, name: str, *, pkce: str, verifier: str, app_secret: str, by: Officer) -> ZaloApp:
    app = ZaloApp(app_id=app_id, name=name, sealed_secret=_sealed(app_secret, b"zp-app|" + app_id.encode()))
    try:
        with transaction.atomic():
            app.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("Ứng dụng này đã được khai.")) from None
    log.append("app.registered", app, by=by, unit=by.unit.pk)
    set_pkce(app, pkce, verifier, by=by)
    _offer(app, WebhookSecret.Kind.APP_SECRET, app_secret)
    return app


@transaction.atomic
def set_pkce(app: ZaloApp, pkce: str, verifier: str, *, by: Officer) -> None:
    """A fixed challenge is made here from the verifier and typed into Zalo's console by a person."""
    app.pkce, app.sealed_verifier, app.challenge = pkce, b"", ""
    if pkce == ZaloApp.Pkce.FIXED:
        app.sealed_verifier = _sealed(verifier, b"zp-verifier")
        digest = hashlib.sha256(verifier.encode()).digest()
        app.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    app.save(update_fields=["pkce", "sealed_verifier", "challenge"])
    log.append("app.pkce_set", app, by=by, unit=by.unit.pk, pkce=pkce)


@transaction.atomic
def add_secret(app: ZaloApp, kind: str, secret: str, *, by: Officer) -> None:
    """A second secret beside the first, so that no event is refused while Zalo's console is being changed."""
    if kind == WebhookSecret.Kind.APP_SECRET:
        app.sealed_secret = _sealed(secret, b"zp-app|" + app.app_id.encode())
        app.save(update_fields=["sealed_secret"])
    row = _offer(app, kind, secret)
    log.append("app.secret_added", app, by=by, unit=by.unit.pk, secret=str(row.pk), secret_kind=kind)


@transaction.atomic
def remove_secret(secret: WebhookSecret, *, by: Officer) -> None:
    """Never one that signs: without it events would be refused. Two may sign while Zalo's console changes over."""
    others = WebhookSecret.objects.filter(app_id=secret.app_id).exclude(pk=secret.pk)
    used = [at for at in others.values_list("last_used_at", flat=True) if at]
    if not used or (secret.last_used_at and secret.last_used_at >= max(used)):
        raise Refused(_("Chưa thấy khóa nào khác ký tin. Đợi có tin ký bằng khóa mới rồi hãy bỏ khóa này."))
    if busy_secrets([secret], rules.value("secret_idle_hours", timezone.now())):
        raise Refused(_("Zalo vừa ký tin bằng khóa này. Đợi đến khi khóa không còn ký tin nào rồi hãy bỏ."))
    app = ZaloApp.objects.get(app_id=secret.app_id)
    log.append("app.secret_removed", app, by=by, unit=by.unit.pk, secret=str(secret.pk), secret_kind=secret.kind)
    WebhookSecret.objects.filter(pk=secret.pk).delete()


@transaction.atomic
def prove_domain(*, tag: str = "", name: str = "", content: str = "", by: Officer) -> DomainProof:
    """A code in the home page's head, or the file word for word as Zalo gave it."""
    code = domain.code_of(tag or content)
    if not code or (name and not (domain.FILE.fullmatch(name) and domain.is_bare(content))):
        raise Refused(_("Chưa đọc được mã xác thực. Dán nguyên thẻ meta, hoặc tên và nguyên nội dung tệp Zalo đưa."))
    kind = DomainProof.Kind.FILE if name else DomainProof.Kind.TAG
    kept = content if name else code
    proof, _made = DomainProof.objects.get_or_create(kind=kind, name=name, content=kept)
    log.append("app.domain_proof_added", proof, by=by, unit=by.unit.pk)
    return proof


@transaction.atomic
def drop_proof(proof: DomainProof, *, by: Officer) -> None:
    log.append("app.domain_proof_dropped", proof, by=by, unit=by.unit.pk)
    DomainProof.objects.filter(pk=proof.pk).delete()


def _offer(app: ZaloApp, kind: str, secret: str) -> WebhookSecret:
    offered = _sealed(secret, b"zp-offer|" + app.app_id.encode())
    row = WebhookSecret.objects.create(app_id=app.app_id, kind=kind, offered=offered)
    queue.ring("zalopolice.seal_secrets", row.pk, "vault")
    return row


def _sealed(text: str, aad: bytes) -> bytes:
    return crypto.seal_to(settings.KEYS.vault_public, text.encode(), aad)


# --- the account -------------------------------------------------------------------------------------------------


def apps_for(officer: Officer) -> QuerySet[ZaloApp]:
    """The simulator of the exercises knows the secrets of their app, so it never speaks for a real unit."""
    exercises = Q(app_id=training.APP_ID)
    return ZaloApp.objects.visible_to(officer).filter(exercises if officer.unit.is_training else ~exercises)


@transaction.atomic
def declare(app: ZaloApp, oa_id: str, name: str, *, by: Officer) -> OfficialAccount:
    """Two units with one account would mix their tips: the database refuses the second, whoever holds the first."""
    if not apps_for(by).filter(pk=app.pk).exists():
        raise Refused(_("Ứng dụng tập huấn chỉ dùng cho đơn vị tập huấn, ứng dụng thật chỉ dùng cho đơn vị thật."))
    oa = OfficialAccount(unit=by.unit, app=app, oa_id=oa_id, name=name)
    try:
        with transaction.atomic():
            oa.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("Mã OA này đã được khai. Kiểm tra lại mã, hoặc hỏi quản trị hệ thống của tỉnh.")) from None
    log.append("oa.declared", oa, by=by)
    return oa


@transaction.atomic
def confirm(oa: OfficialAccount, point: str, *, by: Officer) -> None:
    """Somebody looked at Zalo's console and saw that it is so; nobody else can see it."""
    setup = _setup(oa)
    setup.confirmed = setup.confirmed | {point: timezone.now().isoformat(timespec="seconds")}
    setup.save(update_fields=["confirmed"])
    log.append("oa.setup_confirmed", oa, by=by, point=point)


@transaction.atomic
def ask_zalo(oa: OfficialAccount, *, by: Officer) -> None:
    setup = _setup(oa)
    setup.queue, setup.next_at = "vault", timezone.now()
    setup.save(update_fields=["queue", "next_at"])
    log.append("oa.setup_checked", oa, by=by)
    queue.ring("zalopolice.ask_again", setup.pk, "vault")


def _setup(oa: OfficialAccount) -> Setup:
    return Setup.objects.select_for_update().get_or_create(unit_id=oa.unit_id, oa=oa)[0]


# --- who can sign in to Zalo's console -----------------------------------------------------------------------------


@transaction.atomic
def seat(oa: OfficialAccount, holder: str, *, by: Officer) -> ConsoleSeat:
    row = ConsoleSeat.objects.create(unit_id=oa.unit_id, oa=oa, holder=holder, since=timezone.localdate())
    log.append("oa.seat_given", row, by=by)
    return row


@transaction.atomic
def end_seat(row: ConsoleSeat, *, by: Officer) -> None:
    ConsoleSeat.objects.filter(pk=row.pk, ended_at=None).update(ended_at=timezone.now())
    log.append("oa.seat_ended", row, by=by)


@transaction.atomic
def confirm_seats(oa: OfficialAccount, *, by: Officer) -> int:
    now = timezone.now()
    number = ConsoleSeat.objects.filter(unit_id=oa.unit_id, oa=oa, ended_at=None).update(confirmed_at=now)
    log.append("oa.seats_confirmed", oa, by=by, number=number)
    return number


def signing_secret(secrets: list[WebhookSecret]) -> WebhookSecret | None:
    """The one Zalo signed with last; None before the first signed event."""
    used = [(one.last_used_at, one) for one in secrets if one.last_used_at]
    return max(used, key=lambda pair: pair[0])[1] if used else None


def idle_secrets(secrets: list[WebhookSecret], hours: int) -> set[Any]:
    """Those that may go: another one signs, and these have fitted nothing for so long."""
    limit, busy = timezone.now() - timedelta(hours=hours), busy_secrets(secrets, hours)
    return {one.pk for one in secrets if one.pk not in busy and one.created_at <= limit} if busy else set()


def busy_secrets(secrets: list[WebhookSecret], hours: int) -> set[Any]:
    """Those that signed something not so long ago."""
    limit = timezone.now() - timedelta(hours=hours)
    return {one.pk for one in secrets if one.last_used_at and one.last_used_at > limit}
