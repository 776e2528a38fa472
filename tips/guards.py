"""What every verb does first: who may, what is locked, whether this very act has been done already."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from tips.models import Case, CaseEntry, TrayItem, colleagues
from zalopolice.gateway import outbox
from zalopolice.gateway.models import Citizen, Message
from zalopolice.refusals import Refused
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission


def require(by: Officer, permission: Permission) -> None:
    if not by.may(permission):
        raise PermissionDenied


def require_work_on(case: Case, by: Officer) -> None:
    if not case.workable_by(by):
        raise PermissionDenied


def require_answering(place: Case | TrayItem, by: Officer) -> str:
    """Who answers here also deals with what did not arrive; returns the family of the audit entries."""
    if isinstance(place, Case):
        require_work_on(place, by)
        return "case"
    require(by, Permission.TRAY_READ)
    return "tray"


def require_colleague(case: Case, to: Officer) -> None:
    if not colleagues(case.unit_id).filter(pk=to.pk).exists():
        raise Refused(_("Chỉ giao được cho cán bộ đang làm vụ việc trong đơn vị."))


def require_waiting(item: TrayItem) -> None:
    if item.status != TrayItem.Status.WAITING:
        raise Refused(_("Mục này đã được xếp."))


def locked(case: Case) -> Case:
    """The case as it is now, held until the act is done; always before a thread, because routing takes them so."""
    # Not joined with claimed_by: after waiting for the lock PostgreSQL reads the case anew, but not what was joined.
    return Case.objects.select_for_update(of=("self",)).select_related("citizen").get(pk=case.pk)


def unclaimed(case: Case) -> Case:
    """Locked. The table of states has more arrows to "in progress"; taking a case is the one from "unclaimed" only."""
    case = locked(case)
    if case.status != Case.Status.UNCLAIMED:
        said = {"name": case.claimed_by, "time": f"{timezone.localtime(case.claimed_at):%H:%M %d/%m}"}
        raise Refused(_("Đ/c %(name)s đã nhận vụ việc này lúc %(time)s.") % said)
    return case


def held(item: TrayItem) -> TrayItem:
    """The thread as it is now, locked: a message that arrives at this moment is seen below or opens a new thread."""
    return TrayItem.objects.select_for_update(of=("self",)).select_related("citizen").get(pk=item.pk)


def name_of(once: uuid.UUID | None, *words: object) -> uuid.UUID:
    """Names an act: alike for a second click or a browser's retry, another one as soon as a word differs.

    ``once`` comes with the form and is kept nowhere, so that the name tells nothing of the words."""
    return uuid.uuid5(once or uuid.uuid4(), "|".join(map(str, words)))


def said(unit: uuid.UUID, business_key: str) -> Message | None:
    return Message.objects.filter(unit_id=unit, business_key=business_key).first()


REPEATED = timedelta(minutes=10)


def refuse_repeated(citizen: Citizen, text: str) -> None:
    """Back and "send" again brings the same words under a new form; a second message cannot be recalled."""
    lately = Message.objects.filter(citizen=citizen, direction=Message.Direction.OUT, origin=Message.Origin.OFFICER)
    words = unicodedata.normalize("NFC", text).strip()
    if any(row.text == words for row in lately.filter(sent_at__gte=timezone.now() - REPEATED)):
        raise Refused(_("Câu này vừa được gửi cho người dân. Nếu thật sự muốn gửi lần nữa, hãy sửa lời."))


def say(
    citizen: Citizen, text: str, business_key: str, origin: str = Message.Origin.OFFICER, *, asked: bool = True
) -> Message:
    if origin == Message.Origin.OFFICER:
        refuse_repeated(citizen, text)
    try:
        return outbox.enqueue(citizen, text, origin=origin, business_key=business_key, asked=asked)
    except ValueError as error:
        raise Refused(_(str(error))) from None


def line(case: Case, kind: str, by: Officer, **more: Any) -> CaseEntry:
    return CaseEntry.objects.create(unit_id=case.unit_id, case=case, kind=kind, officer=by, **more)


def move(row: Case | TrayItem | Message, status: str, **changes: Any) -> None:
    try:
        move_to(row, status, **changes)
    except WrongState as error:
        raise Refused(str(error)) from None
