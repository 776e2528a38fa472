from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zalopolice.gateway import holding


class Command(BaseCommand):
    help = "Pauses all sending (zone vault), before a restore or while somebody looks; what comes in is stored as ever."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="one line, kept in the audit log's pause; names nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ZONE != "vault":
            raise CommandError("pause_sending chạy trong vùng vault (ZALOPOLICE_ZONE=vault).")
        holding.pause(holding.Reason.OPERATOR, options["reason"])
        self.stdout.write("Đã tạm ngừng gửi.")
