from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zalopolice.gateway import holding


class Command(BaseCommand):
    help = "Lets sending go on after a pause (zone vault); the page of the administrator does the same."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="one line, kept in the audit log; names nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ZONE != "vault":
            raise CommandError("resume_sending chạy trong vùng vault (ZALOPOLICE_ZONE=vault).")
        if not holding.resume(by=None, note=options["reason"]):
            raise CommandError("Không có gì đang tạm ngừng.")
        self.stdout.write("Đã cho gửi lại.")
