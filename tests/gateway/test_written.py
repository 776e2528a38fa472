"""Queries written by hand find what the ORM would have found (``zalopolice/written.py``)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from zalopolice import written
from zalopolice.gateway.models import Citizen, InboundEvent, Message, OfficialAccount, Token, ZaloApp


def columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: vars(row)[field.attname] for field in row._meta.concrete_fields}


def test_a_row_is_the_row_of_the_orm(waiting, zone):
    with zone("vault"):
        OfficialAccount.objects.update(zalo_tags=["tin báo", "hỏi"])  # JSON: a column Django converts
    with zone("vault"):
        for model in (OfficialAccount, Citizen, Message, InboundEvent, Token, ZaloApp):
            known = {row.pk: columns(row) for row in model._default_manager.all()}
            assert known, model
            assert {row.pk: columns(row) for row in written.rows(model, "")} == known
        row = written.first(Message, "WHERE id = %s", waiting.pk)
        assert row is not None and row.text == waiting.text  # still ciphertext until it is read
        assert written.first(Message, "WHERE id = %s", waiting.oa_id) is None
        row.error = "thử"
        row.save(update_fields=["error"])  # a row that is there, not a new one
        row.oa = OfficialAccount.objects.get()  # of the same database
        assert list(Message.objects.filter(error="thử")) == [row]


def test_rows_side_by_side(waiting, zone):
    which = "FROM gateway_message JOIN gateway_citizen ON gateway_citizen.id = citizen_id WHERE gateway_message.id = %s"
    with zone("vault"):
        found = written.joined((Message, Citizen), which, waiting.pk)
        assert found is not None
        message, citizen = found
        assert columns(message) == columns(Message.objects.get(pk=waiting.pk))
        assert columns(citizen) == columns(Citizen.objects.get(pk=waiting.citizen_id))
        assert written.joined((Message, Citizen), which, waiting.oa_id) is None


def test_one_value(waiting, zone):
    question = "SELECT state FROM gateway_message WHERE id = %s"
    with zone("vault"):
        assert written.value(question, waiting.pk) == Message.State.QUEUED
        assert written.value(question, waiting.oa_id) is None


@pytest.mark.parametrize("zone_name", ["worker", "web"])
def test_the_wall_stands(chat, zone, zone_name):
    """Without a unit nothing is to be seen, whoever wrote the query."""
    with zone(zone_name):
        for model in (Message, Citizen):
            assert written.rows(model, "") == []
