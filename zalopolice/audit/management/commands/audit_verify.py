import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zalopolice.audit.verify import verify
from zalopolice.units.models import Unit


class Command(BaseCommand):
    help = "Recomputes the audit chains and compares them with the kept checkpoints; exit 2 names the first bad entry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unit", metavar="CODE")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        unit = None
        if options["unit"]:
            unit = Unit.objects.filter(code=options["unit"]).values_list("pk", flat=True).first()
            if unit is None:
                raise CommandError(f"Không có đơn vị mang mã {options['unit']}.")
        result = verify(settings.CHECKPOINT_DIR, unit)
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for chain in result["chains"]:
                self.stdout.write(f"{chain['unit']}: {chain['entries']} mục, {chain['unsealed']} chưa niêm phong")
            for bad in result["findings"][:20]:
                self.stdout.write(f"HỎNG {bad['unit']} mục {bad['seq'] or '-'} {bad['entry'] or ''}: {bad['what']}")
            self.stdout.write("Sổ nguyên vẹn." if result["ok"] else "Sổ đã bị can thiệp hoặc chưa niêm phong.")
        if not result["ok"]:
            sys.exit(2)
