"""Menus and keywords: what calls them, two people for every text, and menus that lead somewhere."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from procedures import flow_actions, flows
from procedures.conversation import Desk
from procedures.models import Flow
from tests.procedures import flow_scenes as menus
from tests.procedures import scenes
from zalopolice.audit.models import Entry
from zalopolice.reading import Reading
from zalopolice.refusals import Refused
from zalopolice.units.roles import Permission
from zalopolice.units.walls import unit_context


def called(commune, *texts):
    """Which flow each of the words calls, as the bot of this commune sees them."""
    with commune.zone("web"), unit_context(commune.unit.pk):
        desk = Desk(commune.unit.pk)
        found = [flows.match(text, desk) for text in texts]
    return [flow.name if flow else None for flow in found]


def test_words_call_a_flow_with_or_without_marks_as_whole_words_the_longest_first(commune, province):
    own = scenes.editors_of(commune)
    menus.published(own, "Hẹn", phrases=["đặt lịch"], goes_to="appointment")
    menus.published(own, "Hẹn căn cước", phrases=["đặt lịch căn cước"], text="Mời bạn tới thứ Ba.")
    menus.published(province, "Menu tỉnh", phrases=["menu"], text="Của tỉnh")
    menus.draft(own, "Chưa công bố", phrases=["bản nháp"], text="x")

    assert called(commune, "ĐẶT LỊCH!", "cho em dat lich voi", "dat lich cccd", "datlich", "lịch đặt") == [
        "Hẹn", "Hẹn", "Hẹn căn cước", None, None,
    ]  # fmt: skip
    assert called(commune, "menu", "menu nhà hàng của dì tôi " + "x " * flows.LONGEST, "bản nháp", "menus", "") == [
        "Menu tỉnh", None, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("read", "may"),
    [
        (Reading("answer", "tach-ho", rule="clear"), True),
        (Reading("handoff", topic="hotline"), True),
        (Reading("ask_back"), True),
        (Reading("tip"), False),
        (Reading("emergency"), False),
        (Reading("ask_back", topic="report"), False),
        (Reading("handoff", topic="wanted_missing"), False),
        (Reading("handoff", topic="lookup_id_result"), False),
        (Reading("answer", "tach-ho", rule="named"), False),
    ],
)
def test_a_flow_hears_nothing_a_person_must(read, may):
    assert flows.listens(read) is may


def test_a_communes_flow_is_its_own_and_what_the_province_writes_stands_above(commune, other_commune, province):
    menus.published(scenes.editors_of(commune), "Chợ phiên", phrases=["chợ phiên"], text="Thứ Năm")
    menus.published(province, "Tỉnh", phrases=["chợ phiên", "cả tỉnh"], text="Tỉnh")

    assert called(commune, "chợ phiên", "cả tỉnh") == ["Chợ phiên", "Tỉnh"]
    assert called(other_commune, "chợ phiên", "cả tỉnh") == ["Tỉnh", "Tỉnh"]


def test_the_words_published_are_read_in_a_handful_of_queries(commune, province):
    for number in range(12):
        menus.published(province, f"Mục {number}", phrases=[f"cụm từ {number:02}"], text="x")
    with commune.zone("web"), unit_context(commune.unit.pk):
        desk = Desk(commune.unit.pk)
        with CaptureQueriesContext(connection) as asked:
            flows.match("cụm từ 07", desk)
            flows.match("gì nữa", desk)
    assert len(asked) == 1


def test_two_people_for_every_text(commune):
    own = scenes.editors_of(commune)
    flow = menus.submitted(own, "Giờ chợ", phrases=["giờ chợ"], text="Sáng")
    with own.acting("tam") as by, pytest.raises(Refused, match="cần người khác"):
        menus.approve(flow, by)
    with own.acting("viet") as by:
        flow_actions.return_with_reason(flow, reason="Ghi rõ giờ", by=by)
    with own.acting("tam") as by:
        flow = Flow.objects.get(pk=flow.pk)
        assert (flow.state, flow.reason) == ("draft", "Ghi rõ giờ")
        flow_actions.submit(flow, by=by)
    with own.acting("viet") as by:
        menus.approve(flow, by)
        second = flow_actions.new_draft(Flow.objects.get(pk=flow.pk), by=by)
        flow_actions.save_draft(second, {"text": "Chiều"}, by=by)
        flow_actions.submit(second, by=by)
    with own.acting("tam") as by:
        menus.approve(second, by)
        rows = Flow.objects.order_by("number").values_list("number", "state", "text")
        assert list(rows) == [(1, "ended", "Sáng"), (2, "published", "Chiều")]
        kinds = list(Entry.objects.filter(kind__startswith="flow.").values_list("kind", flat=True))
    assert sorted(set(kinds)) == sorted(
        f"flow.{act}" for act in ("added", "draft_saved", "submitted", "returned", "drafted", "published")
    )


def test_the_database_itself_keeps_published_words_and_the_second_person(commune):
    own = scenes.editors_of(commune)
    shown = menus.published(own, "Một", phrases=["mục một"], text="Một")
    waits = menus.submitted(own, "Hai", phrases=["mục hai"], text="Hai")
    tam, viet = own.tam.pk, own.viet.pk
    wrong = [
        (shown, {"text": "Khác"}),
        (shown, {"phrases": ["khác"]}),
        (waits, {"text": "Khác"}),
        (waits, {"state": "published", "published_at": shown.published_at, "published_by": tam}),
        (waits, {"state": "published", "published_at": shown.published_at, "published_by": viet}),
    ]
    for row, columns in wrong:
        with own.acting("tam"), pytest.raises(DatabaseError), transaction.atomic():
            Flow.objects.filter(pk=row.pk).update(**columns)
    with commune.zone("worker"), unit_context(commune.unit.pk), pytest.raises(DatabaseError), transaction.atomic():
        Flow.objects.filter(pk=shown.pk).update(name="x")


def test_a_communes_editor_reads_the_provinces_flow_and_touches_nothing_of_it(commune, province):
    shown = menus.published(province, "Tỉnh", phrases=["tỉnh ta"], text="Tỉnh")
    menus.draft(province, "Nháp tỉnh", phrases=["nháp tỉnh"], text="x")
    own = scenes.editors_of(commune)
    with own.acting("tam") as by:
        assert [row.name for row in Flow.objects.visible_to(by)] == ["Tỉnh"]
        for verb in (
            flow_actions.new_draft,
            flow_actions.submit,
            flow_actions.withdraw,
            menus.approve,
            flow_actions.end,
        ):
            with pytest.raises(PermissionDenied):
                verb(shown, by=by)


def test_what_the_province_names_alike_later_stops_nothing_of_a_commune(commune, province):
    own = menus.published(scenes.editors_of(commune), "Chợ phiên", phrases=["chợ phiên"], text="Thứ Năm")
    menus.published(province, "Chợ phiên", phrases=["hội chợ"], text="Cả tỉnh")
    again = menus.draft(scenes.editors_of(commune), "Chợ phiên" + " dài" * 20, text="x")

    with commune.zone("web"), unit_context(commune.unit.pk):
        texts = [flows.match(words, Desk(commune.unit.pk)).text for words in ("chợ phiên", "hội chợ")]
    assert texts == ["Thứ Năm", "Cả tỉnh"]
    assert own.slug == f"cho-phien-{commune.unit.code}" and len(again.slug) <= 64


def test_who_may_only_write_ends_no_text_that_was_published_meanwhile(commune, monkeypatch):
    own = scenes.editors_of(commune)
    seen = menus.draft(own, "Chợ phiên", phrases=["chợ phiên"], text="Thứ Năm")
    with own.acting("tam") as by:
        flow_actions.submit(Flow.objects.get(pk=seen.pk), by=by)
    with own.acting("viet") as by:
        menus.approve(Flow.objects.get(pk=seen.pk), by)
    with own.acting("tam") as by:
        monkeypatch.setattr(type(by), "may", lambda _by, right: right == Permission.PROCEDURE_EDIT)
        with pytest.raises(PermissionDenied):
            flow_actions.end(seen, by=by)
    with own.acting("viet"):
        assert Flow.objects.get(pk=seen.pk).state == "published"


def test_menus_in_a_circle_or_too_deep_are_refused_in_a_sentence(commune):
    own = scenes.editors_of(commune)
    leaf = [("Gặp cán bộ", "officer"), ("Tạm trú", "hotline")]
    third = menus.published(own, "Ba", text="Chọn", items=leaf)
    second = menus.published(own, "Hai", text="Chọn", items=[("Xuống", f"flow:{third.slug}"), *leaf])
    first = menus.published(own, "Một", text="Chọn", items=[("Xuống", f"flow:{second.slug}"), *leaf])
    with pytest.raises(Refused, match="sâu quá 3 bậc: Không → Một → Hai → Ba"):
        menus.draft(own, "Không", text="Chọn", items=[("Xuống", f"flow:{first.slug}"), *leaf])
    with own.acting("tam") as by:
        again = flow_actions.new_draft(third, by=by)
        for back in (third, second, first):
            back_to = [{"label": "Về", "goes_to": f"flow:{back.slug}"}, {"label": "Hết", "goes_to": "officer"}]
            with pytest.raises(Refused, match="quay vòng: .*Ba → "):
                flow_actions.save_draft(again, {"items": back_to}, by=by)
        assert flows.trouble(second, [first, third]) == ""


def test_nothing_is_published_that_leads_nowhere(commune):
    own = scenes.editors_of(commune)
    nowhere = {
        "Không cụm từ": {"goes_to": "officer"},
        "Thủ tục lạ": {"phrases": ["thủ tục lạ"], "goes_to": "khong-co"},
        "Menu nháp": {"text": "Chọn", "items": [("Nháp", f"flow:ban-nhap-{own.unit.code}"), ("Gặp cán bộ", "officer")]},
        "Không lời": {"phrases": ["không lời"]},
    }
    menus.draft(own, "Bản nháp", text="x")
    for name, words in nowhere.items():
        with pytest.raises(Refused, match="Còn thiếu"):
            menus.submitted(own, name, **words)
