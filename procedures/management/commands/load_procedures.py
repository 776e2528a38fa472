"""Carries the catalogue of data/procedures.json into a unit, as imported versions nobody has judged yet. Idempotent.

Zone owner. What people have written since is left alone. --publish is for the demo only: in earnest a second person
of the unit reads each entry first."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from procedures import importing
from zalopolice.units.models import Unit

DATA = Path(__file__).resolve().parents[2] / "data" / "procedures.json"


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unit", metavar="CODE", help="the unit that owns the entries; default: the one province")
        parser.add_argument("--publish", action="store_true", help="demo only")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ZONE != "owner":
            raise CommandError("load_procedures runs in zone owner.")
        if options["publish"] and not settings.DEMO:
            raise CommandError("--publish is for the demo only: nobody has judged these entries (ZALOPOLICE_DEMO).")
        unit, data = _unit(options["unit"]), json.loads(DATA.read_text(encoding="utf-8"))
        done: Counter[str] = Counter()
        with transaction.atomic():
            for position, entry in enumerate(data["procedures"], 1):
                done[importing.carry_in(unit, entry, position, data["collected_on"], publish=options["publish"])] += 1
        said = ", ".join(f"{number} {what}" for what, number in sorted(done.items()))
        self.stdout.write(f"{unit.name}: {sum(done.values())} thủ tục ({said}).")


def _unit(code: str | None) -> Unit:
    units = Unit.objects.filter(code=code) if code else Unit.objects.filter(kind=Unit.Kind.PROVINCE)
    found = list(units[:2])
    if len(found) != 1:
        raise CommandError(f"No unit {code}." if code else "Name the unit (--unit): there is not exactly one province.")
    return found[0]
