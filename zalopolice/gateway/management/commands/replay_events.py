"""Sends recorded webhook bodies to a running demo and says what became of each (zone vault).

FILE is a JSON list of bodies, or of objects with a ``body``. Account and app ids are mapped to the demo's, the
simulator signs and delivers. Run it twice: the second run must store nothing and cause nothing.
"""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zalopolice import crypto
from zalopolice.gateway.models import InboundEvent, Message, OfficialAccount

State = InboundEvent.State
DECISIONS = {State.ACTED: "act", State.RECORDED: "record", State.IGNORED: "ignore"}
PATIENCE = 60


class Command(BaseCommand):
    help = (__doc__ or "").splitlines()[0]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        bodies = self._mapped(options["file"])
        before = InboundEvent.objects.count(), Message.objects.filter(direction="in").count()
        simulator = settings.ZALO_API_URL.removesuffix("/openapi")
        request = {"app_id": self.account.app.app_id, "bodies": bodies, "wait": True}
        answer = requests.post(f"{simulator}/sim/events", json=request, timeout=120)
        answer.raise_for_status()
        rows = self._settled(bodies)
        result = self._count(bodies, rows, before)
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for name, decision in result["decisions"]:
                self.stdout.write(f"{decision:8} {name}")
        self.stdout.write(
            "{events} sự kiện: {once} lưu đúng một lần, {new} mới lưu lần này; act {act}, record {record}, "
            "ignore {ignore}, lỗi {failed}; tin nhắn mới {messages}".format(**result)
        )
        if result["once"] != len(bodies) or result["failed"]:
            raise SystemExit(1)

    def _mapped(self, path: Path) -> list[dict[str, Any]]:
        account = OfficialAccount.objects.select_related("app").exclude(connected_at=None).order_by("oa_id").first()
        if account is None:
            raise CommandError("Chưa có OA nào được kết nối; hãy chạy ./run demo trước.")
        self.account = account
        stored = json.loads(path.read_text(encoding="utf-8"))
        bodies = [item.get("body", item) for item in stored]
        text = json.dumps(bodies, ensure_ascii=False)
        olds = {str(body.get("app_id")): account.app.app_id for body in bodies}
        olds |= {_account_of(body): account.oa_id for body in bodies}
        for old, new in olds.items():
            if old:
                text = text.replace(f'"{old}"', f'"{new}"')
        mapped: list[dict[str, Any]] = json.loads(text)
        return mapped

    def _settled(self, bodies: list[dict[str, Any]]) -> list[InboundEvent]:
        """The stored rows, once none of them waits any more (echoes may wait for an answer on its way)."""
        for _ in range(PATIENCE * 5):
            if not InboundEvent.objects.filter(state=State.PENDING, attempt=0).exists():
                break
            time.sleep(0.2)
        names = {str(body.get("event_name"))[:64] for body in bodies} | {""}
        return list(InboundEvent.objects.filter(event_name__in=names))

    def _count(self, bodies: list[dict[str, Any]], rows: list[InboundEvent], before: tuple[int, int]) -> dict[str, Any]:
        found: dict[str, list[InboundEvent]] = {}
        for row in rows:
            aad = b"zp-event|" + row.pk.bytes
            raw = crypto.open_sealed(settings.KEYS.vault_private, bytes(row.sealed), aad)
            found.setdefault(_fingerprint(json.loads(raw)), []).append(row)
        own = [(str(body.get("event_name")), found.get(_fingerprint(body), [])) for body in bodies]
        decisions = [(name, DECISIONS.get(State(stored[0].state), stored[0].state)) for name, stored in own if stored]
        counted = Counter(decision for _, decision in decisions)
        return {
            "events": len(bodies),
            "once": sum(len(stored) == 1 for _, stored in own),
            "new": InboundEvent.objects.count() - before[0],
            "failed": sum(bool(stored and stored[0].error) for _, stored in own)
            + sum(decision not in DECISIONS.values() for _, decision in decisions),
            "messages": Message.objects.filter(direction="in").count() - before[1],
            "decisions": decisions,
            **{name: counted[name] for name in DECISIONS.values()},
        }


def _account_of(body: dict[str, Any]) -> str:
    """The id that is surely the account's: named so, or the receiver of what a person sends, or the other way round.

    Seen and received events come either way round, so they are no witnesses."""
    party = {"user_send": "recipient", "anonymous": "recipient", "oa_send_t": "sender"}
    for start, name in party.items():
        if str(body.get("event_name")).startswith(start) and isinstance(body.get(name), dict):
            return str(body[name].get("id") or "")
    return str(body.get("oa_id") or "")


def _fingerprint(body: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in body.items() if k != "user_id_by_app"}, sort_keys=True)
