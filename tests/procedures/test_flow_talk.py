"""A citizen meets what an editor set up: keywords, numbered menus, and where both are silent."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from procedures import flow_actions
from procedures.models import Flow
from tests import cast
from tests.procedures import flow_scenes as menus
from tests.procedures import scenes
from tips.models import TrayItem


class Chat:
    def __init__(self, commune):
        self.commune = commune

    def hears(self, *texts, **more):
        """What the bot said to the last of them."""
        said = []
        for text in texts:
            before = len(cast.outbound(self.commune.zone))
            self.commune.hears("dung", text, **more)
            cast.work_inbox(self.commune.zone)
            said = [row.text for row in cast.outbound(self.commune.zone)[before:]]
        return said

    def tray(self):
        with self.commune.acting("cuong") as duty:
            return [(item.kind, item.filed.count()) for item in TrayItem.objects.visible_to(duty).waiting()]


@pytest.fixture
def chat(commune, province):
    """The province has a procedure and a menu; the commune a text the menu does not know, and a keyword to its duty."""
    scenes.published(province, "dang-ky-tam-tru", "Đăng ký tạm trú")
    hours = menus.published(province, "Giờ chợ", text="Chợ phiên họp sáng thứ Năm.")
    residence = menus.published(
        province, "Cư trú", text="Bạn cần việc cư trú nào?",
        items=[("Đăng ký tạm trú", "dang-ky-tam-tru"), ("Giờ chợ phiên", f"flow:{hours.slug}")],
    )  # fmt: skip
    menus.published(
        province, "Menu chính", phrases=["menu", "xem các việc"], text="Bạn cần việc nào?",
        items=[("Việc cư trú", f"flow:{residence.slug}"), ("Báo tin cho công an", "tip"), ("Gặp cán bộ", "officer")],
    )  # fmt: skip
    menus.published(
        scenes.editors_of(commune), "Trại hè", phrases=["trại hè", "pháo nổ", "ma túy"], text="Trại hè mở ngày 1/6."
    )
    return Chat(commune)


def test_menus_are_walked_by_number_or_in_their_words(chat):
    [menu] = chat.hears("xem cac viec")
    assert menu.splitlines()[:4] == [
        "Bạn cần việc nào?", "1. Việc cư trú", "2. Báo tin cho công an", "3. Gặp cán bộ"
    ]  # fmt: skip
    [below] = chat.hears("1")
    assert "2. Giờ chợ phiên" in below
    assert chat.hears("gio cho phien") == ["Chợ phiên họp sáng thứ Năm."]
    assert chat.hears("số 2") == ["Chợ phiên họp sáng thứ Năm."]  # the menu stays open
    assert chat.hears("7") == [below]
    [card] = chat.hears("1")
    assert card.startswith("ĐĂNG KÝ TẠM TRÚ")
    assert chat.tray() == []

    chat.hears("menu")
    assert "Mã tin" in chat.hears("2")[0]
    assert chat.hears("menu", "1", "trại hè") == []  # an open tip: the bot is silent
    assert [kind for kind, _words in chat.tray()] == ["tip"]


def test_a_menu_leads_to_an_officer_and_lets_other_questions_through(chat):
    chat.hears("menu")
    assert chat.hears("đăng ký tạm trú")[0].startswith("ĐĂNG KÝ TẠM TRÚ")
    chat.hears("menu")
    assert "cán bộ" in chat.hears("gặp cán bộ")[0]
    assert [kind for kind, _words in chat.tray()] == ["question"]


def test_a_number_after_the_menu_has_expired_is_no_choice(chat):
    chat.hears("menu")
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert all("chợ phiên" not in text for text in chat.hears("1"))


def test_a_commune_speaks_its_own_words_and_another_does_not(chat, other_commune):
    assert chat.hears("trai he nam nay") == ["Trại hè mở ngày 1/6."]
    assert "Bạn cần việc nào?" in chat.hears("menu")[0]
    stranger = Chat(other_commune)
    assert all("Trại hè" not in text for text in stranger.hears("trại hè"))
    assert "Bạn cần việc nào?" in stranger.hears("menu")[0]


@pytest.mark.parametrize(
    "text",
    [
        "Tôi báo tin có người bán ma túy ở cổng trường",
        "cứu với, pháo nổ chết người rồi, máu chảy nhiều lắm",
        "nhà bên cạnh đang chứa pháo nổ bán cho học sinh",
    ],
)
def test_danger_and_a_report_are_never_caught(chat, text):
    said = chat.hears(text)

    assert said
    assert all("Trại hè" not in one for one in said)
    assert chat.tray()


def test_a_line_whose_place_is_gone_is_left_out(chat, province):
    with province.acting("viet") as by:
        flow_actions.end(Flow.objects.get(name="Giờ chợ", state="published"), by=by)

    assert "chợ phiên" not in chat.hears("menu", "1")[0]
