"""What should be read again is listed with its reason; what has been read again leaves the list."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures import fees, sheet
from procedures.models import LawChange, Version
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.tips.scenes import client_of

LAW = {"number": " 68/2020/qh14", "changed_by": "118/2025/QH15", "effective_on": "2026-07-01", "note": "Bỏ xác nhận"}
NEW = "/noi-dung/lawchange/moi/"


def listed(client, tab):
    page = client.get(f"/noi-dung/thu-tuc/?muc={tab}").content.decode()
    names = ("Đăng ký tạm trú", "Tách hộ", "Khai báo", "Lưu trú")
    return {name for name in names if f"<b>{name}</b>" in page}, page


def test_each_reason_lists_its_procedures_and_says_why(province):
    today = timezone.localdate()
    laws = [{"name": "Thông tư", "number": "75/2022/TT-BTC", "effective_date": "2023-02-05"}]
    until = {"case": "Nộp trực tiếp", "amount_vnd": 5000, "valid_until": f"{today + timedelta(days=30)}"}
    after = until | {"valid_until": f"{today + timedelta(days=31)}"}
    first = scenes.published(province)
    scenes.published(province, "tach-ho", "Tách hộ", review_due=today, content={"legal_basis": laws})
    scenes.published(province, "khai-bao", "Khai báo", content={"legal_basis": laws, "fee": [until]})
    scenes.published(province, "luu-tru", "Lưu trú", content={"legal_basis": laws, "fee": [after]})
    client = client_for(province.tam)

    assert listed(client, "luat")[0] == set()
    marked = client.post(NEW, LAW)
    assert marked["Location"] == "/noi-dung/thu-tuc/?muc=luat"
    names, page = listed(client, "luat")
    assert names == {"Đăng ký tạm trú"} and "68/2020/QH14 đã đổi theo 118/2025/QH15 từ 01/07/2026" in page
    assert listed(client, "hen")[0] == {"Tách hộ"} and f"hẹn xem lại {today:%d/%m/%Y}" in listed(client, "hen")[1]
    assert listed(client, "phi")[0] == {"Khai báo"} and "một mức phí hết ngày" in listed(client, "phi")[1]
    assert listed(client, "can")[0] == {"Đăng ký tạm trú", "Tách hộ", "Khai báo"}
    assert "đã đổi theo 118/2025/QH15" in client.get(f"/noi-dung/ban/{first.pk}/").content.decode()

    scenes.again(province, first.procedure, content=first.content | {"legal_basis": laws})
    assert listed(client, "luat")[0] == set()


def test_a_mistaken_mark_is_told_beside_the_field_and_can_be_taken_back(province, commune):
    scenes.published(province)
    client = client_for(province.tam)
    wrong = client.post(NEW, {"number": "1/2020/QH14", "changed_by": "", "effective_on": "mai"})
    page = wrong.content.decode()

    assert wrong.status_code == 422
    assert "Không thủ tục nào dẫn số hiệu này" in page and "Ghi số hiệu văn bản mới" in page and "Ghi ngày như" in page
    assert "phải khác văn bản cũ" in client.post(NEW, LAW | {"changed_by": "68/2020/QH14"}).content.decode()
    client.post(NEW, LAW)
    assert "đã ghi rồi" in client.post(NEW, LAW).content.decode()
    with province.acting("tam"):
        mark = LawChange.objects.get()
    assert client_of(commune, "giang").get(f"/noi-dung/lawchange/{mark.pk}/").status_code == 404
    client.post(f"/noi-dung/lawchange/{mark.pk}/xoa/", {"post": "yes"})
    assert listed(client, "luat")[0] == set()


@pytest.mark.parametrize("args", [["--publish"], []])
def test_the_46_wait_for_a_reader_in_the_demo_and_in_earnest(province, zone, args):
    with zone("owner"):
        call_command("load_procedures", *args, verbosity=0)
    client = client_for(province.tam)
    client.get("/noi-dung/thu-tuc/")

    seen, costs, place = 0, [], ""
    for _page in range(2):
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/noi-dung/thu-tuc/?muc=chua{place}").content.decode()
        costs.append(sum(1 for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))))
        seen += page.count("chưa thẩm định</span>")
        following = re.search(r'class="pager".*?sau=([^"]+)', page)
        place = f"&sau={following[1]}" if following else ""
    assert (seen, place) == (46, "")
    assert max(costs) <= 8


def test_an_import_nobody_published_is_a_draft_like_any_other(province, zone):
    """A second person can judge it, and importing once more leaves alone what somebody has written in it."""
    with zone("owner"):
        call_command("load_procedures", verbosity=0)
    with province.acting("tam") as by:
        draft, begun = (
            Version.objects.select_related("procedure").get(procedure__slug=slug)
            for slug in ("tach-ho", "xoa-dang-ky-tam-tru")
        )
        scenes.actions.save_draft(begun, {"name": "Xóa tạm trú của tôi"}, by=by)
    now = scenes.again(province, draft.procedure, name="Tách hộ, đã đọc")
    with zone("owner"):
        call_command("load_procedures", verbosity=0)

    assert (now.pk, now.state, now.is_reviewed, now.imported) == (draft.pk, "published", True, False)
    with province.acting("tam"):
        rows = Version.objects.filter(procedure__in=[draft.procedure, begun.procedure])
        assert set(rows.values_list("name", flat=True)) == {now.name, "Xóa tạm trú của tôi"}


def test_an_amount_is_said_with_its_days_and_the_next_one_before_it_begins(province, citizen):
    today = timezone.localdate()
    tomorrow, begins = today + timedelta(days=1), today + timedelta(days=2)
    rows = [
        {"case": "Nộp trực tiếp", "amount_vnd": 15000, "valid_until": f"{tomorrow}"},
        {"case": "Nộp trực tiếp", "amount_vnd": 20000, "valid_from": f"{begins}"},
    ]
    scenes.published(province, content={"fee": rows})

    page = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/").content.decode()

    assert "15.000 đ" in page and f"Nộp trực tiếp, đến hết {tomorrow:%d/%m/%Y}" in page
    assert page.index("Lệ phí sắp đổi") < page.index("20.000 đ") and f"từ {begins:%d/%m/%Y}" in page
    for day, amount in ((tomorrow, 15000), (begins, 20000)):
        assert [row["amount_vnd"] for row in fees.on({"fee": rows}, day)] == [amount]
        open_ended = [rows[0] | {"valid_until": None}, rows[1]]  # nobody ended the amount before
        assert [row["amount_vnd"] for row in fees.on({"fee": open_ended}, day)] == [amount]
    assert sheet.fees({"fee": [{"case": "nộp từ 1/7/2026 đến 31/12/2026", "valid_from": "2026-07-01"}]})[0].term == ""
