"""“Is this really the police?”: an officer opens a code for some minutes, a citizen asks whose it is.

The database hashes codes with a key only it has, judges them and brakes whoever guesses
(``migrations/0007_officer_check.sql``): the citizens' zone can ask it a question, and read nothing."""

from __future__ import annotations

import re
import secrets
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from zalopolice.audit import log
from zalopolice.units.models import HotlineContact, Officer, OfficerCheck
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold

DIGITS = 6
LASTS = timedelta(minutes=15)
FEW = 10  # words
_ALONE = re.compile(r"(\d{3}) ?(\d{3})")
_NAMED = re.compile(
    r"\b(?:ma|code)(?: so)?( (?:can bo|kiem tra|xac minh|xac thuc|cong an|canh sat|nhan dien))?"
    r"(?: (?:cua|dong chi|anh|chi|nay|la|so)){0,4} (\d(?: ?\d){2,9})(?! ?\d)"
)
_BUT = re.compile(r"\bmà\b")


@dataclass(frozen=True)
class Opened:
    """Shown once: nobody can read the code afterwards."""

    code: str
    row: OfficerCheck

    @property
    def spaced(self) -> str:
        return f"{self.code[:3]} {self.code[3:]}"


@dataclass(frozen=True)
class Verdict:
    kind: str  # yes | no | wait
    shown_as: str = ""
    until: datetime | None = None


def code_of(text: str) -> str:
    """The digits of an officer's code in a citizen's words, "" when it is none: six digits alone or after "mã", or any
    that are named so ("mã cán bộ 1234"). Codes of other things, a bank's above all, are left alone."""
    plain = fold(_BUT.sub(" ", unicodedata.normalize("NFC", text[:200].lower())))
    if len(plain.split()) > FEW:
        return ""  # somebody tells what happened, and a person has to read it
    if found := _ALONE.fullmatch(plain):
        return found[1] + found[2]
    named = _NAMED.search(plain)
    digits = named[2].replace(" ", "") if named else ""
    return digits if named and (named[1] or len(digits) == DIGITS) else ""


def is_check_code(text: str) -> bool:
    return bool(code_of(text))


def shown_as(officer: Officer) -> str:
    """What a citizen is told: as the unit publishes this officer in its directory, else rank and name."""
    listed = HotlineContact.objects.filter(unit=officer.unit, officer=officer, is_public=True).first()
    return f"{listed.title} {listed.name}".strip() if listed and listed.name else str(officer)


def current(officer: Officer) -> OfficerCheck | None:
    return OfficerCheck.objects.visible_to(officer).filter(until__gt=timezone.now()).first()


@transaction.atomic
def open_code(*, by: Officer) -> Opened:
    """A new code of this officer; the one before ends."""
    if not by.may(Permission.SHOW_CODE):
        raise PermissionDenied
    now = timezone.now()
    code, mac = _unused(by)
    facts = {"mac": mac, "shown_as": shown_as(by)[:240], "opened_at": now, "until": now + LASTS}
    row, _made = OfficerCheck.objects.update_or_create(unit=by.unit, officer=by, defaults=facts)
    log.append("officer_check.opened", row, by=by, minutes=int(LASTS.total_seconds() // 60))
    return Opened(code, row)


@transaction.atomic
def end_code(*, by: Officer) -> None:
    """The visit is over before the code is. Nothing happens when none is open."""
    row = OfficerCheck.objects.select_for_update().visible_to(by).filter(until__gt=timezone.now()).first()
    if row is None:
        return
    row.until = timezone.now()
    row.save(update_fields=["until"])
    log.append("officer_check.ended", row, by=by)


def ask(unit: uuid.UUID, code: str, asker: str) -> Verdict:
    """Whose code is it? Zones public and worker. ``asker``: a citizen's id or an address; a keyed hash is kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT verdict, shown_as, until FROM walls.ask_officer_code(%s, %s, %s)", [unit, code, asker])
        kind, shown, until = cursor.fetchone()
    return Verdict(kind, shown, until)


def _unused(by: Officer) -> tuple[str, str]:
    """Two officers of a unit never hold one code, also not one that has just ended."""
    others = OfficerCheck.objects.filter(unit=by.unit).exclude(officer=by)
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT walls.officer_code(%s)", [code])
            mac = str(cursor.fetchone()[0])
        if not others.filter(mac=mac).exists():
            return code, mac
