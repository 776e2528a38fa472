"""Accounts, by the administrator on the server (zone owner): made without a role, helped when something is lost.

A password made here is shown once and has to be changed at the first sign-in. Roles are the chief's to give."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from zalopolice.audit import log
from zalopolice.audit.models import TECHNICAL
from zalopolice.units.models import Device, Membership, Officer, OfficerSession
from zalopolice.units.models.people import is_name

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["add", "password", "factors", "disable", "enable"])
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="họ và tên (add)")
        parser.add_argument("--rank", default="", help="cấp bậc (add), ví dụ thieu_uy")
        parser.add_argument("--position", default="", help="chức vụ (add)")

    @transaction.atomic
    def handle(self, *args: Any, act: str, username: str, **options: Any) -> None:
        officer = Officer.objects.named(username).first()
        if act == "add":
            self._add(officer, username, options)
        elif officer is None:
            raise CommandError("Không có tài khoản này.")
        else:
            getattr(self, f"_{act}")(officer)

    def _add(self, officer: Officer | None, username: str, options: dict[str, Any]) -> None:
        if officer is not None:
            raise CommandError("Đã có tài khoản này.")
        if not is_name(username):
            raise CommandError("Tên đăng nhập chỉ gồm chữ không dấu, số và dấu, không có khoảng trắng.")
        if not options["name"]:
            raise CommandError("Cần --name.")
        officer = Officer(
            username=username, full_name=options["name"], rank=options["rank"], position=options["position"]
        )
        password = self._new_password(officer)
        officer.full_clean()
        officer.save()
        self._record("officer.added", officer)
        self.stdout.write("Đã tạo. Chỉ huy đơn vị giao vai trò. Mật khẩu cho lần đăng nhập đầu:")
        self.stdout.write(password)

    def _password(self, officer: Officer) -> None:
        password = self._new_password(officer)
        officer.save(update_fields=["password", "must_change_password"])
        self._end_sessions(officer)
        self._record("officer.password_given", officer)
        self.stdout.write("Mật khẩu cho lần đăng nhập tới:")
        self.stdout.write(password)

    def _factors(self, officer: Officer) -> None:
        Authenticator.objects.filter(user=officer).delete()
        self._end_sessions(officer)
        self._record("officer.factors_cleared", officer)
        self.stdout.write("Đã gỡ mọi cách xác thực hai bước.")

    def _disable(self, officer: Officer) -> None:
        Officer.objects.filter(pk=officer.pk).update(is_active=False)
        self._end_sessions(officer)
        self._record("officer.disabled", officer)
        self.stdout.write("Đã khóa tài khoản.")

    def _enable(self, officer: Officer) -> None:
        Officer.objects.filter(pk=officer.pk).update(is_active=True)
        self._record("officer.enabled", officer)
        self.stdout.write("Đã mở lại tài khoản.")

    def _new_password(self, officer: Officer) -> str:
        password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
        officer.set_password(password)
        officer.must_change_password = True
        return password

    def _end_sessions(self, officer: Officer) -> None:
        OfficerSession.objects.filter(officer=officer).delete()
        Device.objects.filter(officer=officer).delete()

    def _record(self, kind: str, officer: Officer) -> None:
        """In the chain of every unit the officer works in now, so that its chief can see it."""
        today = timezone.localdate()
        units = set(Membership.objects.not_over(today).filter(officer=officer).values_list("unit_id", flat=True))
        for unit in units or {TECHNICAL}:
            log.append(kind, officer, unit=unit)
