"""What officers do with words said in a Zalo group."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from tips import intake
from tips.guards import require
from tips.models import Filed, TrayItem
from zalopolice.audit import log
from zalopolice.gateway.models import Message
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission


@transaction.atomic
def make_tip(message: Message, *, by: Officer) -> Filed:
    """A tip of one message; where it lies. Who presses later is shown the first one's."""
    require(by, Permission.TRAY_READ)
    message = Message.objects.select_for_update(of=("self",)).select_related("citizen").get(pk=message.pk)
    if known := Filed.objects.filter(message=message).select_related("tray_item", "case").first():
        return known
    item = _into_tray(message)
    log.append("group.tip_made", message, by=by, item=str(item.pk))
    return Filed.objects.select_related("tray_item", "case").get(message=message)


def _into_tray(message: Message) -> TrayItem:
    """The same person may write to us at this very moment; then their new thread takes it."""
    try:
        with transaction.atomic():
            return intake.put_in_tray(message, kind=TrayItem.Kind.TIP)
    except IntegrityError:
        return intake.put_in_tray(message, kind=TrayItem.Kind.TIP)
