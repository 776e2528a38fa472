"""Codes on posters and notices: who may give and retire them, and what a citizen's "#AP12" tells (design D7, D28).

A code is only ever a hint. A wrong one is plain words of the message, and a right one never changes where it goes."""

from __future__ import annotations

import re
from datetime import datetime, time

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import written
from zalopolice.audit import log
from zalopolice.gateway.models import Message, OfficialAccount, SourceTag
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

PREFIX = {
    SourceTag.Kind.POSTER: "AP",
    SourceTag.Kind.SCHOOL: "TH",
    SourceTag.Kind.NOTICE: "TB",
    SourceTag.Kind.GROUP: "NH",
}
WRITTEN = re.compile(r"\s*#\s*([a-z]{1,4})\s?(\d{1,4})(?!\w)[\s:;,.–-]*", re.IGNORECASE | re.ASCII)
TRIES = 5
TAG_OF_TODAY = """SELECT source_tag_id FROM gateway_message
    WHERE unit_id = %s AND citizen_id = %s AND sent_at >= %s AND sent_at <= %s AND source_tag_id IS NOT NULL
        AND id <> %s ORDER BY sent_at DESC, id DESC LIMIT 1"""


# --- officers ----------------------------------------------------------------------------------------------------


def create(kind: str, label: str, oa: OfficialAccount, *, by: Officer) -> SourceTag:
    """A new code of the unit: letters of its kind and the next number. Two at one moment get two numbers."""
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    if oa.unit_id != by.unit.pk:
        raise Refused(_("Chọn OA của đơn vị."))
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                wanted = {"kind": kind, "label": label, "oa": oa, "code": _next_code(kind, by)}
                tag = SourceTag.objects.create(unit=by.unit, created_by=by, **wanted)
                log.append("source.created", tag, by=by, code=tag.code)
                return tag
        except IntegrityError:
            continue
    raise Refused(_("Nhiều người đang tạo mã cùng lúc. Bấm lại."))


def _next_code(kind: str, by: Officer) -> str:
    given = SourceTag.objects.visible_to(by).filter(kind=kind).count()  # never deleted: the count only grows
    return f"{PREFIX[SourceTag.Kind(kind)]}{given + 1}"


@transaction.atomic
def retire(tag: SourceTag, *, by: Officer) -> None:
    """The public page closes; what still comes from the old poster keeps its place in the counts."""
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    if not SourceTag.objects.visible_to(by).active().filter(pk=tag.pk).update(retired_at=timezone.now()):
        raise Refused(_("Mã này đã ngừng dùng."))
    log.append("source.retired", tag, by=by, code=tag.code)


# --- routing -----------------------------------------------------------------------------------------------------


def read(message: Message) -> SourceTag | None:
    """Where this message came from: the code it begins with, else the one of the same day's earlier message.

    Takes the code off ``message.text`` in memory, for whoever has to understand the words; what was written stays as
    it was. Zone worker, in the unit's context."""
    found = WRITTEN.match(message.text)
    tag = _of_code(message, found[1] + found[2]) if found else None
    if tag is not None and found is not None:
        message.text = message.text[found.end() :].strip()
    else:
        tag = _of_today(message)
    if tag is not None and message.source_tag_id != tag.pk:
        Message.objects.filter(pk=message.pk).update(source_tag=tag)
        message.source_tag = tag
    return tag


def _of_code(message: Message, code: str) -> SourceTag | None:
    letters = code.rstrip("0123456789")
    number = int(code[len(letters) :])
    return SourceTag.objects.filter(unit_id=message.unit_id, code=f"{letters.upper()}{number}").first()


def _of_today(message: Message) -> SourceTag | None:
    """The words that follow a code on the same day belong to it; tomorrow's may be about anything."""
    day = timezone.localdate(message.sent_at)
    midnight = timezone.make_aware(datetime.combine(day, time()))
    last = written.value(TAG_OF_TODAY, message.unit_id, message.citizen_id, midnight, message.sent_at, message.pk)
    return SourceTag.objects.filter(pk=last).first() if last else None
