"""A commune's menu whose inner name its province uses, too: told beside the field and refused while it is new; named in
the list of what to read again where it stands already, and then the commune's words are used."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from procedures import flow_actions, flows
from procedures.conversation import Desk
from procedures.models import Flow
from tests.procedures import flow_scenes as menus
from tests.procedures import scenes
from tests.tips.scenes import client_of
from zalopolice.refusals import Refused
from zalopolice.units.walls import unit_context


def draft_with_slug(office, slug, **words):
    with office.acting("tam") as by:
        words = {"name": "Chợ", "phrases": ["phiên chợ"], "does": "text", "text": "Thứ Năm"} | words
        return Flow.objects.create(unit=by.unit, slug=slug, written_by=by, **words)


def posted(flow, **changed):
    rows = {"items-TOTAL_FORMS": 0, "items-INITIAL_FORMS": 0}
    words = {"name": flow.name, "phrases": "\n".join(flow.phrases), "does": flow.does, "text": flow.text}
    return {"base": flow_actions.fingerprint(flow)} | words | rows | changed


def test_a_new_one_is_told_beside_its_name_and_takes_another_with_a_new_name(commune, province):
    own, above = scenes.editors_of(commune), menus.published(province, "Chợ tỉnh", phrases=["chợ"], text="x")
    flow, client = draft_with_slug(own, above.slug), client_of(commune, "giang")
    edit = f"/noi-dung/menu/{flow.pk}/sua/"

    answer = client.post(edit, posted(flow, text="Thứ Sáu"))
    page = answer.content.decode()
    assert answer.status_code == 422 and "Thứ Sáu" in page
    field = page[page.index('id="id_name"') : page.index('id="id_phrases"')]
    assert "với mục “Chợ tỉnh” của cấp trên" in field and 'id="id_name_error"' in field
    assert "với mục “Chợ tỉnh” của cấp trên" in client.get(f"/noi-dung/menu/{flow.pk}/").content.decode()
    with own.acting("tam") as by:
        for verb in (flow_actions.submit, lambda row, by: flow_actions.save_draft(row, {"text": "y"}, by=by)):
            with pytest.raises(Refused, match="Trùng tên máy"):
                verb(flow, by=by)

    assert client.post(edit, posted(flow, name="Chợ phiên", text="Thứ Sáu")).status_code == 302
    with own.acting("tam") as by:
        kept = Flow.objects.get(pk=flow.pk)
        assert (kept.slug, kept.text) == (f"cho-phien-{commune.unit.code}", "Thứ Sáu")
        flow_actions.submit(kept, by=by)


def test_the_reviewer_is_told_when_the_province_was_quicker(commune, province):
    own = scenes.editors_of(commune)
    waits = menus.submitted(own, "Chợ", phrases=["phiên chợ"], text="Thứ Năm")
    with province.acting("tam") as by:
        above = Flow.objects.create(
            unit=by.unit, slug=waits.slug, name="Tỉnh", text="x", phrases=["y y"], written_by=by
        )
        flow_actions.submit(above, by=by)
    with province.acting("viet") as by:
        menus.approve(above, by)
    answer = client_of(commune, "dung").post(
        f"/noi-dung/menu/{waits.pk}/cong-bo/", {"seen": flow_actions.fingerprint(waits)}
    )

    assert answer.status_code == 409 and "Trùng tên máy" in answer.content.decode()


def test_where_both_stand_the_communes_words_are_used_and_the_list_names_it(commune, other_commune, province):
    own = scenes.editors_of(commune)
    mine = menus.published(own, "Chợ", phrases=["phiên chợ"], text="Thứ Năm")
    with province.acting("tam") as by:
        words = {"name": "Tỉnh", "text": "Cả tỉnh", "phrases": ["hội chợ"], "written_by": by}
        above = Flow.objects.create(unit=by.unit, slug=mine.slug, **words)
        flow_actions.submit(above, by=by)
    with province.acting("viet") as by:
        menus.approve(above, by)

    for one, said, found in (
        (commune, "phiên chợ", "Thứ Năm"),
        (commune, "hội chợ", None),
        (other_commune, "hội chợ", "Cả tỉnh"),
    ):
        with one.zone("web"), unit_context(one.unit.pk):
            flow = flows.match(said, Desk(one.unit.pk))
        assert (flow and flow.text) == found
    client, told = client_of(commune, "giang"), "Trùng với mục “Tỉnh” của cấp trên; máy dùng mục của đơn vị"
    assert told in client.get("/noi-dung/thu-tuc/?muc=can").content.decode()
    assert told in client.get(f"/noi-dung/menu/{mine.pk}/").content.decode()
    assert told not in client_of(other_commune, "giang").get("/noi-dung/thu-tuc/?muc=can").content.decode()
    assert told not in scenes.client_for(province.tam).get("/noi-dung/thu-tuc/?muc=can").content.decode()
    with own.acting("tam") as by:
        again = flow_actions.new_draft(mine, by=by)
        flow_actions.save_draft(again, {"text": "Thứ Sáu", "name": "Chợ mới"}, by=by)
        flow_actions.submit(again, by=by)
        assert Flow.objects.get(pk=again.pk).slug == mine.slug  # menus lead to it
    with own.acting("viet") as by:
        menus.approve(again, by)


def test_the_database_keeps_the_name_menus_lead_to(commune):
    own = scenes.editors_of(commune)
    mine = menus.published(own, "Chợ", phrases=["phiên chợ"], text="Thứ Năm")
    with own.acting("tam") as by:
        again = flow_actions.new_draft(mine, by=by)
    for row in (mine, again):
        with own.acting("tam"), pytest.raises(DatabaseError), transaction.atomic():
            Flow.objects.filter(pk=row.pk).update(slug="khac")
