"""Pictures that came with a tip: who may see the screen copy, and what it is called when it is saved."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tips.models import Case, TrayItem
from zalopolice.gateway.models import Attachment
from zalopolice.units.models import Officer


def pictures_visible_to(officer: Officer) -> models.QuerySet[Attachment]:
    """A picture is seen where its message lies: in a case one may read, or still in the tray."""
    if officer.seat is None:
        return Attachment.objects.none()
    in_case = Q(message__filed__case__in=Case.objects.readable_by(officer))
    in_tray = Q(message__filed__case=None, message__filed__tray_item__in=TrayItem.objects.visible_to(officer))
    shown = Attachment.objects.filter(unit=officer.unit, state=Attachment.State.AVAILABLE)
    return shown.filter(in_case | in_tray).select_related("message__filed__case", "message__filed__tray_item")


def file_name(picture: Attachment) -> str:
    """The third picture of a source is ``7K2-Q9-03.jpg``; the name tells no more than the page did."""
    filed = picture.message.filed
    place: dict[str, Case | TrayItem | None] = {"message__filed__tray_item": filed.tray_item}
    if filed.case is not None:
        place = {"message__filed__case": filed.case}
    home = filed.case or filed.tray_item
    assert home is not None  # filed_somewhere
    earlier = Q(message__sent_at__lt=picture.message.sent_at) | Q(message=picture.message, pk__lt=picture.pk)
    number = Attachment.objects.filter(earlier, unit=picture.unit_id, state=Attachment.State.AVAILABLE, **place).count()
    return f"{home.alias}-{number + 1:02}.jpg"
