"""Opening a case from chosen messages."""

import threading
import time
import uuid

import pytest
from django.db import connections

from tests import cast
from tests.tips.scenes import NOBODY, TITLE, again, client_of, entries, text, waiting_item
from tips import tray_actions
from tips.models import Case, Filed, TrayItem

pytestmark = pytest.mark.usefixtures("commune")


def form_of(commune, item, **changes):
    with commune.acting("cuong"):
        chosen = [str(pk) for pk in item.unsorted_messages().values_list("pk", flat=True)]
    form = {"messages": chosen, "title": TITLE, "classification": "vphc", "area": str(commune.area.pk)}
    return form | changes


def url(item):
    return f"/hop-tin/{item.pk}/mo-vu-viec/"


def test_a_case_is_opened_and_the_thread_leaves_the_tray(commune):
    item = waiting_item(commune)

    answer = client_of(commune, "cuong").post(url(item), form_of(commune, item), follow=True)

    with commune.acting("binh") as chief:
        case = Case.objects.visible_to(chief).get()
        assert (case.title, case.area, case.tip_code) == (TITLE, commune.area, item.tip_code)
    assert again(commune, item).status == TrayItem.Status.SORTED
    assert case.tip_code in text(answer) and answer.redirect_chain[-1][0] == f"/vu-viec/{case.pk}/"
    assert len(entries(commune, "case.opened")) == 1


def test_the_code_is_told_once(commune, zone):
    item = waiting_item(commune)

    client_of(commune, "cuong").post(url(item), form_of(commune, item))

    assert len(cast.outbound(zone)) == 1  # the automatic answer had told it


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": "  "}, "Ghi việc gì, ở đâu"),
        ({"title": "x" * 161}, "Thừa 1 ký tự"),
        ({"title": "x" * 500_000}, "Thừa"),
        ({"title": "a\x00b"}, "máy không đọc được"),
        ({"classification": "murder"}, "Chọn phân loại"),
        ({"classification": ""}, "Chọn phân loại"),
        ({"area": str(NOBODY)}, "Địa bàn này không còn dùng"),
        ({"area": "\x00"}, "Địa bàn này không còn dùng"),
        ({"messages": []}, "Hãy chọn ít nhất một tin nhắn"),
        ({"messages": ["x"]}, "không còn chờ ở đây"),
        ({"messages": [str(NOBODY)]}, "không còn chờ ở đây"),
    ],
)
def test_a_wrong_form_comes_back_with_a_sentence_and_nothing_lost(commune, changes, said):
    item = waiting_item(commune)

    answer = client_of(commune, "cuong").post(url(item), form_of(commune, item, **changes))

    assert answer.status_code == 422
    assert said in text(answer)
    assert changes.get("title", TITLE).strip() in text(answer)
    if "messages" not in changes:
        assert " checked" in text(answer)
    assert again(commune, item).status == TrayItem.Status.WAITING


def test_an_error_is_tied_to_its_field(commune):
    item = waiting_item(commune)

    page = text(client_of(commune, "cuong").post(url(item), form_of(commune, item, title="")))

    assert 'aria-describedby="sort_title_helptext sort_title_error"' in page
    assert 'aria-invalid="true"' in page and 'id="sort_title_error"' in page and "autofocus" in page


def test_missing_fields_are_no_accident(commune):
    item = waiting_item(commune)

    assert client_of(commune, "cuong").post(url(item), {}).status_code == 422


def test_words_of_another_thread_cannot_be_taken_along(commune):
    item, other = waiting_item(commune, "dung"), waiting_item(commune, "hoa")
    foreign = form_of(commune, other)["messages"]

    answer = client_of(commune, "cuong").post(url(item), form_of(commune, item, messages=foreign))

    assert answer.status_code == 422
    assert again(commune, other).status == TrayItem.Status.WAITING


def test_an_area_of_another_unit_is_unknown(commune, other_commune):
    item = waiting_item(commune)

    answer = client_of(commune, "cuong").post(url(item), form_of(commune, item, area=str(other_commune.area.pk)))

    assert answer.status_code == 422


def test_what_somebody_else_has_just_sorted_is_refused_with_the_words_kept(commune):
    item = waiting_item(commune)
    form = form_of(commune, item, title="Việc đang gõ dở")
    with commune.acting("dung") as deputy:
        tray_actions.sort_out(item, by=deputy)

    answer = client_of(commune, "cuong").post(url(item), form)

    assert answer.status_code == 409
    assert "Mục này đã được xếp." in text(answer) and "Việc đang gõ dở" in text(answer)


def test_a_second_case_of_one_thread_gets_a_code_of_its_own(commune, zone):
    item = waiting_item(commune, "dung", "Tôi muốn báo tin: đánh bạc", "Còn việc nữa: trộm xe")
    first, second = form_of(commune, item)["messages"]
    client = client_of(commune, "cuong")

    client.post(url(item), form_of(commune, item, messages=[first]))
    answer = client.post(url(item), form_of(commune, item, messages=[second], title="Trộm xe"))

    assert answer.status_code == 302
    with commune.acting("binh") as chief:
        codes = [case.tip_code for case in Case.objects.visible_to(chief).order_by("opened_at")]
    assert codes[0] == item.tip_code != codes[1]
    assert any(codes[1] in message.text for message in cast.outbound(zone))


def test_only_chosen_messages_move(commune):
    item = waiting_item(commune, "dung", "Tôi muốn báo tin: đánh bạc", "Cảm ơn")
    first, second = form_of(commune, item)["messages"]

    client_of(commune, "cuong").post(url(item), form_of(commune, item, messages=[first]))

    assert again(commune, item).status == TrayItem.Status.WAITING
    with commune.acting("cuong"):
        assert Filed.objects.get(message_id=uuid.UUID(second)).case is None


def test_a_message_that_comes_while_the_thread_is_sorted_opens_a_new_one(commune, zone):
    item = waiting_item(commune)
    commune.hears("dung", "Còn nữa")

    def route() -> None:
        cast.work_inbox(zone)
        connections.close_all()

    with commune.acting("cuong") as officer:
        tray_actions.sort_out(item, by=officer)
        worker = threading.Thread(target=route)
        worker.start()
        time.sleep(0.5)  # the worker stands at the locked thread now
    worker.join(20)

    with commune.acting("cuong") as officer:
        new = TrayItem.objects.visible_to(officer).waiting().get()
        assert [message.text for message in new.unsorted_messages()] == ["Còn nữa"]
