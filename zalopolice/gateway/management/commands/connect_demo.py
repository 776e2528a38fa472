"""Connects the demo's accounts through the real OAuth pages and plays a short morning through real webhooks."""

import json
import re
import time
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zalopolice.gateway.management.commands.seed_demo import COMMUNES, PASSWORD, TRAINING_OA, oa_id_of
from zalopolice.units.models import Unit

MORNING = Path(__file__).with_name("morning.json")


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-morning", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("connect_demo is for the demo only")
        self.simulator = settings.ZALO_API_URL.removesuffix("/openapi")
        codes = {oa_id_of(code): code for code in Unit.objects.values_list("code", flat=True)}
        for account in requests.get(f"{self.simulator}/sim/state", timeout=60).json()["oas"]:
            if account["oa_id"] in codes:
                done = self._connect(codes[account["oa_id"]], account["oa_id"])
                self.stdout.write(f"{account['name']}: {'đã kết nối OA' if done else 'OA đã kết nối từ trước'}")
        for unit in Unit.objects.filter(is_training=True):
            self._connect(COMMUNES[0][0], TRAINING_OA, seat=str(unit.pk))
        if not options["no_morning"]:
            self._morning()

    def _connect(self, code: str, oa_id: str, *, seat: str = "") -> bool:
        """Walks the chief's way: sign in, OA page, Zalo's permission page, back; False when connected already."""
        chief = requests.Session()
        page = chief.get(f"{settings.WEB_URL}/dang-nhap/", timeout=10)
        form = {"username": f"truong.{code}", "password": PASSWORD, "csrfmiddlewaretoken": _token(page.text)}
        chief.post(f"{settings.WEB_URL}/dang-nhap/", data=form, timeout=10)
        page = chief.get(f"{settings.WEB_URL}/oa/", timeout=10)
        if seat:
            form = {"unit": seat, "csrfmiddlewaretoken": _token(page.text)}
            chief.post(f"{settings.WEB_URL}/don-vi/", data=form, timeout=10)
            page = chief.get(f"{settings.WEB_URL}/oa/", timeout=10)
        action = re.search(r'action="(/oa/[0-9a-f-]{36}/ket-noi/)"', page.text)
        if "data-connected" in page.text:
            return False
        if action is None:
            raise CommandError(f"Không thấy nút kết nối của truong.{code}; xem .data/logs/web.log.")
        form = {"csrfmiddlewaretoken": _token(page.text)}
        consent = chief.post(f"{settings.WEB_URL}{action[1]}", data=form, timeout=10, allow_redirects=False)
        answer = requests.post(consent.headers["Location"], data={"oa_id": oa_id}, timeout=10, allow_redirects=False)
        chief.get(answer.headers["Location"], timeout=10)
        for _ in range(100):
            if "data-connected" in chief.get(f"{settings.WEB_URL}/oa/", timeout=10).text:
                return True
            time.sleep(0.2)
        raise CommandError(f"OA {oa_id} chưa kết nối được sau 20 giây; xem .data/logs/vault.log.")

    def _morning(self) -> None:
        ledger = requests.get(f"{self.simulator}/sim/ledger", timeout=10).json()
        if ledger["received"]:
            return
        for line in json.loads(MORNING.read_text(encoding="utf-8")):
            requests.post(f"{self.simulator}/sim/send", json=line, timeout=10).raise_for_status()
            time.sleep(0.3)
        self.stdout.write("Đã phát một buổi sáng: vài người dân vừa nhắn tới ba OA.")


def _token(html: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
    return found[1] if found else ""
