"""What officers do with a thread of the tray that needs no case, or not yet. The rules of ``actions`` hold here too."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tips import guards, intake
from tips.guards import move, require
from tips.models import Filed, TrayItem
from zalopolice.audit import log
from zalopolice.gateway.models import Message
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

Status = TrayItem.Status


@transaction.atomic
def take(item: TrayItem, *, by: Officer) -> None:
    """ "I take it": the alarm falls silent, and everybody sees whose it is. The first one wins."""
    require(by, Permission.TRAY_READ)
    item = guards.held(item)
    guards.require_waiting(item)
    if item.taken_by_id == by.pk:
        return
    if item.taken_by is not None and item.taken_at is not None:
        said = {"name": item.taken_by.full_name, "time": f"{timezone.localtime(item.taken_at):%H:%M %d/%m}"}
        raise Refused(_("Đ/c %(name)s đã nhận người nhắn này lúc %(time)s.") % said)
    item.taken_by, item.taken_at = by, timezone.now()
    item.save(update_fields=["taken_by", "taken_at"])
    log.append("tray.taken", item, by=by)


@transaction.atomic
def answer_from_tray(item: TrayItem, text: str, *, by: Officer, once: uuid.UUID | None = None) -> Message:
    """Answers a question that needs no case."""
    require(by, Permission.TRAY_READ)
    item = guards.held(item)
    key = f"answer:{item.pk}:{guards.name_of(once, text)}"
    if known := guards.said(item.unit_id, key):
        return known
    guards.require_waiting(item)
    message = guards.say(item.citizen, text, key)
    Filed.objects.create(unit_id=item.unit_id, message=message, tray_item=item)
    item.is_answered, item.waits_since = True, timezone.now()
    item.save(update_fields=["is_answered", "waits_since"])
    log.append("tray.answered", item, by=by, message=str(message.pk))
    return message


@transaction.atomic
def sort_out(item: TrayItem, *, by: Officer, seen: Collection[uuid.UUID] | None = None) -> None:
    """Puts an item away without a case: answered, chatter, or nothing for us.

    ``seen``: the messages the officer had before them; another unsorted one must be read first."""
    require(by, Permission.TRAY_READ)
    item = guards.held(item)
    guards.require_waiting(item)
    if seen is not None and item.unsorted_messages().exclude(pk__in=seen).exists():
        raise Refused(_("Người dân vừa nhắn thêm. Hãy đọc tin mới trước khi cất."))
    move(item, Status.SORTED, sorted_by=by, sorted_at=timezone.now())
    log.append("tray.sorted_out", item, by=by)


@transaction.atomic
def put_back(item: TrayItem, *, by: Officer) -> None:
    """Takes what was put away by mistake back into the tray."""
    require(by, Permission.TRAY_READ)
    item = guards.held(item)
    if item.status == Status.WAITING:
        return
    if not item.unsorted_messages().exists():
        raise Refused(_("Mọi tin ở đây đã vào vụ việc; đọc tiếp ở vụ việc đó."))
    if intake.waiting_item_of(item.citizen):
        raise Refused(_("Người này đã nhắn lại và đang chờ ở một mục mới trong hộp tin."))
    move(item, Status.WAITING, sorted_by=None, sorted_at=None)
    log.append("tray.put_back", item, by=by)
