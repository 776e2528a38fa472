"""The phone screen and the pages around it."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.simulator.conftest import OAS, Simulator

pytestmark = [pytest.mark.stack, pytest.mark.alone]
MENU = "Bà con cần gì?\n\n1. Báo tin\n2. Hỏi thủ tục\n\nViệc khẩn cấp gọi 113."


@pytest.mark.parametrize("path", ["/phone", "/", "/ledger"])
def test_pages_need_nobody_else(simulator: Simulator, path: str) -> None:
    page = simulator.http.get(simulator.url + path, timeout=10)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'") and "unsafe" not in policy
    assert not re.findall(r'(?:src|href)="(?!/|#)[^"]*"', page.text)
    assert "<style" not in page.text and not re.search(r"\son\w+=|\sstyle=", page.text)
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        content = simulator.http.get(simulator.url + asset, timeout=10)
        assert content.status_code == 200
        foreign = [url for url in re.findall(r"https?://[\w.-]+", content.text) if "www.w3.org" not in url]
        assert foreign == []


def test_hooks_for_browser_tests(simulator: Simulator) -> None:
    page = simulator.http.get(f"{simulator.url}/phone", timeout=10).text
    for name in ("oa-select", "citizen-select", "composer", "send", "photo-input"):
        assert f'data-testid="{name}"' in page


def test_only_local_names_and_json_orders(simulator: Simulator) -> None:
    assert simulator.http.get(f"{simulator.url}/phone", headers={"Host": "evil.example"}, timeout=5).status_code == 421
    posted = simulator.http.post(f"{simulator.url}/sim/clock", data="speed=2", timeout=5)
    assert posted.status_code == 415


def test_sample_photos_carry_what_must_be_stripped(simulator: Simulator) -> None:
    simulator.grant()
    for name in ("rac", "xe", "cot-dien"):
        simulator.say("", sample=name)
        assert simulator.http.get(f"{simulator.url}/samples/{name}", timeout=5).headers["content-type"] == "image/jpeg"
    events = simulator.wait(lambda: len(got := simulator.portal.named("user_send_image")) == 3 and got)
    for event in events:
        payload = event["body"]["message"]["attachments"][0]["payload"]
        photo = Image.open(io.BytesIO(simulator.http.get(payload["url"], timeout=5).content))
        exif = photo.getexif()
        assert exif[0x010F] == "samsung" and exif.get_ifd(0x8825)[2][0] == 16.0
        small = Image.open(io.BytesIO(simulator.http.get(payload["thumbnail"], timeout=5).content))
        assert max(small.size) <= 480 and not small.getexif()


def test_media_needs_no_token_and_expires(simulator: Simulator) -> None:
    simulator.grant()
    data = b"not a picture"
    simulator.say("", image_base64=base64.b64encode(data).decode())
    event = simulator.wait(lambda: simulator.portal.named("user_send_image"))[0]
    url = event["body"]["message"]["attachments"][0]["payload"]["url"]
    assert simulator.http.get(url, timeout=5).content == data
    simulator.sim("faults", {"media_404": 1})
    assert simulator.http.get(url, timeout=5).status_code == 404
    simulator.sim("faults", {})
    simulator.sim("clock", {"advance_s": 8 * 86_400})
    assert simulator.http.get(url, timeout=5).status_code == 404


def test_added_citizen_and_unread(simulator: Simulator) -> None:
    simulator.grant()
    added = simulator.sim("citizens", {"name": "Đỗ Thị Ánh"})
    assert added == {"citizen": "do-thi-anh", "name": "Đỗ Thị Ánh"}
    assert simulator.sim("citizens", {"name": "Đỗ Thị Ánh"})["citizen"] == "do-thi-anh-2"
    user = simulator.say("alo", citizen="do-thi-anh")["user_id"]
    simulator.cs(user, {"text": "nghe đây"})
    line = simulator.sim("threads")["threads"][0]
    assert (line["citizen"], line["unread"], line["text"], line["from"]) == ("do-thi-anh", 1, "nghe đây", "oa")
    simulator.sim("read", {"oa_id": OAS[0], "citizen": "do-thi-anh"})
    assert simulator.sim("threads")["threads"][0]["unread"] == 0


def test_forms_of_the_control_page(simulator: Simulator) -> None:
    panel = f"{simulator.url}/panel"
    simulator.http.post(panel, data={"action": "clock", "advance_s": "3600"}, timeout=5)
    assert 3590 < simulator.sim("clock")["offset_s"] < 3610
    simulator.http.post(panel, data={"action": "faults", "reset": "0.25", "settings": '{"seed": 3}'}, timeout=5)
    faults = simulator.sim("faults")
    assert (faults["reset"], faults["seed"]) == (0.25, 3)
    wrong = simulator.http.post(panel, data={"action": "faults", "settings": '{"nope": 3}'}, timeout=5)
    assert wrong.status_code == 400 and "nope" in wrong.text
    foreign = simulator.http.post(panel, data={"action": "clock"}, headers={"Sec-Fetch-Site": "cross-site"}, timeout=5)
    assert foreign.status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1366])
def test_a_follower_gets_an_article_and_opens_it(simulator: Simulator, browser: Any, width: int) -> None:
    simulator.sim("clock", {"now": "2026-11-20T12:00:00"})
    simulator.grant()
    simulator.say("", kind="follow")
    broadcast(simulator)
    page = browser.new_page(viewport={"width": width, "height": 740})
    page.set_default_timeout(20_000)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.goto(f"{simulator.url}/phone?oa={OAS[0]}&citizen=dung")
    card = page.get_by_test_id("article-card")
    assert "Cảnh giác trộm xe" in card.inner_text() and card.locator("img").evaluate("image => image.naturalWidth") > 0
    card.click()
    inside = page.frame_locator('[data-testid="reader"]')
    inside.get_by_text("Khóa xe hai lớp.").wait_for()
    assert inside.locator("img").evaluate("image => image.naturalWidth") > 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder := os.environ.get("ZP_SHOTS"):
        page.screenshot(path=f"{folder}/article-{width}.png")
    page.get_by_test_id("reader-close").click()
    assert page.get_by_test_id("reader").is_hidden()
    if folder:
        page.screenshot(path=f"{folder}/card-{width}.png")
    assert trouble == []


def broadcast(simulator: Simulator) -> None:
    """A cover of its own host: the simulator serves what a citizen once sent."""
    buffer = io.BytesIO()
    Image.new("RGB", (1280, 720), "#557799").save(buffer, "JPEG")
    simulator.say("", image_base64=base64.b64encode(buffer.getvalue()).decode())
    sent = simulator.wait(lambda: simulator.portal.named("user_send_image"))[0]
    cover = sent["body"]["message"]["attachments"][0]["payload"]["url"]
    simulator.sim("oas", {"oa_id": OAS[0], "article_pending": 0})
    article = {"type": "normal", "title": "Cảnh giác trộm xe", "description": "Ba vụ trong tuần.", "status": "show"}
    article |= {"cover": {"cover_type": "photo", "photo_url": cover, "status": "show"}, "author": "Công an xã"}
    article |= {"body": [{"type": "text", "content": "<p>Khóa xe hai lớp.</p>"}]}
    token = simulator.call("POST", "/v2.0/article/create", json=article).json()["data"]["token"]
    made = simulator.call("POST", "/v2.0/article/verify", json={"token": token}).json()["data"]["id"]
    element = {"media_type": "article", "attachment_id": made}
    attachment = {"type": "template", "payload": {"template_type": "media", "elements": [element]}}
    body = {"recipient": {"target": {"gender": "0"}}, "message": {"attachment": attachment}}
    assert simulator.call("POST", "/v2.0/oa/message", json=body).json()["error"] == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1366])
def test_citizen_writes_reads_and_taps(simulator: Simulator, browser: Any, width: int, tmp_path: Path) -> None:
    simulator.grant()
    page = browser.new_page(viewport={"width": width, "height": 740})
    page.set_default_timeout(20_000)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(f"{simulator.url}/phone")
    page.get_by_test_id("oa-select").select_option(OAS[0])
    page.get_by_test_id("citizen-select").select_option("hoa")
    page.get_by_test_id("composer").fill("Chào công an xã")
    page.get_by_test_id("send").click()
    page.get_by_test_id("bubble-out").filter(has_text="Chào công an xã").wait_for()
    page.locator('[data-delivery="delivered"]').wait_for()
    simulator.cs(simulator.user("hoa"), {"text": MENU})
    page.get_by_test_id("bubble-in").filter(has_text="gọi 113").wait_for()
    page.get_by_test_id("choice").filter(has_text="2. Hỏi thủ tục").click()
    page.get_by_test_id("bubble-out").nth(1).wait_for()
    photo = tmp_path / "anh.png"
    Image.new("RGB", (640, 480), "#557799").save(photo)
    page.get_by_test_id("photo-input").set_input_files(photo)
    page.get_by_test_id("bubble-out").nth(2).locator("img").wait_for()
    simulator.wait(lambda: simulator.portal.named("user_seen_message"))
    texts = [event["body"]["message"].get("text") for event in simulator.portal.named("user_send_text")]
    assert texts == ["Chào công an xã", "2"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert trouble == []
