"""A draft given up, a text taken back from the reviewer: by who began it, nobody else, by page, verb and SQL."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from procedures import actions, exchange, flow_actions
from procedures.models import Flow, Version
from tests.procedures import flow_scenes as menus
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.tips.scenes import client_of
from zalopolice.audit.models import Entry
from zalopolice.refusals import Refused

State = Version.State


def state(office, version):
    with office.acting("tam"):
        return Version.objects.get(pk=version.pk).state


def test_a_draft_is_given_up_by_who_began_it_after_a_page_has_asked(province):
    shown = scenes.published(province)
    with province.acting("tam") as by:
        draft = actions.new_draft(shown.procedure, by=by)
        actions.save_draft(draft, {"name": "Viết dở"}, by=by)
    page, tam, viet = f"/noi-dung/ban/{draft.pk}/", client_for(province.tam), client_for(province.viet)

    assert f'href="{page}bo/"' in tam.get(page).content.decode()
    assert "Bỏ bản 2" in tam.get(f"{page}bo/").content.decode() and state(province, draft) == State.DRAFT
    assert f'href="{page}bo/"' not in viet.get(page).content.decode()
    assert viet.get(f"{page}bo/").status_code == 302
    refused = viet.post(f"{page}bo/")
    assert refused.status_code == 409 and "Chỉ người bắt đầu bản soạn này bỏ được" in refused.content.decode()
    assert state(province, draft) == State.DRAFT
    assert tam.post(f"{page}bo/", follow=True).status_code == 200 and state(province, draft) == State.DISCARDED
    assert tam.post(f"{page}bo/").status_code == tam.post(f"{page}trinh/").status_code == 409

    row = tam.get("/noi-dung/thu-tuc/").content.decode()
    assert "Viết dở" not in row and "Bản 1" in row and "Đã bỏ" in tam.get(page).content.decode()
    assert "Viết dở" not in tam.get("/noi-dung/thu-tuc/?muc=soan").content.decode()
    with province.acting("tam") as by:
        assert Entry.objects.filter(kind="procedure.discarded", actor_id=by.pk).count() == 1
        assert [one["name_vi"] for one in exchange.entries(by)] == [shown.name]
        assert exchange.read(exchange.entries(by), by=by).same
        again = actions.new_draft(shown.procedure, by=by)
    assert (again.number, again.name) == (3, shown.name)


def test_what_was_never_published_and_given_up_stays_where_it_can_be_taken_up_again(province):
    draft = scenes.draft(province)
    client = client_for(province.tam)
    client.post(f"/noi-dung/ban/{draft.pk}/bo/")

    listed = client.get("/noi-dung/thu-tuc/").content.decode()
    assert "Đăng ký tạm trú" in listed and "Đã bỏ" in listed
    with province.acting("tam") as by:
        again = actions.new_draft(draft.procedure, by=by)
    assert (again.number, again.content) == (2, draft.content)


def test_what_waits_is_taken_back_by_who_wrote_it_or_handed_it_in(province):
    version = scenes.draft(province)
    page, tam, viet = f"/noi-dung/ban/{version.pk}/", client_for(province.tam), client_for(province.viet)
    with province.acting("viet") as by:
        actions.submit(version, by=by)

    assert "Rút bản 1 về" in tam.get(page).content.decode()
    assert tam.post(f"{page}rut/").status_code == 302 and state(province, version) == State.DRAFT
    assert tam.post(f"{page}rut/").status_code == 409  # it waits for nobody
    with province.acting("viet") as by:
        actions.submit(version, by=by)
    assert viet.post(f"{page}rut/").status_code == 302 and state(province, version) == State.DRAFT
    with province.acting("tam") as by:
        kept = Version.objects.get()
        assert (kept.submitted_by, kept.submitted_at) == (None, None)
        assert set(kept.writers) == {province.tam.pk, province.viet.pk}  # also who only handed it in
        assert Entry.objects.filter(kind="procedure.withdrawn").count() == 2
        actions.submit(kept, by=by)
    with province.acting("viet") as by, pytest.raises(Refused, match="cần người khác"):
        scenes.approve(version, by)


def test_nobody_else_takes_it_back_and_nothing_comes_back_from_the_citizens(province, commune):
    waits = scenes.in_review(province)
    shown = scenes.published(province, "tach-ho", "Tách hộ")
    page, viet = f"/noi-dung/ban/{waits.pk}/", client_for(province.viet)

    assert "Rút bản" not in viet.get(page).content.decode()
    answer = viet.post(f"{page}rut/")
    assert answer.status_code == 409 and "Chỉ người soạn hoặc người trình" in answer.content.decode()
    assert client_of(commune, "giang").post(f"{page}rut/").status_code == 404
    assert client_of(commune, "giang").get(f"/noi-dung/ban/{shown.pk}/bo/").status_code == 403
    for verb in (actions.withdraw, actions.discard):
        with province.acting("tam") as by, pytest.raises(Refused):
            verb(shown, by=by)
        with commune.acting("giang") as by, pytest.raises(PermissionDenied):
            verb(shown, by=by)
    with province.acting("tam") as by, pytest.raises(Refused, match="Không thể chuyển"):
        actions.discard(waits, by=by)
    assert (state(province, waits), state(province, shown)) == (State.IN_REVIEW, State.PUBLISHED)


def test_the_database_holds_whose_draft_it_is(province):
    draft, waits = scenes.draft(province), scenes.in_review(province, "tach-ho", "Tách hộ")
    tam, viet = province.tam, province.viet
    back = {"state": State.DRAFT, "submitted_by": None, "submitted_at": None}
    over = {"state": State.DISCARDED, "ended_at": draft.created_at}
    for who, row, change in (
        ("viet", draft, {**over, "ended_by": viet}),
        ("viet", draft, {**over, "ended_by": tam}),  # in the name of another
        ("tam", draft, {**over, "ended_by": tam, "name": "Khác"}),
        ("viet", waits, back),
        ("tam", waits, back | {"writers": []}),
        ("tam", waits, {**over, "ended_by": tam}),
    ):
        with province.acting(who), pytest.raises(DatabaseError), transaction.atomic():
            Version.objects.filter(pk=row.pk).update(**change)
    with province.acting("tam"), transaction.atomic():
        assert Version.objects.filter(pk=draft.pk).update(**over, ended_by=tam) == 1
        assert Version.objects.filter(pk=waits.pk).update(**back) == 1
    with province.acting("tam"), pytest.raises(DatabaseError), transaction.atomic():
        Version.objects.filter(pk=draft.pk).update(state=State.DRAFT)  # what was given up does not come back


def test_what_changed_behind_an_open_page_is_not_published_unread(province):
    version = scenes.in_review(province)
    read = {"seen": actions.fingerprint(version)}
    with province.acting("tam") as by:
        actions.withdraw(version, by=by)
        actions.save_draft(version, {"name": "Chưa ai đọc"}, by=by)
        actions.submit(version, by=by)
    page, viet = f"/noi-dung/ban/{version.pk}/", client_for(province.viet)

    for seen in (read, {}):
        answer = viet.post(f"{page}cong-bo/", seen)
        assert answer.status_code == 409 and "đã đổi sau khi đồng chí mở trang" in answer.content.decode()
    assert state(province, version) == State.IN_REVIEW
    assert scenes.press_publish(viet, page) == 302


def test_a_menu_is_taken_back_alike(commune):
    own = scenes.editors_of(commune)
    flow = menus.submitted(own, "Giờ chợ", phrases=["giờ chợ"], text="Sáng")
    seen = flow_actions.fingerprint(flow)
    page = f"/noi-dung/menu/{flow.pk}/"
    giang, dung = client_of(commune, "giang"), client_of(commune, "dung")

    assert "Rút bản 1 về" in giang.get(page).content.decode() and "Rút bản" not in dung.get(page).content.decode()
    assert dung.post(f"{page}rut/").status_code == 409
    back = {"state": "draft", "submitted_by": None, "submitted_at": None}
    with own.acting("viet"), pytest.raises(DatabaseError), transaction.atomic():
        Flow.objects.filter(pk=flow.pk).update(**back)
    assert giang.post(f"{page}rut/").status_code == 302
    with own.acting("tam") as by:
        assert Entry.objects.filter(kind="flow.withdrawn", actor_id=by.pk).count() == 1
        flow_actions.save_draft(flow, {"text": "Chiều"}, by=by)
        flow_actions.submit(flow, by=by)
    assert dung.post(f"{page}cong-bo/", {"seen": seen}).status_code == 409  # of the morning
    assert scenes.press_publish(dung, page) == 302


def test_a_text_given_up_by_its_author_and_begun_again_by_another_is_still_the_authors(province):
    draft = scenes.draft(province)
    with province.acting("tam") as by:
        actions.discard(draft, by=by)
    with province.acting("viet") as by:
        again = actions.new_draft(draft.procedure, by=by)
        actions.discard(again, by=by)
        row = Version.objects.get(pk=again.pk)
        assert (row.content, set(row.writers)) == (draft.content, {province.tam.pk, province.viet.pk})
        row.pk, row.number, row.writers = None, 3, []  # past the verbs, with other words and nobody named
        row.state, row.ended_by, row.ended_at, row.name = State.DRAFT, None, None, "Khác"
        row.save(force_insert=True)
        assert set(Version.objects.get(pk=row.pk).writers) == {province.tam.pk, province.viet.pk}
        actions.submit(row, by=by)
    with province.acting("tam") as by, pytest.raises(Refused, match="cần người khác"):
        scenes.approve(row, by)
    out = {"state": State.PUBLISHED, "published_by": province.tam, "published_at": draft.created_at}
    with province.acting("tam"), pytest.raises(DatabaseError), transaction.atomic():
        Version.objects.filter(pk=row.pk).update(**out)


def test_who_gave_up_a_draft_may_publish_what_another_began_from_the_published_text(province):
    shown = scenes.published(province)
    with province.acting("tam") as by:
        draft = actions.new_draft(shown.procedure, by=by)
        actions.save_draft(draft, {"name": "Viết dở"}, by=by)
        actions.discard(draft, by=by)
    with province.acting("viet") as by:
        again = actions.new_draft(shown.procedure, by=by)
        actions.submit(again, by=by)
    with province.acting("tam") as by:
        scenes.approve(again, by)
    assert state(province, again) == State.PUBLISHED


@pytest.mark.parametrize("was_published", [False, True])
def test_a_menu_given_up_and_begun_again_is_still_its_authors(commune, was_published):
    own = scenes.editors_of(commune)
    words = {"phrases": ["giờ chợ"], "text": "Sáng"}
    flow = menus.published(own, "Giờ chợ", **words) if was_published else menus.draft(own, "Giờ chợ", **words)
    with own.acting("tam") as by:
        if was_published:
            flow = flow_actions.new_draft(flow, by=by)
            flow_actions.save_draft(flow, {"text": "Chiều"}, by=by)
        flow_actions.end(flow, by=by)
    with own.acting("viet") as by:
        again = flow_actions.new_draft(flow, by=by)
        assert set(Flow.objects.get(pk=again.pk).writers) == {own.tam.pk, own.viet.pk}
        flow_actions.submit(again, by=by)
    with own.acting("tam") as by, pytest.raises(Refused, match="cần người khác"):
        menus.approve(again, by)
    out = {"state": "published", "published_by": own.tam, "published_at": flow.created_at}
    with own.acting("tam"), pytest.raises(DatabaseError), transaction.atomic():
        Flow.objects.filter(pk=again.pk).update(**out)


def test_who_gave_up_a_menu_unchanged_may_publish_what_another_began_from_the_published_text(commune):
    own = scenes.editors_of(commune)
    shown = menus.published(own, "Giờ chợ", phrases=["giờ chợ"], text="Sáng")
    with own.acting("tam") as by:
        flow_actions.end(flow_actions.new_draft(shown, by=by), by=by)
    with own.acting("viet") as by:
        again = flow_actions.new_draft(shown, by=by)
        flow_actions.submit(again, by=by)
    with own.acting("tam") as by:
        menus.approve(again, by)
        assert Flow.objects.get(pk=again.pk).state == "published"
