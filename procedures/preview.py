"""How a version will look to citizens before it is published: as their page, as a print-out and as the bot's card."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from procedures import answers, catalogue, languages, sheet
from procedures.catalogue import Entry
from procedures.models import UnitOverride, Version
from procedures.public_views import qr
from zalopolice.units.models import Office, Unit


def of(version: Version, unit: Unit) -> dict[str, Any]:
    entry = catalogue.entry_of(version)
    office = Office.objects.filter(unit=unit.pk).values("hours", "address", "phone", "note").first()
    heir = catalogue.of_unit(unit.pk).filter(procedure__slug=entry.replaced_by).select_related("procedure").first()
    now = catalogue.entry_of(heir) if heir else None
    own = UnitOverride.objects.filter(unit=unit.pk, procedure=version.procedure_id)
    with translation.override(settings.LANGUAGE_CODE):  # citizens get it in Vietnamese, whatever the editor reads
        place = sheet.place(office, own.values("hours", "address", "contact").first())
        card = _card(entry, now, place, unit)
        spoken = [_spoken(entry, now, place, unit, code) for code in languages.written(entry.content)]
    address = f"{settings.PUBLIC_URL}/thu-tuc/{unit.code}/{entry.slug}/"
    return {
        **sheet.read(entry),
        "card": card,
        "spoken": spoken,
        "unspoken": [one for code, one in languages.OTHERS.items() if code not in languages.written(entry.content)],
        "preview": True,
        "now": now,
        "unit": unit,
        "place": place,
        "address": address,
        "qr": qr(address),
    }


def _card(entry: Entry, now: Entry | None, place: sheet.Place, unit: Unit) -> str:
    """``now``: what took the place of an old name; the bot gives the card of that."""
    today = timezone.localdate()
    if entry.is_former_name and (now is None or now.is_former_name):
        return answers.gone(entry, today, unit.code)
    former = entry if now else None
    return answers.card(now or entry, place, today, unit=unit.name, unit_code=unit.code, former=former)


def _spoken(entry: Entry, now: Entry | None, place: sheet.Place, unit: Unit, code: str) -> dict[str, Any]:
    said = entry.in_language(code)
    card = _card(said, now and now.in_language(code), place, unit)
    return {"language": languages.OTHERS[code], "lags": said.lags, "card": card}
