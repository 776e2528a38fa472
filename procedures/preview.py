"""How a version will look to citizens before it is published: as their page and as the bot's card."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from procedures import answers, catalogue, sheet
from procedures.models import UnitOverride, Version
from zalopolice.units.models import Office, Unit


def of(version: Version, unit: Unit) -> dict[str, Any]:
    entry = catalogue.entry_of(version)
    office = Office.objects.filter(unit=unit.pk).values("hours", "address", "phone", "note").first()
    own = UnitOverride.objects.filter(unit=unit.pk, procedure=version.procedure_id)
    with translation.override(settings.LANGUAGE_CODE):  # citizens get it in Vietnamese, whatever the editor reads
        place = sheet.place(office, own.values("hours", "address", "contact").first())
        card = answers.card(entry, place, timezone.localdate(), unit_code=unit.code)
    now = catalogue.of_unit(unit.pk).filter(procedure__slug=entry.replaced_by).select_related("procedure").first()
    return {**sheet.read(entry), "card": card, "preview": True, "now": catalogue.entry_of(now) if now else None}
