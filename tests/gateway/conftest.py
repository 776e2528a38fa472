from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from tests import cast
from tests.gateway import zalo as place
from tests.gateway.broker import Redis
from zalopolice import metrics
from zalopolice.gateway import inbox, outbox
from zalopolice.gateway.models import Citizen, InboundEvent, Message


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Redis:
    """What the metrics and the watch see of Redis."""
    client = Redis()
    monkeypatch.setattr(metrics, "broker", lambda: client)
    monkeypatch.setattr(metrics, "_pending", metrics.Counter())
    return client


@pytest.fixture
def zalo(monkeypatch: pytest.MonkeyPatch) -> Iterator[place.Zalo]:
    """A Zalo on a real socket, and settings that point to it."""
    with place.running() as (server, address):
        monkeypatch.setattr(settings, "ZALO_API_URL", f"{address}/openapi")
        monkeypatch.setattr(settings, "ZALO_OAUTH_URL", f"{address}/oauth")
        monkeypatch.setattr(settings, "ZALO_TIMEOUT", 5.0)
        yield server


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(settings, "ZALO_API_URL", f"http://127.0.0.1:{port}/openapi")


def take_in(zone: Any) -> None:
    """The vault opens what came in; nothing is routed, so no automatic answer is written."""
    with zone("vault"):
        for pk in list(InboundEvent.objects.filter(next_at__isnull=False).values_list("pk", flat=True)):
            inbox.receive(pk)


def say(commune: cast.Commune, text: str, citizen: Citizen | None = None) -> Message:
    """An officer's answer, waiting in the outbox."""
    with commune.acting("an"):
        return outbox.enqueue(citizen or Citizen.objects.get(), text, origin=Message.Origin.OFFICER)


@pytest.fixture
def chat(commune: cast.Commune, zone: Any) -> cast.Commune:
    """One citizen has written a moment ago; the account has a living token."""
    commune.hears("dung", "Chào công an")
    take_in(zone)
    cast.give_token(commune)
    return commune


def echo(commune: cast.Commune, text: str, msg_id: str, citizen: str = "dung") -> Any:
    """Zalo tells what left the account; the vault decides it at once. Returns the inbox row."""
    body = cast.event_body(commune.oa.oa_id, commune.user_id(citizen), text, event_name="oa_send_text", msg_id=msg_id)
    body["sender"], body["recipient"] = body["recipient"], body["sender"]
    pk = cast.store_event(commune.zone, body)
    with commune.zone("vault"):
        inbox.receive(pk)
        return InboundEvent.objects.get(pk=pk)


@pytest.fixture
def waiting(chat, zalo):
    """An answer in the outbox."""
    return say(chat, "Chúng tôi đã nhận tin của bà.")
