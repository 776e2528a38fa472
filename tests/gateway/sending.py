"""Stepping one outbound row through the vault, and losing Zalo's answers in every way."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from zalopolice.gateway import delivery
from zalopolice.gateway.models import Message, Pace


def deliver(zone, message):
    """The vault works on one row; returns it as it is afterwards."""
    with zone("vault"):
        delivery.deliver(message.pk)
    return now(zone, message)


def now(zone, message):
    with zone("vault"):
        row = Message.objects.get(pk=message.pk)
        assert row.text  # opened while we are the vault
        return row


def change(zone, message, **values):
    with zone("vault"):
        Message.objects.filter(pk=message.pk).update(**values)


def due(zone, message):
    """Its time has come, whatever the pace says."""
    with zone("vault"):
        Pace.objects.all().delete()
    change(zone, message, next_at=timezone.now() - timedelta(seconds=1))


def in_seconds(row):
    return (row.next_at - timezone.now()).total_seconds()


def accepted_then(what):
    """Zalo takes the message, and its answer gets lost in this way."""

    def answer(handler, content):
        handler.zalo.accept(content)
        what(handler)

    return answer


def lost_then(what):
    return lambda handler, content: what(handler)
