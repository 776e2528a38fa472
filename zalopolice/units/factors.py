"""Second factors: codes of an app, keys of a device (passkeys), codes on paper. The library's functions do the work;
here stands when a person needs one, and that no code works twice."""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import mark_safe

from zalopolice.units.library import asked
from zalopolice.units.models import Officer
from zalopolice.units.roles import Role

Type = Authenticator.Type
SESSION_FACTOR = "factor"
SESSION_NEW_SECRET = "new_totp"
NEEDED_BY = {Role.CHIEF, Role.DEPUTY_CHIEF, Role.SYSTEM_ADMINISTRATOR}


def of(officer: Officer) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=officer).order_by("type", "created_at"))


def count(officer: Officer) -> int:
    return Authenticator.objects.filter(user=officer).exclude(type=Type.RECOVERY_CODES).count()


def has_one(officer: Officer) -> bool:
    return Authenticator.objects.filter(user=officer).exclude(type=Type.RECOVERY_CODES).exists()


def has_app(officer: Officer) -> bool:
    return Authenticator.objects.filter(user=officer, type=Type.TOTP).exists()


def needed(officer: Officer) -> bool:
    held = {role for seat in officer.seats for role in seat.roles}
    return bool(settings.SECOND_FACTOR_REQUIRED and held & NEEDED_BY)


def missing(request: HttpRequest, officer: Officer) -> bool:
    """Who commands or administers works only in a session that a second factor has opened or made."""
    return needed(officer) and not request.session.get(SESSION_FACTOR)


# --- codes -----------------------------------------------------------------------------------------------------------


class OneUse(totp.TOTP):
    """The library remembers used codes in a cache, per process and for half a minute, while a code lives ninety
    seconds. The row remembers the last step instead: that one and those before it are gone for good."""

    @transaction.atomic
    def _mark_code_used(self, code: str) -> bool:
        row = Authenticator.objects.select_for_update().get(pk=self.instance.pk)
        secret = totp.decrypt(row.data["secret"])
        steps = [step for step in totp.yield_hotp_counters_from_time() if _matches(secret, step, code)]
        fresh = [step for step in steps if step > row.data.get("last_step", 0)]
        if not fresh:
            return False
        row.data["last_step"] = fresh[0]
        row.save(update_fields=["data"])
        return True


def _matches(secret: str, step: int, code: str) -> bool:
    return totp.compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, step)))


def check_code(request: HttpRequest, officer: Officer, code: str) -> str | None:
    """The type of the factor this code belongs to; the code is spent. None when it belongs to none."""
    with asked(request, officer):
        for row in Authenticator.objects.filter(user=officer, type__in=[Type.TOTP, Type.RECOVERY_CODES]):
            wrapped = OneUse(row) if row.type == Type.TOTP else row.wrap()
            if wrapped.validate_code(code):
                Authenticator.objects.filter(pk=row.pk).update(last_used_at=timezone.now())
                return str(row.type)
    return None


def papers_left(rows: list[Authenticator]) -> int:
    """How many codes on paper still work."""
    return sum(app_settings.RECOVERY_CODE_COUNT - row.data["used_mask"].bit_count() for row in rows)


def new_secret(request: HttpRequest, officer: Officer, *, keep: bool) -> str:
    """The secret of an app that is being set up; it waits in the session, sealed like the one that is in use."""
    with asked(request, officer):
        waiting = request.session.get(SESSION_NEW_SECRET)
        if keep and waiting:
            return str(get_adapter().decrypt(waiting))
        secret = totp.generate_totp_secret()
        request.session[SESSION_NEW_SECRET] = get_adapter().encrypt(secret)
        return secret


def drawing(request: HttpRequest, officer: Officer, secret: str) -> str:
    with asked(request, officer):
        adapter = get_adapter()
        return mark_safe(adapter.build_totp_svg(adapter.build_totp_url(officer, secret)))  # segno draws, no words


@transaction.atomic
def add_totp(request: HttpRequest, officer: Officer, code: str) -> Authenticator | None:
    secret = new_secret(request, officer, keep=True)
    with asked(request, officer):
        if not totp.validate_totp_code(secret, code):
            return None
        made = OneUse.activate(officer, secret)
        made.validate_code(code)  # the code that proved the app is spent, too
        request.session.pop(SESSION_NEW_SECRET, None)
        return made.instance


@transaction.atomic
def new_recovery_codes(request: HttpRequest, officer: Officer) -> list[str]:
    """Ten codes, shown this once; older ones stop working."""
    Officer.objects.filter(pk=officer.pk).select_for_update(no_key=True).first()
    Authenticator.objects.filter(user=officer, type=Type.RECOVERY_CODES).delete()
    with asked(request, officer):
        return RecoveryCodes.activate(officer).generate_codes()


def remove(row: Authenticator, officer: Officer) -> None:
    row.delete()
    if not has_one(officer):
        Authenticator.objects.filter(user=officer).delete()  # paper codes alone are no second factor


# --- keys ------------------------------------------------------------------------------------------------------------


def start_key(request: HttpRequest, officer: Officer) -> str:
    """What the browser needs to make a key; JSON."""
    with asked(request, officer):
        return json.dumps(webauthn.begin_registration(officer, passwordless=True))


def add_key(request: HttpRequest, officer: Officer, name: str, answer: str) -> Authenticator | None:
    with asked(request, officer):
        try:
            credential = json.loads(answer)
            webauthn.parse_registration_response(credential)
            webauthn.complete_registration(credential)
        except BROKEN:
            return None
        return webauthn.WebAuthn.add(officer, name, credential).instance


def ask_key(request: HttpRequest, officer: Officer | None) -> str:
    """What the browser needs to prove a key, of this officer or of whoever holds one; JSON."""
    with asked(request):
        return json.dumps(webauthn.begin_authentication(officer))


def check_key(request: HttpRequest, officer: Officer | None, answer: str) -> Officer | None:
    """Whose key has answered."""
    with asked(request):
        try:
            credential = json.loads(answer)
            webauthn.parse_authentication_response(credential)
            owner: Any = officer or webauthn.extract_user_from_response(credential)
            row = webauthn.complete_authentication(owner, credential)
        except BROKEN:
            return None
    row.record_usage()
    return owner if owner.is_active else None


BROKEN = (ValidationError, InvalidSignature, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""An answer no browser gives; the library lets some of these through."""
