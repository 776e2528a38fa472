"""Issue 3, row 6, in a real browser beside the citizen's phone: each role's own errand; screenshots are kept."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.utils import timezone

from tests.stack.running import OAS
from tests.stack.screens import SHOTS, enter, hears, officer_of, password_of, phone_of, says, until_shown
from zalopolice import trial

pytestmark = [pytest.mark.stack, pytest.mark.alone, pytest.mark.browser]

COVER = Path(__file__).with_name("photo.jpg")
ANY_HOUR = """
from zalopolice.gateway.models import ChannelRule
# The suite runs at any hour; what the hours do is tested where the clock can be moved.
ChannelRule.objects.filter(name="broadcast_from_hour").update(value=0)
ChannelRule.objects.filter(name="broadcast_until_hour").update(value=24)
"""


def code_of(secret: str) -> str:
    """What an authenticator shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def confirm(page, password: str) -> None:
    """The page that asks again who it is, before what cannot be undone."""
    if page.locator("input[name=fresh_password]").count():
        page.locator("input[name=fresh_password]").fill(password)
        page.get_by_test_id("fresh").click()


def test_an_officer_adds_an_authenticator_and_signs_in_with_it(running, browser):
    name = "canbo.my-hanh-bac"
    page = officer_of(browser, running, name)
    page.goto(running.urls["web"] + "/tai-khoan/ung-dung/")
    confirm(page, password_of(running, name))
    secret = re.sub(r"\s", "", page.get_by_test_id("secret").text_content() or "")
    page.locator("input[name=code]").fill(code_of(secret))
    page.get_by_test_id("add").click()
    page.goto(running.urls["web"] + "/tai-khoan/")
    page.get_by_text("Ứng dụng mã xác thực").first.wait_for()
    page.screenshot(path=str(SHOTS / "account.png"), full_page=True)

    other = browser.new_context(viewport={"width": 390, "height": 780}, locale="vi").new_page()
    enter(other, running, name)
    other.locator("input[name=code]").wait_for()
    other.screenshot(path=str(SHOTS / "sign-in-code.png"))
    other.locator("input[name=code]").fill("000000")
    other.get_by_test_id("code").click()
    other.get_by_text("Mã chưa đúng").wait_for()
    before = code_of(secret)
    while code_of(secret) == before:  # a code counts once, and a wrong try costs a short wait
        time.sleep(0.5)
    other.locator("input[name=code]").fill(code_of(secret))
    other.get_by_test_id("code").click()
    other.wait_for_url(running.urls["web"] + "/")


def test_a_question_is_answered_on_the_phone(running, browser):
    phone = phone_of(browser, running, running.new_citizen("Nguyễn Hoàng Khánh Quỳnh Như"))
    says(phone, "đăng ký tạm trú cần giấy tờ gì vậy ạ")
    card = hears(phone, "Đăng ký tạm trú".upper())
    assert "CT01" in (card.text_content() or "")
    phone.screenshot(path=str(SHOTS / "phone-answer.png"))
    says(phone, "hết bao nhiêu tiền")
    hears(phone, "đồng")


def test_an_unknown_question_reaches_the_duty_officer(running, browser):
    phone = phone_of(browser, running, running.new_citizen("Trần Lê Bảo Châu"))
    says(phone, "bên mình có nhận giữ hộ chìa khóa phòng trọ không vậy")
    hears(phone, "chuyển tới cán bộ")
    duty = officer_of(browser, running, "trucban.tran-hung-dao")
    duty.goto(running.urls["web"] + "/hop-tin/")
    until_shown(duty, "[data-testid=tray-item]:has-text('chìa khóa phòng trọ')")
    duty.screenshot(path=str(SHOTS / "tray.png"))


def test_a_post_is_checked_approved_on_a_phone_and_read_by_a_follower(running, browser):
    assert running.manage("--zone", "owner", "shell", "-c", ANY_HOUR).returncode == 0
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    running.sim("clock", {"advance_s": (noon - timezone.localtime()) / timedelta(seconds=1)})
    citizen = running.new_citizen("Phạm Thị Thanh Thảo")
    running.sim("send", {"oa_id": OAS[0], "citizen": citizen, "kind": "follow"})
    editor = officer_of(browser, running, "bientap.tran-hung-dao")
    editor.goto(running.urls["web"] + "/bai-dang/moi/")
    title = "Cảnh giác cuộc gọi video mạo danh công an"
    editor.locator("[name=title]").fill(title)
    editor.locator("[name=description]").fill("Ba điều bà con cần nhớ khi có người lạ gọi video.")
    editor.locator("[name=body]").fill(
        "Thời gian gần đây, một số đối tượng gọi video yêu cầu chuyển tiền.\n\nCần giúp, liên hệ anh Tuấn 0912 345 412."
    )
    editor.locator("[name=cover]").set_input_files(str(COVER))
    editor.get_by_test_id("save-post").click()
    editor.get_by_test_id("submit-post").click()
    address = editor.url
    editor.goto(address)
    assert editor.get_by_test_id("approve").count() == 0, "nobody approves what they wrote"

    chief = officer_of(browser, running, "truong.tran-hung-dao", width=390)
    chief.goto(address)
    chief.get_by_text("Có số điện thoại cá nhân").first.wait_for()
    chief.screenshot(path=str(SHOTS / "approve-390.png"), full_page=True)
    chief.get_by_test_id("approve").click()
    confirm(chief, password_of(running, "truong.tran-hung-dao"))
    chief.screenshot(path=str(SHOTS / "approve-confirm-390.png"), full_page=True)
    for box in chief.locator("main form input[type=checkbox]").all():
        box.check()
    chief.get_by_test_id("do").click()
    confirm(chief, password_of(running, "truong.tran-hung-dao"))

    phone = phone_of(browser, running, citizen)
    phone.get_by_text(title).first.wait_for(timeout=60_000)
    phone.screenshot(path=str(SHOTS / "phone-article.png"))
    sent = [row for row in running.ledger()["broadcasts"] if row["title"] == title]
    assert len(sent) == 1


def _sees_what_a_synonym_would_change(editor):
    names = editor.locator("[name=synonyms]").input_value()
    editor.locator("[name=synonyms]").fill(f"{names}\nghi danh ở trọ")
    editor.locator("#id_sentence").fill("em muốn ghi danh ở trọ")
    began = time.monotonic()
    editor.locator("button[name=try]").click()
    editor.locator(".trial").wait_for()
    took = time.monotonic() - began
    assert took <= trial.PATIENCE + 2
    assert "ghi danh ở trọ" in editor.locator("[name=synonyms]").input_value()
    editor.screenshot(path=str(SHOTS / "editor-trial.png"), full_page=True)
    editor.locator("[name=synonyms]").fill(names)


def test_a_new_law_is_in_the_bots_answer_when_two_people_have_put_it_there(running, browser):
    """The editor's whole path: a law changes, who cites it is listed, a draft, a second person, the answer."""
    editor, law = officer_of(browser, running, "bientap"), "75/2022/TT-BTC"
    editor.goto(running.urls["web"] + "/noi-dung/lawchange/moi/")
    for name, value in (("number", law), ("changed_by", "200/2026/TT-BTC"), ("effective_on", "2026-11-01")):
        editor.locator(f"[name={name}]").fill(value)
    editor.get_by_role("button", name=re.compile("^Lưu")).click()
    row = editor.locator(".row").filter(has_text="Đăng ký tạm trú").first
    assert f"{law} đã đổi theo 200/2026/TT-BTC" in (row.text_content() or "")
    row.get_by_role("link").first.click()
    editor.get_by_role("button", name="Soạn bản mới").click()
    _sees_what_a_synonym_would_change(editor)
    editor.locator("[name=fee-0-amount_vnd]").fill("17000")
    cited = editor.locator("[name^=legal_basis][name$=-number]")
    place = [one.input_value() for one in cited.all()].index(law)
    cited.nth(place).fill("200/2026/TT-BTC")
    editor.locator(f"[name=legal_basis-{place}-effective_date]").fill("2026-11-01")
    editor.screenshot(path=str(SHOTS / "editor.png"), full_page=True)
    editor.locator("button[name=submit]").click()
    editor.get_by_text("Đã trình thẩm định").wait_for()
    assert editor.get_by_role("button", name=re.compile("^Công bố")).is_disabled()

    reviewer = officer_of(browser, running, "thamdinh")
    reviewer.goto(editor.url)
    changes = reviewer.locator("section[aria-labelledby=changes]")
    for kind, said in (("ins", "17.000 đ"), ("del", law), ("ins", "200/2026/TT-BTC")):
        changes.locator(kind).filter(has_text=said).first.wait_for()
    reviewer.screenshot(path=str(SHOTS / "review.png"), full_page=True)
    reviewer.get_by_role("button", name=re.compile("^Công bố bản")).click()
    reviewer.get_by_text("Đã công bố").wait_for()
    reviewer.goto(running.urls["web"] + "/noi-dung/thu-tuc/?muc=luat")
    assert not reviewer.get_by_role("link", name="Đăng ký tạm trú", exact=True).count()

    phone = phone_of(browser, running, running.new_citizen("Lê Ngọc Minh Anh"))
    says(phone, "đăng ký tạm trú hết bao nhiêu tiền")
    answer = hears(phone, "17.000 đồng").text_content() or ""
    assert re.search(r"Theo bản 2, công bố ngày \d{2}/\d{2}/\d{4}", answer), answer
    phone.screenshot(path=str(SHOTS / "phone-published.png"))
