"""All of the demo's data in one process (zone owner): each of these commands spends most of its time starting."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("install_keys", {}),
    ("seed_demo", {}),
    ("seed_desk", {}),
    ("seed_public", {}),
    ("load_procedures", {"publish": True}),
)


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        for name, values in STEPS:
            call_command(name, stdout=self.stdout, **values)
