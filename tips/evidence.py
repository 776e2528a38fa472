"""Pictures and voices that came with a tip: who may have the clean copy, and what it is called when it is saved."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tips.models import Case, TrayItem
from zalopolice.gateway.models import Attachment
from zalopolice.units.models import Officer

SOUND = Attachment.Kind.AUDIO


def pictures_visible_to(officer: Officer) -> models.QuerySet[Attachment]:
    return _visible_to(officer).exclude(kind=SOUND)


def sounds_visible_to(officer: Officer) -> models.QuerySet[Attachment]:
    return _visible_to(officer).filter(kind=SOUND)


def _visible_to(officer: Officer) -> models.QuerySet[Attachment]:
    """A file is had where its message lies: in a case one may read, or still in the tray."""
    if officer.seat is None:
        return Attachment.objects.none()
    in_case = Q(message__filed__case__in=Case.objects.readable_by(officer))
    in_tray = Q(message__filed__case=None, message__filed__tray_item__in=TrayItem.objects.visible_to(officer))
    shown = Attachment.objects.filter(unit=officer.unit, state=Attachment.State.AVAILABLE)
    return shown.filter(in_case | in_tray).select_related("message__filed__case", "message__filed__tray_item")


def file_name(picture: Attachment) -> str:
    """The third file of a source is ``7K2-Q9-03.jpg``; the name tells no more than the page did."""
    filed = picture.message.filed
    place: dict[str, Case | TrayItem | None] = {"message__filed__tray_item": filed.tray_item}
    if filed.case is not None:
        place = {"message__filed__case": filed.case}
    home = filed.case or filed.tray_item
    assert home is not None  # filed_somewhere
    earlier = Q(message__sent_at__lt=picture.message.sent_at) | Q(message=picture.message, pk__lt=picture.pk)
    number = Attachment.objects.filter(earlier, unit=picture.unit_id, state=Attachment.State.AVAILABLE, **place).count()
    ending = "mp3" if picture.kind == SOUND else "jpg"
    return f"{home.alias}-{number + 1:02}.{ending}"
