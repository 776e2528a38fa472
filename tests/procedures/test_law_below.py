"""A document the province has marked is changed for its communes, too: in their lists, as counts in the province's."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from procedures import actions
from procedures.models import LawChange, Version
from tests import cast
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.procedures.test_reviewing import LAW, NEW
from tests.tips.scenes import client_of


def page(client, tab="luat"):
    return re.sub(r"\s+", " ", client.get(f"/noi-dung/thu-tuc/?muc={tab}").content.decode())


def test_what_the_province_marks_is_counted_by_commune_and_listed_there(province, commune, zone):
    theirs, own = scenes.published(province), scenes.editors_of(commune)
    mine = scenes.published(own, "cho-phien", "Bán hàng ở chợ phiên")
    with own.acting("tam") as by:
        actions.override(theirs.procedure, hours="Thứ Ba", address="", contact="", by=by)
        actions.override(mine.procedure, hours="Thứ Tư", address="", contact="", by=by)
    other = cast.make_commune(zone, "dai-hong")
    above, below, beside = client_for(province.tam), client_of(commune, "giang"), client_of(other, "giang")

    assert "Ở các đơn vị bên dưới" not in page(above)
    assert above.post(NEW, LAW).status_code == 302
    counted = f"{commune.unit.name}: 1 thủ tục riêng, 1 phần riêng trong thủ tục của tỉnh</li>"
    assert counted in page(above) and counted in page(above, "can") and counted not in page(above, "")
    assert "Bán hàng" not in page(above) and other.unit.name not in page(above)

    listed = page(below)
    assert listed.count("68/2020/QH14 đã đổi theo 118/2025/QH15") == 2 and "Ở các đơn vị" not in listed
    assert "Bán hàng ở chợ phiên" in listed and "Đơn vị có phần riêng ở thủ tục này" in listed
    assert "Bán hàng" not in page(beside) and page(beside).count("118/2025/QH15") == 1  # the province's own text
    assert "118/2025" in below.get(f"/noi-dung/ban/{mine.pk}/").content.decode()
    assert "118/2025" not in below.get("/noi-dung/lawchange/").content.decode()  # only who marked it takes it back

    scenes.again(own, mine.procedure, name="Bán hàng ở chợ")
    assert counted in page(above)  # nobody has looked at the law
    looked = {"laws_checked": [{"number": "68/2020/QH14", "changed_by": "118/2025/QH15"}]}
    scenes.again(own, mine.procedure, content=mine.content | looked)
    assert "1 thủ tục riêng" not in page(above) and f"{commune.unit.name}: 1 phần riêng" in page(above)
    assert "Bán hàng" not in page(below)
    scenes.again(province, theirs.procedure, content=theirs.content | looked)
    assert commune.unit.name not in page(above) and "118/2025" not in page(below)


def test_what_only_a_commune_cites_may_be_marked_and_costs_one_question(province, commune, zone):
    laws = [{"name": "Nghị quyết", "number": "9/2024/NQ-HDND", "effective_date": "2024-02-05"}]
    scenes.published(scenes.editors_of(commune), "cho-phien", "Chợ phiên", content={"legal_basis": laws})
    above, given = client_for(province.tam), LAW | {"number": "9/2024/NQ-HDND"}
    page(above)

    with CaptureQueriesContext(connection) as before:
        page(above)
    assert above.post(NEW, given | {"number": "8/2024/NQ-HDND"}).status_code == 422
    assert above.post(NEW, given).status_code == 302
    assert f"{commune.unit.name}: 1 thủ tục riêng</li>" in page(above)
    with CaptureQueriesContext(connection) as after:
        page(above)
    assert len(after) <= len(before)


def test_the_wall_lets_marks_down_and_counts_up_and_nothing_else(province, commune):
    own = scenes.editors_of(commune)
    mine = scenes.published(own, "cho-phien", "Chợ phiên")
    theirs = scenes.published(province)
    with province.acting("tam") as by:
        mark = LawChange.objects.create(unit=by.unit, number="68/2020/QH14", changed_by="1/2026/QH15",
                                        effective_on="2026-07-01")  # fmt: skip
        assert not Version.objects.filter(pk=mine.pk).exists()
    ask = "SELECT unit, own, told FROM walls.citing_below('68/2020/QH14', NULL)"
    with own.acting("tam"), connection.cursor() as cursor:
        assert LawChange.objects.get().pk == mark.pk
        assert (
            LawChange.objects.filter(pk=mark.pk).update(note="x")
            == LawChange.objects.filter(pk=mark.pk).delete()[0]
            == 0
        )
        cursor.execute(ask)
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT count(*) FROM walls.citing_below('68/2020/QH14', NULL) WHERE unit = %s", [province.unit.pk]
        )
        assert cursor.fetchone() == (0,)
    with province.acting("tam"), connection.cursor() as cursor:
        cursor.execute(ask)
        assert cursor.fetchall() == [(commune.unit.pk, 1, 0)]
    with own.acting("tam") as by, pytest.raises(DatabaseError), transaction.atomic():
        LawChange.objects.create(unit=province.unit, number="2", changed_by="3", effective_on="2026-07-01")
    assert theirs.unit_id == province.unit.pk
