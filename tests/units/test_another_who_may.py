"""Where two people are needed: who hands in is told the truth about whether there is a second one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from procedures import actions
from tests.broadcasts import scenes as posts
from tests.procedures import flow_scenes, scenes
from tests.procedures.scenes import client_for
from tests.tips.scenes import case_at, client_of, once
from zalopolice.units.models import Membership, Officer
from zalopolice.units.roles import Permission, Role

pytestmark = pytest.mark.usefixtures("commune")


def leave(commune, *names, **more):
    """The roles of these officers end now, unless ``more`` says how else they cannot act."""
    rows = Membership.objects.filter(officer__in=[commune.officers[name].pk for name in names])
    with commune.zone("owner"):
        rows.update(**(more or {"ended_at": timezone.now()}))


def others(commune, permission, name="giang", but=()):
    with commune.acting(name) as by:
        found = Membership.objects.visible_to(by).others_who_may(
            permission, by, [commune.officers[one].pk for one in but]
        )
        return {row.officer_id for row in found}


def test_others_are_those_of_the_unit_who_hold_the_right_today(commune, other_commune):
    review = Permission.PROCEDURE_REVIEW
    assert others(commune, review) == {commune.dung.pk, commune.binh.pk}
    assert others(commune, review, but=["binh"]) == {commune.dung.pk}
    leave(commune, "binh", since=timezone.localdate() + timedelta(days=1))
    assert others(commune, review) == {commune.dung.pk}
    with commune.zone("owner"):
        Officer.objects.filter(pk=commune.dung.pk).update(is_active=False)
    assert others(commune, review) == set()


def test_a_deputy_counts_for_posts_once_deputed_in_writing(commune):
    assert others(commune, Permission.POST_APPROVE, "binh") == set()
    facts = {"role": Role.DEPUTY_CHIEF, "since": timezone.localdate(), "deputation": "12/UQ"}
    with commune.zone("owner"):
        Membership.objects.create(unit=commune.unit, officer=commune.dung, **facts)
    assert others(commune, Permission.POST_APPROVE, "binh") == {commune.dung.pk}
    assert others(commune, Permission.ROLE_GRANT, "dung") == {commune.binh.pk}


def version_of(commune):
    row = scenes.draft(scenes.editors_of(commune))
    return client_for(commune.giang), f"/noi-dung/ban/{row.pk}/trinh/", {}


def menu_of(commune):
    row = flow_scenes.draft(scenes.editors_of(commune), "Giờ họp", phrases=["giờ họp"], text="Thứ Năm")
    return client_for(commune.giang), f"/noi-dung/menu/{row.pk}/trinh/", {}


def post_of(commune):
    row = posts.post_at(commune, writer="binh")
    return client_of(commune, "binh"), f"/bai-dang/{row.post_id}/gui-duyet/", {"revision": "1"}


def case_of(commune):
    row = case_at(commune, "in_progress", by="binh")
    given = {"result": "warned", "summary": "Đã nhắc nhở", "once": once()}
    return client_of(commune, "binh"), f"/vu-viec/{row.pk}/de-nghi-ket-thuc/", given


PAGES = [
    (version_of, ("dung", "binh"), "Người thẩm định được báo"),
    (menu_of, ("dung", "binh"), "Người thẩm định được báo"),
    (case_of, ("dung",), "Lãnh đạo đơn vị sẽ duyệt"),
]


@pytest.mark.parametrize(("story", "others", "promised"), PAGES)
@pytest.mark.parametrize("alone", [False, True])
def test_nobody_is_promised_who_is_not_there(commune, story, others, promised, alone):
    client, path, given = story(commune)
    leave(commune, *(others if alone else ()))

    page = client.post(path, given, follow=True).content.decode()

    assert (promised in page, "Cán bộ và vai trò” giao" in page) == (not alone, alone)


@pytest.mark.parametrize("deputed", [False, True])
def test_a_post_says_when_nobody_else_may_approve_it(commune, deputed):
    client, path, given = post_of(commune)
    if deputed:
        facts = {"role": Role.DEPUTY_CHIEF, "since": timezone.localdate(), "deputation": "12/UQ"}
        with commune.zone("owner"):
            Membership.objects.create(unit=commune.unit, officer=commune.dung, **facts)

    page = client.post(path, given, follow=True).content.decode()

    assert "Đã gửi duyệt bản 1" in page and ("chưa có ai khác được duyệt" in page) == (not deputed)


def test_who_wrote_in_it_as_well_is_no_second_person(commune):
    row = scenes.draft(scenes.Office(commune.unit, commune.dung, commune.binh))
    with commune.acting("giang") as by:
        actions.save_draft(row, {"name": "Đăng ký tạm trú, sửa"}, by=by)
    leave(commune, "binh")

    page = client_for(commune.giang).post(f"/noi-dung/ban/{row.pk}/trinh/", follow=True).content.decode()

    assert "Người thẩm định được báo" not in page and "chưa có ai khác" in page
