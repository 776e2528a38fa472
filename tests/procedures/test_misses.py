"""What the bot could not answer: kept without who asked, put together weekly, made a draft by one click."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from procedures import actions, cluster_actions, clusters, misses
from procedures.models import Miss, MissCluster, MissWeek, Outcome, Version
from tests import cast
from tests.procedures import scenes
from tests.tips.scenes import client_of
from zalopolice import tasks
from zalopolice.audit.models import Entry
from zalopolice.refusals import Refused

State = MissCluster.State
LIST, COUNTS = "/noi-dung/cau-hoi/", "/noi-dung/so-lieu/"


def asked(commune, *texts, **read):
    """What an editor finds on Monday."""
    scenes.asked_in_vain(commune, *texts, **read)
    with commune.acting("giang") as by:
        return list(MissCluster.objects.visible_to(by).order_by("-size"))


def test_a_question_is_kept_encrypted_and_a_report_or_a_person_s_own_business_is_not(commune):
    scenes.note(commune, "đăng ký ở trọ cho Nguyễn Văn An 0912345678", kind="ask_back")
    scenes.note(commune, "làm giấy phép nuôi chim", kind="handoff", candidates=(("other", 0.3),))
    for text, read in (
        ("hàng xóm đánh bạc", {"topic": "report"}),
        ("có người đánh bạc", {"candidates": (("tip", 0.2), ("other", 0.1))}),
        ("hồ sơ của tôi xong chưa", {"kind": "handoff", "topic": "lookup_id_result"}),
        ("Nguyễn Văn An 001099123456", {"kind": "handoff", "rule": "a name and a number"}),
        ("đăng ký tạm trú", {"kind": "answer"}),
        ("…", {}),
    ):
        scenes.note(commune, text, **read)

    with commune.acting("giang") as by:
        kept = sorted((miss.kind, miss.text) for miss in Miss.objects.visible_to(by))
        numbers = Outcome.objects.visible_to(by).filter(slug="", kind="handed_over").count()
    assert kept == [("asked_back", "đăng ký ở trọ cho …"), ("handed_over", "làm giấy phép nuôi chim")]
    assert numbers == 2  # the one that was not kept is counted all the same
    with commune.zone("owner"), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(encode(text, 'escape'), ' ') FROM procedures_miss")
        assert "chim" not in cursor.fetchone()[0]
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'procedures_miss'")
        assert {row[0] for row in cursor} == {
            "id",
            "unit_id",
            "monday",
            "kind",
            "labels",
            "text",
            "times",
            "cluster_id",
        }


def press(client, cluster, act, *picked):
    return client.post(f"{LIST}{cluster.pk}/{act}/", {"cau": picked})


FARM = ("cá", "gà", "vịt", "bò", "chó", "mèo")
BIRDS = [
    "làm giấy phép nuôi chim yến",
    "lam giay phep nuoi chim yen",
    "giấy phép nuôi chim yến ở đâu",
    "làm giấy phép nuôi chim yến",
]


def test_the_same_sentences_give_the_same_groups_in_any_order():
    rows = [
        Miss(id=uuid.uuid4(), labels=["x"], text=text) for text in (*BIRDS, "đổi tên khai sinh", "thuê nhà văn hóa")
    ]

    def shape(order):
        return [sorted(miss.text for miss in group.misses) for group in clusters.grouped(order)]

    assert shape(rows) == shape(rows[::-1]) == shape(rows[3:] + rows[:3])
    assert [len(group) for group in shape(rows)] == [4, 1, 1]


def test_a_week_is_put_together_when_it_is_over_and_one_click_makes_a_draft(commune):
    mine = scenes.published(scenes.editors_of(commune), synonyms=["kt3"])
    client = client_of(commune, "giang")
    scenes.note(commune, "khai báo ở trọ")
    with commune.zone("worker"):
        tasks.put_misses_together()
    assert "Không còn nhóm câu nào" in client.get(LIST).content.decode()  # this week is not over

    scenes.note(commune, BIRDS[0], candidates=(("other", 0.2),))
    words = ("khai báo ở trọ cho Lê Thị Mai 0912345678", "khai báo ở trọ", "khai bao o tro", "Khai báo ở trọ ạ")
    [trips, birds] = asked(commune, *words)
    page = client.get(LIST).content.decode()

    assert "gần với “Đăng ký tạm trú”" in page
    assert "chưa có thủ tục nào gần" in page
    assert "0912345678" not in page
    assert "Lê Thị Mai" not in page
    assert page.count('type="checkbox" name="cau"') == 4 and not re.search(r"<input[^>]*name=.cau.[^>]*checked", page)
    for none in ((), ("câu nào đó",)):
        refused = press(client, trips, "ban-soan", *none)
        assert refused.status_code == 409 and "Đánh dấu ít nhất một câu" in refused.content.decode()
    answer = press(client, trips, "ban-soan", "Khai báo ở trọ ạ", "khai báo ở trọ", "câu nào đó")
    with commune.acting("giang") as by:
        draft = Version.objects.visible_to(by).get(procedure=mine.procedure, state="draft")
        trips.refresh_from_db()
        assert answer.url == f"/noi-dung/ban/{draft.pk}/sua/"
        assert draft.synonyms == ["kt3", "khai báo ở trọ", "Khai báo ở trọ ạ"]  # what is written most comes first
        assert trips.state == State.DRAFTED
    assert press(client, birds, "ban-soan", BIRDS[0]).status_code == 302
    with commune.acting("giang") as by:
        new = Version.objects.visible_to(by).select_related("procedure").get(name="làm giấy phép nuôi chim yến")
        assert (new.state, new.synonyms) == ("draft", ["làm giấy phép nuôi chim yến"])
        assert "chim" not in new.procedure.slug  # a citizen's words stand in no address and no log
    assert press(client, birds, "ban-soan", BIRDS[0]).status_code == 409  # done already
    assert "Đã đưa vào bản soạn" in client.get(f"{LIST}?muc=da-xem").content.decode()
    with commune.zone("owner"):
        kinds = set(Entry.objects.filter(kind__startswith="procedure.misses").values_list("kind", flat=True))
    assert kinds == {"procedure.misses_drafted"}


def test_a_commune_passes_up_what_is_the_province_s_and_the_province_sees_no_more_than_that(commune, zone):
    province = scenes.province_of(commune)
    theirs = scenes.published(province, synonyms=["kt3"])
    [one, other] = asked(commune, "khai báo ở trọ cho khách", "khai báo ở trọ cho khách thuê", "thuê phòng trọ cần gì")
    client, above = client_of(commune, "giang"), scenes.client_for(province.tam)

    with commune.acting("giang") as by, pytest.raises(Refused):
        cluster_actions.draft(one, picked=["khai báo ở trọ cho khách"], by=by)
    assert "Đề nghị cấp trên bổ sung" in client.get(LIST).content.decode()
    assert "khai báo" not in above.get(LIST).content.decode()
    assert press(above, one, "ban-soan", "khai báo ở trọ cho khách").status_code == 404
    assert press(client, one, "de-nghi").status_code == 409
    assert press(client, one, "de-nghi", "khai báo ở trọ cho khách").status_code == 302
    assert client.post(f"{LIST}{other.pk}/bo-qua/").status_code == 302
    page = above.get(LIST).content.decode()
    assert "khai báo ở trọ cho khách" in page
    assert f"{commune.unit.name} đề nghị" in page
    assert "thuê phòng trọ" not in page and "khách thuê" not in page
    with province.acting("tam"):
        assert Miss.objects.count() == 0  # the sentences themselves stay in the commune
    assert press(above, one, "ban-soan", "khai báo ở trọ cho khách").status_code == 302
    with province.acting("tam"):
        draft = Version.objects.get(procedure=theirs.procedure, state="draft")
        assert draft.synonyms == ["kt3", "khai báo ở trọ cho khách"]
    with province.acting("tam") as by, pytest.raises(PermissionDenied):
        cluster_actions.drop(MissCluster.objects.get(pk=one.pk), by=by)


def test_what_is_asked_for_from_below_becomes_one_new_procedure_however_often_it_is_pressed(commune):
    province = scenes.province_of(commune)
    [one] = asked(commune, BIRDS[0], candidates=(("other", 0.2),))
    with commune.acting("giang") as by:
        cluster_actions.propose(one, picked=BIRDS[:1], by=by)
    above = scenes.client_for(province.tam)

    first, second = (press(above, one, "ban-soan", BIRDS[0]) for _ in range(2))

    assert first.status_code == 302 and second.url == first.url
    with province.acting("tam") as by:
        draft = Version.objects.get()
        actions.save_draft(draft, {"content": scenes.CONTENT}, by=by)
        actions.submit(draft, by=by)
    assert press(above, one, "ban-soan", BIRDS[0]).status_code == 409  # it waits for the reviewer
    with province.acting("viet") as by:
        scenes.approve(draft, by)
    page = above.get(LIST).content.decode()
    assert "gần với “làm giấy phép nuôi chim yến”" in page and "đã có các cách gọi này" in page
    with province.acting("tam"):
        assert Version.objects.count() == 1


def test_what_was_kept_before_a_rule_of_masking_is_shown_by_it(commune, monkeypatch):
    province = scenes.province_of(commune)
    scenes.published(province)
    monkeypatch.setattr(misses, "masked", str)
    [one] = asked(commune, "khai báo ở trọ cho trần minh quân")
    client, above = client_of(commune, "giang"), scenes.client_for(province.tam)

    assert "minh quân" not in client.get(LIST).content.decode()
    with commune.zone("owner"):
        MissCluster.objects.update(state=State.PROPOSED, phrases=["khai báo ở trọ cho trần minh quân"])
    page = above.get(LIST).content.decode()
    assert "khai báo ở trọ cho" in page and "minh quân" not in page
    press(above, one, "ban-soan", "khai báo ở trọ cho")
    with province.acting("tam"):
        assert Version.objects.get(state="draft").synonyms == ["kt3", "khai báo ở trọ cho"]


def test_another_commune_and_other_roles_see_nothing(commune, zone):
    [one] = asked(commune, "khai báo ở trọ cho khách")
    foreign = client_of(cast.make_commune(zone, "dai-hong"), "giang")

    assert "khai báo" not in foreign.get(LIST).content.decode()
    for act in ("ban-soan", "de-nghi", "bo-qua"):
        assert foreign.post(f"{LIST}{one.pk}/{act}/").status_code == 404
    for name in ("an", "cuong", "huy", "khanh"):
        assert client_of(commune, name).get(LIST).status_code == 404
        assert client_of(commune, name).get(COUNTS).status_code == 404


def test_lists_cost_the_same_with_one_row_and_with_many(commune, django_assert_max_num_queries):
    scenes.published(scenes.editors_of(commune))
    asked(commune, "khai báo ở trọ cho khách")
    client = client_of(commune, "giang")
    client.get(LIST)
    with django_assert_max_num_queries(18):
        client.get(LIST)
    asked(commune, *(f"{word} {other} thế nào" for word in FARM for other in ("nuôi", "bán")))
    with django_assert_max_num_queries(18):
        client.get(LIST)
    with django_assert_max_num_queries(14):
        client.get(COUNTS)


def test_counts_are_numbers_by_procedure_and_month_and_say_what_they_mean(commune):
    scenes.published(scenes.editors_of(commune))
    with scenes.routing(commune):
        for kind in ("answered", "answered", "answered", "wrong", "asked_back", "asked_back"):
            misses.count(commune.unit.pk, "dang-ky-tam-tru", kind)
        Outcome.objects.create(unit=commune.unit, slug="tach-ho", kind="answered", month=date(2026, 9, 1), times=1200)
        Outcome.objects.create(unit=commune.unit, slug="tach-ho", kind="answered", month=date(2026, 9, 1))
    client = client_of(commune, "giang")
    page, september = client.get(COUNTS).content.decode(), client.get(f"{COUNTS}?thang=2026-09").content.decode()

    cells = '<td>Đăng ký tạm trú</td><td class="number">3</td><td class="number">2</td><td class="number">0</td>'
    assert cells in page
    assert "Số thẻ hướng dẫn máy đã gửi, chỉ từ bản đang công bố" in page
    assert '<td>tach-ho</td><td class="number">1.201</td>' in september
    asked(commune, "khai báo ở trọ")  # the weekly round also folds the months that are over
    with commune.zone("owner"):
        assert list(Outcome.objects.filter(slug="tach-ho").values_list("times", flat=True)) == [1201]
        assert Outcome.objects.filter(slug="dang-ky-tam-tru").count() == 6
    assert '<td>tach-ho</td><td class="number">1.201</td>' in client.get(f"{COUNTS}?thang=2026-09").content.decode()


def test_old_sentences_are_forgotten_and_a_broken_place_means_the_start(commune):
    [old] = asked(commune, "khai báo ở trọ")
    with commune.zone("owner"):
        past = timezone.localdate() - clusters.KEPT - timedelta(days=30)
        for model in (Miss, MissCluster, MissWeek):
            model.objects.update(monday=past)
    asked(commune, "khai báo ở trọ cho khách")

    with commune.zone("owner"):
        assert MissCluster.objects.count() == MissWeek.objects.count() == Miss.objects.count() == 1
        assert not MissCluster.objects.filter(pk=old.pk).exists()
    assert client_of(commune, "giang").get(f"{LIST}?sau=xyz").status_code == 200
