"""Row 12, in a real browser: a photo tip on the phone → tray → case → reply seen on the phone → closed."""

from pathlib import Path

import pytest

from tests.stack.screens import SHOTS, officer_of, phone_of, until_shown

pytestmark = [pytest.mark.stack, pytest.mark.alone, pytest.mark.browser]

PHOTO = Path(__file__).with_name("photo.jpg")
ANY_HOUR = """
from zalopolice.gateway.models import ChannelRule
# The suite runs at any hour; what the quiet hours do is tested where the clock can be moved.
ChannelRule.objects.filter(name="quiet_from_hour").update(value=24)
ChannelRule.objects.filter(name="quiet_until_hour").update(value=0)
"""


def test_a_photo_tip_becomes_a_case_and_is_closed(running, browser):
    assert running.manage("--zone", "owner", "shell", "-c", ANY_HOUR).returncode == 0
    citizen = running.new_citizen("Đặng Nguyễn Phương Thảo Quỳnh")
    phone = phone_of(browser, running, citizen)
    phone.get_by_test_id("composer").fill("Tôi muốn báo tin: xe này chở pháo lậu vào ngõ 45 mỗi tối")
    phone.get_by_test_id("send").click()
    phone.get_by_test_id("bubble-in").filter(has_text="Mã tin").wait_for(timeout=15_000)
    phone.get_by_test_id("photo-input").set_input_files(str(PHOTO))
    if phone.get_by_test_id("send").is_enabled():
        phone.get_by_test_id("send").click()

    duty = officer_of(browser, running, "trucban.tran-hung-dao")
    duty.goto(running.urls["web"] + "/hop-tin/")
    duty.get_by_test_id("tray-item").filter(has_text="pháo lậu").first.click()
    until_shown(duty, "img[src^='/tep/']")
    duty.screenshot(path=str(SHOTS / "tray-thread.png"), full_page=True)
    form = duty.get_by_test_id("open-case-form")
    for box in duty.locator("input[type=checkbox][name=messages]").all():
        box.check()
    form.locator("input[name=title]").fill("Nghi vấn chở pháo lậu ngõ 45")
    form.locator("select[name=classification]").select_option("togiac_tinbao")
    duty.get_by_role("button", name="Lập vụ mới").click()
    address = duty.url
    assert "/vu-viec/" in address

    officer = officer_of(browser, running, "canbo.tran-hung-dao")
    officer.goto(address)
    assert "pháo lậu" not in officer.content(), "an officer must not read an unclaimed case"
    officer.get_by_test_id("claim").click()
    officer.get_by_text("Nghi vấn chở pháo lậu ngõ 45").first.wait_for()
    officer.locator("textarea[name=text]").first.fill(
        "Cảm ơn anh/chị, chúng tôi đang kiểm tra. Xe thường đến lúc mấy giờ?"
    )
    officer.get_by_test_id("reply-send").click()
    phone.get_by_test_id("bubble-in").filter(has_text="Xe thường đến lúc mấy giờ?").wait_for(timeout=15_000)
    phone.screenshot(path=str(SHOTS / "phone.png"))

    officer.locator("select[name=result]").select_option("transferred")
    officer.locator("textarea[name=summary]").fill("Đã xác minh, chuyển cơ quan điều tra.")
    officer.get_by_test_id("propose-closing").click()
    officer.screenshot(path=str(SHOTS / "case.png"), full_page=True)

    chief = officer_of(browser, running, "truong.tran-hung-dao")
    chief.goto(address)
    chief.get_by_test_id("confirm-closing").click()
    chief.get_by_text("Kết thúc").first.wait_for()
    told = phone.get_by_test_id("bubble-in").filter(has_text="Đã chuyển cơ quan có thẩm quyền")
    told.wait_for(timeout=15_000)
