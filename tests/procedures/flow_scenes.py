"""Menus and keywords brought to a state by the verbs: the first editor writes, the second publishes."""

from __future__ import annotations

from typing import Any

from procedures import flow_actions
from procedures.models import Flow
from tests.procedures.scenes import Office
from zalopolice.units.models import Officer


def draft(office: Office, name: str, **words: Any) -> Flow:
    """``items``: pairs of what is read and where it leads."""
    if "items" in words:
        words["does"] = "menu"
        words["items"] = [{"label": label, "goes_to": where} for label, where in words["items"]]
    elif "goes_to" in words:
        words["does"] = "goes"
    with office.acting("tam") as by:
        flow = flow_actions.add(name=name, by=by)
        flow_actions.save_draft(flow, words, by=by)
        return Flow.objects.get(pk=flow.pk)


def submitted(office: Office, name: str, **words: Any) -> Flow:
    flow = draft(office, name, **words)
    with office.acting("tam") as by:
        flow_actions.submit(flow, by=by)
        return Flow.objects.get(pk=flow.pk)


def published(office: Office, name: str, **words: Any) -> Flow:
    flow = submitted(office, name, **words)
    with office.acting("viet") as by:
        approve(flow, by)
        return Flow.objects.get(pk=flow.pk)


def approve(flow: Flow, by: Officer) -> None:
    """By somebody who has read it as it is now."""
    flow_actions.publish(flow, seen=flow_actions.fingerprint(Flow.objects.get(pk=flow.pk)), by=by)


def shown(office: Office, long: str) -> dict[str, Flow]:
    """For the screens: what the bot was set up to do without code, and a sentence to try it with."""
    line = "Đăng ký tạm trú cho người thuê trọ, công nhân khu công nghiệp và sinh viên ở ký túc xá"
    items = [(line, "dang-ky-tam-tru"), ("Số điện thoại, địa chỉ", "hotline"), ("Gặp cán bộ trực ban", "officer")]
    phrases = ["xem các việc", "menu", "cần tư vấn"]
    menu = published(office, "Menu chính", phrases=phrases, text="Bạn cần việc nào?", items=items)
    with office.acting("tam") as by:
        flow_actions.keep_sample(text=long, label="dang-ky-tam-tru", by=by)
    return {"menu": menu, "menu_draft": draft(office, "Giờ họp chợ phiên", phrases=["chợ phiên"], text=long)}
