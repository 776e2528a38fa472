"""What the machine files and does not talk about: calls, voices, groups, floods, words of yesterday."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.gateway.test_inbox import body_of, put
from tests.tips.scenes import DANGER, TIP, again, case_at, client_of, entries, queries, text, waiting_item
from tips import actions, group_actions
from tips.models import Case, Filed, TrayItem
from zalopolice import quiet
from zalopolice.gateway import flood, outbox, rules
from zalopolice.gateway.models import ChannelRule, ChatGroup, Incident, Message
from zalopolice.units.models import Alert

VOICE = [{"type": "audio", "payload": {"url": "https://voice.zdn.vn/a.amr"}}]


def send(commune, name, at=None, citizen="dung", **more):
    body = body_of(commune, name) | more
    body["timestamp"] = str(int((at or timezone.now()).timestamp() * 1000))
    person = commune.user_id(citizen)
    for key in ("sender", "follower"):
        if key in body:
            body[key] = {"id": person}
    if "user_id" in body:
        body["user_id"] = person
    if "message" in body:
        body["message"]["msg_id"] = uuid.uuid4().hex
    put(commune.zone, body)


def in_group(commune, words, citizen="dung", at=None, group=""):
    body = body_of(commune, "user_send_group_text")
    if group:
        body["recipient"] = {"id": group}
    body["message"] |= {"text": words, "msg_id": uuid.uuid4().hex}
    body |= {
        "sender": {"id": commune.user_id(citizen)},
        "timestamp": str(int((at or timezone.now()).timestamp() * 1000)),
    }
    put(commune.zone, body)
    cast.work_inbox(commune.zone)
    with commune.zone("vault"):
        return Message.objects.exclude(group=None).latest("sent_at")


def rows(commune):
    with commune.zone("owner"):
        return list(Message.objects.filter(unit=commune.unit, direction="in").order_by("sent_at"))


def items(commune):
    with commune.acting("cuong") as officer:
        return list(TrayItem.objects.visible_to(officer).select_related("group"))


# --- calls ------------------------------------------------------------------------------------------------------------


def test_a_missed_call_waits_in_the_tray_without_a_number(commune, zone):
    send(commune, "user_call_oa", talk_time=0)

    cast.work_inbox(zone)

    [item] = items(commune)
    assert item.kind == "unsorted"
    assert cast.outbound(zone) == []
    client = client_of(commune, "cuong")
    page = text(client.get(f"/hop-tin/{item.pk}/"))
    assert "Người dân gọi qua Zalo lúc" in page and "không ai nghe máy" in page
    assert "Gọi qua Zalo" in text(client.get("/hop-tin/"))
    assert "84900000001" not in page


def test_a_call_of_a_source_lies_in_its_case(commune, zone):
    case = case_at(commune, "in_progress")
    send(commune, "user_call_oa", talk_time=130_000)
    send(commune, "oa_call_user", talk_time=20_000)

    cast.work_inbox(zone)

    assert again(commune, case).unread_since is not None
    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))
    assert "Người dân gọi qua Zalo lúc" in page and "nói chuyện 2 phút" in page
    assert "Đơn vị gọi người dân qua Zalo lúc" in page and "nói chuyện 20 giây" in page


def test_a_withdrawal_is_a_line_a_person_reads(commune, zone):
    send(commune, "user_withdraw")

    cast.work_inbox(zone)

    [item] = items(commune)
    assert "rút lại đồng ý" in text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))


# --- voices -----------------------------------------------------------------------------------------------------------

BEFORE = {
    "nothing": [],
    "asked what it is": ["Cho tôi hỏi với ạ"],
    "asked which procedure": ["Cho tôi hỏi với ạ", "2"],
    "given a procedure": ["Tôi muốn làm căn cước cho con"],
    "a waiting tip": [TIP],
}


@pytest.mark.parametrize("said", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("kind", ["audio", "image", "video"])
def test_a_voice_reaches_an_officer_whatever_was_said_before(commune, zone, said, kind):
    for words in said:
        commune.hears("dung", words)
        cast.work_inbox(zone)
    attachments = [VOICE[0] | {"type": kind}]
    commune.hears("dung", event_name=f"user_send_{kind}", attachments=attachments)

    cast.work_inbox(zone)

    voice = rows(commune)[-1]
    with commune.zone("owner"):
        place = Filed.objects.get(message=voice)
        assert TrayItem.objects.get(pk=place.tray_item_id).status == "waiting"


def test_a_voice_of_a_source_lies_in_its_case(commune, zone):
    case = case_at(commune, "in_progress")
    commune.hears("dung", event_name="user_send_audio", attachments=VOICE)

    cast.work_inbox(zone)

    with commune.zone("owner"):
        assert Filed.objects.filter(case=case).count() == 2


# --- groups -----------------------------------------------------------------------------------------------------------


def test_nobody_is_answered_in_a_group_and_nothing_waits(commune, zone):
    for words in ("Cho tôi hỏi giờ làm việc", TIP, "dừng"):
        in_group(commune, words)

    assert cast.outbound(zone) == []
    assert items(commune) == []
    with commune.zone("owner"):
        assert set(Message.objects.values_list("state", flat=True)) == {"routed"}


def test_danger_in_a_group_rings_at_once_and_says_where(commune, zone):
    in_group(commune, DANGER)

    [item] = items(commune)
    assert (item.is_urgent, item.kind) == (True, "tip")
    assert cast.outbound(zone) == []
    with commune.zone("owner"):
        ChatGroup.objects.update(name="Tổ dân phố 3")
        assert Alert.objects.filter(kind="danger").count() == 1
    assert "Tin từ nhóm Tổ dân phố 3" in text(client_of(commune, "cuong").get("/hop-tin/"))


def test_a_private_dialogue_is_not_answered_by_words_in_a_group(commune, zone):
    commune.hears("dung", "Cho tôi hỏi với ạ")
    cast.work_inbox(zone)

    in_group(commune, "1")

    assert len(cast.outbound(zone)) == 1
    assert items(commune)[0].kind == "unsorted"


def test_an_officer_makes_a_tip_of_words_in_a_group_once(commune, zone):
    message = in_group(commune, "Nhà bên cạnh có người lạ dọn đồ")
    group = message.group_id
    client = client_of(commune, "cuong")
    assert "Lập tin báo từ tin này" in text(client.get(f"/nhom/{group}/"))

    place = f"/nhom/{group}/lap-tin/{message.pk}/"
    first, second = client.post(place), client_of(commune, "binh").post(place)

    [item] = items(commune)
    assert first["Location"] == second["Location"] == f"/hop-tin/{item.pk}/"
    assert (item.kind, item.is_urgent, item.group_id) == ("tip", False, group)
    assert len(entries(commune, "group.tip_made")) == 1
    page = text(client.get(f"/nhom/{group}/"))
    assert f"/hop-tin/{item.pk}/" in page and "Lập tin báo từ tin này" not in page
    assert "Tin từ nhóm" in text(client.get(f"/hop-tin/{item.pk}/"))
    assert cast.outbound(zone) == []


def test_words_in_a_group_are_never_joined_with_what_their_writer_says_alone(commune, zone):
    """In the group everybody reads the writer's name: a thread that held both would tell who the source is."""
    secret = waiting_item(commune)
    quiet_words = in_group(commune, "Chào cả nhà, tôi là Lan ở tổ 3")
    in_group(commune, DANGER)
    with commune.acting("cuong") as officer:
        first, second = (group_actions.make_tip(quiet_words, by=officer) for _ in range(2))

    [open_one] = [one for one in items(commune) if one.pk != secret.pk]
    assert first.tray_item_id == second.tray_item_id == open_one.pk
    assert open_one.group_id == quiet_words.group_id and open_one.is_urgent
    with commune.zone("owner"):
        assert Filed.objects.filter(tray_item=secret).count() == 1
        assert Filed.objects.filter(tray_item=open_one).count() == 2
        assert TrayItem.objects.get(pk=secret.pk).group_id is None
    page = text(client_of(commune, "cuong").get(f"/nhom/{quiet_words.group_id}/"))
    assert secret.alias not in page and open_one.alias in page


def test_a_tip_of_a_group_shows_nothing_of_its_writers_case(commune, zone):
    case = case_at(commune, "in_progress")
    message = in_group(commune, "Chào cả nhà, tôi là Lan ở tổ 3")
    client = client_of(commune, "cuong")

    made = client.post(f"/nhom/{message.group_id}/lap-tin/{message.pk}/")

    page = text(client.get(made["Location"]))
    assert "Lan ở tổ 3" in page
    assert case.tip_code not in page and case.alias not in page


def test_who_speaks_in_two_groups_is_two(commune, zone):
    first = in_group(commune, "Một")
    second = in_group(commune, "Hai", group="g-2")

    assert first.group_id != second.group_id and first.citizen_id != second.citizen_id


def test_nobody_writes_back_to_who_spoke_in_a_group(commune, zone):
    message = in_group(commune, "Nhà bên cạnh có người lạ dọn đồ")
    client = client_of(commune, "cuong")
    client.post(f"/nhom/{message.group_id}/lap-tin/{message.pk}/")
    [item] = items(commune)

    page = text(client.get(f"/hop-tin/{item.pk}/"))
    assert "Người này nhắn trong nhóm; không trả lời riêng được." in page
    assert "nhắn riêng cho trang" in page and "reply-send" not in page
    refused = client.post(f"/hop-tin/{item.pk}/tra-loi/", {"text": "Chào bà", "once": str(uuid.uuid4())})
    assert refused.status_code == 409

    with commune.zone("vault"), pytest.raises(ValueError, match="nhắn trong nhóm"):
        outbox.answer(message, "safety")
    assert cast.outbound(zone) == []


def test_a_case_of_a_groups_tip_is_worked_to_its_end_without_a_word_to_its_source(commune, zone):
    message = in_group(commune, "Nhà bên cạnh có người lạ dọn đồ")
    case = case_of(commune, message)
    with commune.acting("an") as officer:
        actions.claim(case, by=officer)
    holder, place = client_of(commune, "an"), f"/vu-viec/{case.pk}/"

    page = text(holder.get(place))
    assert "không trả lời riêng được" in page and "reply-send" not in page
    assert holder.post(f"{place}tra-loi/", {"text": "Chào bà", "once": str(uuid.uuid4())}).status_code == 409
    with commune.acting("an") as officer:
        actions.propose_closing(case, result="verified", summary="Đã rõ", by=officer)
    chief = client_of(commune, "binh")
    page = text(chief.get(place))
    assert "nguồn tin nhận được lời sau" not in page and "không báo kết quả cho nguồn tin" in page
    with commune.acting("binh") as officer:
        actions.close(again(commune, case), by=officer)

    assert again(commune, case).status == "closed"
    assert cast.outbound(zone) == []


def test_danger_in_a_group_does_not_claim_that_the_machine_answered(commune, zone):
    in_group(commune, DANGER)
    [item] = items(commune)

    assert "Máy đã gửi lời dặn gọi 113" not in text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))


def case_of(commune, message):
    client = client_of(commune, "cuong")
    client.post(f"/nhom/{message.group_id}/lap-tin/{message.pk}/")
    [item] = items(commune)
    form = {"title": "Người lạ", "classification": Case.Classification.SECURITY, "messages": [str(message.pk)]}
    client.post(f"/hop-tin/{item.pk}/mo-vu-viec/", form)
    with commune.zone("owner"):
        return Case.objects.get()


def test_words_of_a_group_that_lie_in_a_case_are_read_there_only(commune, zone):
    message = in_group(commune, "Nhà bên cạnh có người lạ dọn đồ")
    in_group(commune, "Trời nóng quá")
    case = case_of(commune, message)
    client = client_of(commune, "cuong")

    page = text(client.get(f"/nhom/{message.group_id}/"))

    assert f"/vu-viec/{case.pk}/" in page and case.tip_code in page
    assert "Một tin đã vào vụ việc" in page
    assert "người lạ dọn đồ" not in page and "Trời nóng quá" in page


def test_groups_are_the_desks_and_of_their_unit(commune, other_commune, zone):
    message = in_group(commune, "Xin chào cả nhóm")
    place = f"/nhom/{message.group_id}/"

    assert client_of(commune, "cuong").get(place).status_code == 200
    assert client_of(commune, "an").get(place).status_code == 404
    assert client_of(commune, "an").get("/nhom/").status_code == 404
    assert client_of(other_commune, "cuong").get(place).status_code == 404
    assert client_of(other_commune, "cuong").post(f"{place}lap-tin/{message.pk}/").status_code == 404
    assert client_of(commune, "an").post(f"{place}lap-tin/{message.pk}/").status_code == 404


def test_speakers_are_told_apart_by_a_name_that_says_nothing(commune, zone):
    first = in_group(commune, "Một", "dung")
    in_group(commune, "Hai", "hoa")

    page = text(client_of(commune, "cuong").get(f"/nhom/{first.group_id}/"))

    names = {line.split(" · ")[0].split()[-1] for line in page.splitlines() if "Thành viên" in line}
    assert len(names) == 2
    for citizen in ("dung", "hoa"):
        assert commune.user_id(citizen) not in page


def test_the_pages_of_groups_ask_as_much_for_many_as_for_few(commune, zone):
    for number in range(3):
        in_group(commune, f"Tin {number}", f"p{number}")
    client = client_of(commune, "cuong")
    with commune.zone("owner"):
        group = ChatGroup.objects.get()
    few = queries(client, "/nhom/"), queries(client, f"/nhom/{group.pk}/")
    for number in range(12):
        in_group(commune, f"Thêm {number}", f"p{number}")

    assert (queries(client, "/nhom/"), queries(client, f"/nhom/{group.pk}/")) == few
    assert max(few) <= 12


# --- floods -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def limits(commune, zone):
    """A person may write 3 a minute and 6 a day, everybody together 8 an hour."""
    with zone("owner"):
        before = {row.pk: row.value for row in ChannelRule.objects.filter(name__startswith="flood_")}
        for name, value in (("person_minute", 3), ("person_day", 6), ("unit_hour", 8)):
            ChannelRule.objects.filter(name=f"flood_{name}").update(value=value)
    rules.forget()
    quiet._told.clear()
    yield
    with zone("owner"):
        for pk, value in before.items():
            ChannelRule.objects.filter(pk=pk).update(value=value)
    rules.forget()


ASKED = "Cho tôi hỏi với ạ"


def pour(commune, number, words="Nhà bên hát to quá", citizen="dung", start=None, apart=1.0):
    start = start or timezone.now() - timedelta(minutes=30)
    for place in range(number):
        commune.hears(citizen, f"{words} {place}", at=start + timedelta(seconds=place * apart))
    cast.work_inbox(commune.zone)


@pytest.mark.usefixtures("limits")
def test_too_much_is_kept_in_the_same_thread_and_answered_once(commune, zone):
    pour(commune, 7, ASKED)

    [item] = items(commune)
    assert [row.is_flood for row in rows(commune)] == [False] * 3 + [True] * 4
    with commune.zone("owner"):
        assert Filed.objects.filter(tray_item=item).count() >= 5
    said = [row.text for row in cast.outbound(zone) if row.business_key.startswith("flooding:")]
    assert len(said) == 1 and "nhận được tất cả tin" in said[0]
    page = text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))
    assert "Người này gửi dồn dập; tin vẫn được giữ đủ" in page
    assert "và 3 tin nữa" in page
    assert page.count(ASKED) >= 5


@pytest.mark.usefixtures("limits")
def test_inside_a_tip_nobody_is_told_that_they_write_too_much(commune, zone):
    pour(commune, 7, "Tôi báo tin: nhà bên đánh bạc")

    assert [row.is_flood for row in rows(commune)][3:] == [True] * 4
    assert [row.business_key.split(":")[0] for row in cast.outbound(zone)] == ["tip_received"]


@pytest.mark.usefixtures("limits")
def test_slower_than_the_limit_is_no_flood_but_a_day_has_one_too(commune, zone):
    pour(commune, 8, apart=25.0)

    assert [row.is_flood for row in rows(commune)] == [False] * 6 + [True] * 2


@pytest.mark.usefixtures("limits")
def test_danger_in_a_flood_rings_and_the_safety_text_comes_once(commune, zone):
    pour(commune, 4)
    with commune.zone("owner"):
        Alert.objects.all().delete()

    pour(commune, 3, DANGER, start=timezone.now() - timedelta(minutes=29, seconds=50))

    [item] = items(commune)
    assert item.is_urgent
    assert all(row.is_flood for row in rows(commune)[-3:])
    with commune.zone("owner"):
        assert Alert.objects.filter(kind="danger").count() == 1
        assert Filed.objects.filter(is_danger=True).count() == 3
    assert len([row for row in cast.outbound(zone) if row.business_key.startswith("safety:")]) == 1


@pytest.mark.usefixtures("limits")
def test_a_flood_into_a_case_rings_no_bell(commune, zone):
    case = case_at(commune, "in_progress")
    pour(commune, 3)
    with commune.zone("owner"):
        Alert.objects.all().delete()

    pour(commune, 2, start=timezone.now() - timedelta(minutes=29, seconds=50))

    with commune.zone("owner"):
        assert Filed.objects.filter(case=case).count() == 6
        assert not Alert.objects.filter(kind="case_news").exists()
    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))
    assert "và 1 tin nữa" in page and "gửi dồn dập" in page


@pytest.mark.usefixtures("limits")
def test_when_everybody_writes_answers_pause_and_tips_do_not(commune, zone):
    for number in range(8):
        pour(commune, 1, ASKED, f"p{number}")
    answered = len(cast.outbound(zone))

    pour(commune, 1, TIP, "p20")
    pour(commune, 1, DANGER, "p21", start=timezone.now())

    assert answered == 8
    texts = [row.business_key.split(":")[0] for row in cast.outbound(zone)[answered:]]
    assert texts == ["tip_received", "safety"]
    assert len(items(commune)) == 10
    assert [item.tip_code != "" for item in items(commune) if item.kind == "tip"].count(True) == 1
    assert not any(row.is_flood for row in rows(commune))
    with commune.zone("owner"):
        assert Incident.objects.get(kind="flood").unit_id == commune.unit.pk


@pytest.mark.usefixtures("limits")
def test_measuring_costs_one_query(commune, zone, django_assert_num_queries):
    pour(commune, 5)
    with zone("vault"):
        message = Message.objects.filter(direction="in").latest("sent_at")
        flood.measure(message)
        with django_assert_num_queries(1):
            assert flood.measure(message).person


@pytest.mark.usefixtures("limits")
def test_who_says_stop_in_a_flood_is_heard(commune, zone):
    pour(commune, 4)
    commune.hears("dung", "dừng", at=timezone.now() - timedelta(minutes=29, seconds=50))

    cast.work_inbox(zone)

    with zone("vault"):
        assert Message.objects.filter(direction="in").first().citizen.wants_silence


# --- late -------------------------------------------------------------------------------------------------------------


def test_words_of_yesterday_are_filed_and_not_answered(commune, zone):
    for citizen, words in (("dung", TIP), ("hoa", "Cho tôi hỏi với ạ"), ("lan", DANGER)):
        commune.hears(citizen, words, at=timezone.now() - timedelta(hours=25))

    cast.work_inbox(zone)

    assert cast.outbound(zone) == []
    assert sorted(item.is_urgent for item in items(commune)) == [False, False, True]


def test_a_late_message_says_so_and_stands_at_its_place(commune, zone):
    commune.hears("dung", "Tin thứ hai", at=timezone.now() - timedelta(minutes=1))
    cast.work_inbox(zone)
    commune.hears("dung", "Tin thứ nhất", at=timezone.now() - timedelta(minutes=40))
    cast.work_inbox(zone)

    [item] = items(commune)
    page = text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))

    assert page.count("Đến muộn, gửi lúc") == 1
    thread = page[page.index('<ol class="thread">') :]
    assert thread.index("Tin thứ nhất") < thread.index("Tin thứ hai")


def test_seen_and_delivered_stand_under_our_words(commune, zone):
    item = waiting_item(commune)
    client = client_of(commune, "cuong")
    with zone("vault"):
        bot = Message.objects.get(direction="out")
        Message.objects.update(state="sent")
        Message.objects.filter(pk=bot.pk).update(delivered_at=timezone.now())
    assert "Đã tới máy người dân" in text(client.get(f"/hop-tin/{item.pk}/"))
    with zone("vault"):
        Message.objects.filter(pk=bot.pk).update(seen_at=timezone.now())
    assert "Người dân đã xem" in text(client.get(f"/hop-tin/{item.pk}/"))
