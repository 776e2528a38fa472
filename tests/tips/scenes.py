"""Where a story stands before a test begins, reached by the verbs themselves."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import cast
from tips import actions
from tips.models import Case, TrayItem
from zalopolice.audit.models import Entry

DANGER = "Cứu tôi với, nó đang cầm dao trước nhà"
TIP = "Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa"
TITLE = "Đánh bạc ở nhà văn hóa"
NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")


def client_of(commune: cast.Commune, name: str) -> Client:
    """A browser in which the officer is signed in."""
    client = Client()
    client.force_login(commune.officers[name])
    return client


def waiting_item(commune: cast.Commune, citizen: str = "dung", *texts: str) -> TrayItem:
    """A tray item with these messages, one by default."""
    for text in texts or (TIP,):
        commune.hears(citizen, text)
    cast.work_inbox(commune.zone)
    with commune.acting("cuong") as officer:
        found = TrayItem.objects.visible_to(officer).filter(status="waiting").order_by("-opened_at", "-pk").first()
    assert found is not None
    return found


def case_at(commune: cast.Commune, status: str = Case.Status.UNCLAIMED, by: str = "an") -> Case:
    """A case of one tip, brought to ``status`` by officer ``by`` and, for its end, the chief."""
    item = waiting_item(commune)
    with commune.acting("cuong") as officer:
        chosen = list(item.unsorted_messages())
        case = actions.open_case(
            item, chosen, title=TITLE, classification=Case.Classification.ADMINISTRATIVE, area=commune.area, by=officer
        )
    if status != Case.Status.UNCLAIMED:
        with commune.acting(by) as officer:
            actions.claim(case, by=officer)
            if status != Case.Status.IN_PROGRESS:
                actions.propose_closing(case, result=Case.Result.WARNED, summary="Đã nhắc nhở", by=officer)
    if status == Case.Status.CLOSED:
        with commune.acting("binh") as officer:
            actions.close(case, by=officer)
    return case


def once() -> str:
    """What the page of a form brings along, new each time it is drawn."""
    return str(uuid.uuid4())


def hidden(page: Any, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', text(page))
    assert found, name
    return found[1]


def again(commune: cast.Commune, row: Any) -> Any:
    """The row as the database has it now, its texts opened."""
    with commune.acting("binh"):
        fresh = type(row)._default_manager.get(pk=row.pk)
        for field in row._meta.fields:
            getattr(fresh, field.attname)
        return fresh


def entries(commune: cast.Commune, kind: str) -> list[Entry]:
    with commune.zone("owner"):
        return list(Entry.objects.filter(kind=kind, unit_id=commune.unit.pk).order_by("at"))


def queries(client: Client, url: str) -> int:
    """Statements one page needs, without BEGIN and COMMIT and without the setting of the unit context."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    plumbing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT current_setting", "SELECT set_config")
    return len([query for query in captured.captured_queries if not query["sql"].startswith(plumbing)])


def text(answer: Any) -> str:
    return str(answer.content.decode())
