"""The code of a poster: noted, taken off, remembered for the day, counted; wrong ones lose nothing (features A12)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of
from tips import actions, origins
from tips.models import Case, TrayItem
from zalopolice.audit.models import Entry
from zalopolice.gateway import sources
from zalopolice.gateway.models import Message, SourceTag
from zalopolice.refusals import Refused

TIP = "Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa"


def make(commune: cast.Commune, label: str = "Áp phích cổng chợ Đồng Văn", kind: str = "poster") -> SourceTag:
    with commune.acting("giang") as editor:
        return sources.create(kind, label, commune.oa, by=editor)


def written(commune: cast.Commune, citizen: str, *texts: str, **more) -> list[Message]:
    for text in texts:
        commune.hears(citizen, text, **more)
    cast.work_inbox(commune.zone)
    return everything(commune)


def everything(commune: cast.Commune) -> list[Message]:
    with commune.acting("binh"):
        rows = Message.objects.filter(unit=commune.unit).select_related("source_tag").order_by("sent_at", "pk")
        return list(rows)


def ours(rows: list[Message]) -> list[Message]:
    return [row for row in rows if row.direction == "in"]


def test_codes_are_counted_up_by_kind_and_never_given_twice(commune):
    first, school, second = make(commune), make(commune, kind="school"), make(commune)
    assert [tag.code for tag in (first, school, second)] == ["AP1", "TH1", "AP2"]
    with commune.acting("giang") as editor:
        sources.retire(second, by=editor)
        with pytest.raises(Refused):
            sources.retire(second, by=editor)
    assert make(commune).code == "AP3"
    with commune.zone("owner"):
        acts = Entry.objects.filter(kind__startswith="source.").values_list("kind", flat=True)
        assert sorted(acts) == ["source.created"] * 4 + ["source.retired"]


@pytest.mark.parametrize("who", ["an", "cuong", "huy"])
def test_only_editors_give_codes(commune, who):
    with commune.acting(who) as officer, pytest.raises(PermissionDenied):
        sources.create("poster", "Chợ", commune.oa, by=officer)


@pytest.mark.parametrize("written_as", ["#AP1 ", "#ap1: ", "# AP1\n", "#Ap 1 - ", "  #AP01 "])
def test_the_code_is_noted_and_the_words_are_understood_without_it(commune, written_as):
    tag = make(commune)
    rows = written(commune, "dung", written_as + TIP)
    message = ours(rows)[0]
    assert message.source_tag == tag
    assert message.text == written_as + TIP  # what was written stays
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()
    assert item.kind == TrayItem.Kind.TIP and item.tip_code


@pytest.mark.parametrize("wrong", ["#AP9 ", "#XYZ123 ", "#", "#AP1x ", "#1 ", "# AP ", "#AP1234567 ", "##AP1 "])
def test_a_wrong_code_loses_nothing(commune, wrong):
    make(commune)
    message = ours(written(commune, "dung", wrong + TIP))[0]
    assert message.source_tag is None and message.state == Message.State.ROUTED
    with commune.acting("cuong") as officer:
        assert TrayItem.objects.visible_to(officer).counted().get().messages == 1


def test_a_code_of_another_commune_is_no_code_here(commune, other_commune):
    make(other_commune)
    assert ours(written(commune, "dung", "#AP1 " + TIP))[0].source_tag is None


def test_only_the_code_is_greeted_and_the_next_words_carry_it(commune):
    tag = make(commune)
    rows = written(commune, "dung", "#AP1")
    greeting = [row for row in rows if row.direction == "out"]
    assert len(greeting) == 1 and commune.unit.name in greeting[0].text
    assert greeting[0].business_key.startswith("source_greeting:")
    with commune.acting("cuong") as officer:
        assert not TrayItem.objects.visible_to(officer).exists()
    rows = ours(written(commune, "dung", TIP))
    assert [row.source_tag for row in rows] == [tag, tag]
    with commune.acting("cuong") as officer:
        shown = client_of(commune, "cuong").get(f"/hop-tin/{TrayItem.objects.visible_to(officer).get().pk}/")
    assert "Từ: Áp phích cổng chợ Đồng Văn" in shown.content.decode()


def test_only_the_code_in_a_running_thread_goes_to_its_reader(commune):
    make(commune)
    rows = written(commune, "dung", TIP, "#AP1")
    assert not [row for row in rows if row.business_key.startswith("source_greeting:")]
    with commune.acting("cuong") as officer:
        assert TrayItem.objects.visible_to(officer).counted().get().messages == 2


def test_danger_is_seen_behind_a_code(commune):
    make(commune)
    written(commune, "dung", "#AP1 Cứu tôi với, nó đang cầm dao trước nhà")
    with commune.acting("cuong") as officer:
        assert TrayItem.objects.visible_to(officer).get().is_urgent


def test_yesterdays_code_does_not_mark_todays_words(commune):
    make(commune)
    written(commune, "dung", "#AP1 " + TIP, at=timezone.now() - timedelta(days=1))
    rows = ours(written(commune, "dung", "Hôm nay tôi hỏi chuyện khác"))
    assert [bool(row.source_tag) for row in rows] == [True, False]


def test_a_picture_with_a_code_is_no_greeting(commune):
    tag = make(commune)
    picture = [{"type": "location", "payload": {"coordinates": {"latitude": "20.5", "longitude": "105.9"}}}]
    rows = written(commune, "dung", "#AP1", attachments=picture, event_name="user_send_location")
    assert ours(rows)[0].source_tag == tag
    assert not [row for row in rows if row.business_key.startswith("source_greeting:")]


def test_counts_of_people_tips_and_cases(commune):
    tag, other = make(commune), make(commune)
    written(commune, "dung", "#AP1", TIP, "Ở đó đông lắm")
    written(commune, "hoa", "#AP1 cảm ơn")
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get(kind=TrayItem.Kind.TIP)
        chosen = list(item.unsorted_messages())
        case = actions.open_case(
            item, chosen, title="Đánh bạc", classification=Case.Classification.SECURITY, area=None, by=officer
        )
    with commune.acting("giang") as editor:
        found = {row.pk: row for row in origins.counted(SourceTag.objects.visible_to(editor))}
    assert [(found[one.pk].arrivals, found[one.pk].tips, found[one.pk].cases) for one in (tag, other)] == [
        (2, 1, 1),
        (0, 0, 0),
    ]
    shown = client_of(commune, "binh").get(f"/vu-viec/{case.pk}/").content.decode()
    assert "Từ: Áp phích cổng chợ Đồng Văn" in shown


def test_pages_of_an_editor(commune):
    client = client_of(commune, "giang")
    wrong = client.post("/nguon-tin/moi/", {"kind": "poster", "label": "Gọi 0912 345 678", "oa": commune.oa.pk})
    assert wrong.status_code == 422 and "Không ghi số điện thoại" in wrong.content.decode()
    assert "Gọi 0912 345 678" in wrong.content.decode()  # what was typed stays
    made = client.post("/nguon-tin/moi/", {"kind": "school", "label": "Trường tiểu học", "oa": commune.oa.pk})
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "#TH1" in page and f"/q/{commune.unit.code}/TH1/" in page
    for size, count in (("", 1), ("?co=nho", 8)):
        sheet = client.get(made["Location"] + "in/" + size).content.decode()
        assert sheet.count("<svg") == count and "style=" not in sheet and "<script" not in sheet
    assert client.post(made["Location"] + "ngung/").status_code == 302
    assert client.post(made["Location"] + "ngung/").status_code == 409


def test_the_list_asks_the_same_number_of_queries(commune):
    client, numbers = client_of(commune, "binh"), []
    for _round in range(2):
        for _number in range(4):
            make(commune)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/nguon-tin/").status_code == 200
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 9, numbers


def test_the_list_pages_by_key(commune):
    for _number in range(27):
        make(commune)
    client = client_of(commune, "binh")
    first = client.get("/nguon-tin/")
    assert len(first.context["rows"]) == 25
    second = client.get("/nguon-tin/", {"sau": first.context["following"]})
    assert len(second.context["rows"]) == 2
