import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from zalopolice.states import drawing


class Command(BaseCommand):
    help = "Draws docs/states.md from the transition tables; with --check compares and exits 1 when it is stale."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = settings.BASE_DIR / "docs" / "states.md"
        fresh = drawing()
        if not options["check"]:
            path.write_text(fresh, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != fresh:
            self.stderr.write("docs/states.md is stale: ./run manage draw_states")
            sys.exit(1)
