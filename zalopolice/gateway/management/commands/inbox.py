from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Count, Min
from django.utils import timezone

from zalopolice.gateway.models import InboundEvent

State = InboundEvent.State


class Command(BaseCommand):
    help = "Counts what came in by state and reason (zone vault); --retry sends what was set aside through once more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retry", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["retry"]:
            rows = InboundEvent.objects.filter(state=State.POISON)
            again = {"state": State.PENDING, "queue": "vault", "next_at": timezone.now(), "attempt": 0, "error": ""}
            self.stdout.write(f"{rows.update(**again)} sự kiện được xử lý lại.")
        counted = InboundEvent.objects.values("state", "error").annotate(n=Count("pk"), oldest=Min("received_at"))
        for row in counted.order_by("state", "error"):
            self.stdout.write(
                f"{row['n']:8} {State(row['state']).label}  {row['error']}  từ {row['oldest']:%d/%m/%Y %H:%M}"
            )
