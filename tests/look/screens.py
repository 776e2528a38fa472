"""Every screen, who looks at it, and the town they live in: the longest names Vietnamese pages meet.

Add a line to ``SCREENS`` for a new page. ``path`` may be a function of the town when the address holds an id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.look.town import Town

SHOTS = Path(__file__).resolve().parents[2] / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
SIZES = {1366: 768, 360: 740}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Screen:
    name: str
    who: str  # of the cast; empty: nobody is signed in; citizen: zone public
    path: str | Callable[[Town], str]
    status: int = 200

    def address(self, town: Town) -> str:
        return self.path if isinstance(self.path, str) else self.path(town)


SCREENS = [
    Screen("sign-in", "", "/dang-nhap/"),
    Screen("home", "binh", "/"),
    Screen("home-duty", "cuong", "/"),
    Screen("home-officer", "an", "/"),
    Screen("home-editor", "giang", "/"),
    Screen("home-administrator", "huy", "/"),
    Screen("tray", "cuong", "/hop-tin/"),
    Screen("tray-thread", "cuong", lambda town: f"/hop-tin/{town.things['item'].pk}/"),
    Screen("cases", "binh", "/vu-viec/"),
    Screen("case", "an", lambda town: f"/vu-viec/{town.things['case'].pk}/"),
    Screen("case-chief", "binh", lambda town: f"/vu-viec/{town.things['closing'].pk}/"),
    Screen("case-outside", "em", lambda town: f"/vu-viec/{town.things['case'].pk}/"),
    Screen("case-closed", "binh", lambda town: f"/vu-viec/{town.things['closed'].pk}/"),
    Screen("case-handing", "binh", lambda town: f"/vu-viec/{town.things['case'].pk}/giao-lai/"),
    Screen("alerts", "binh", "/thong-bao/"),
    Screen("search", "binh", "/tim-kiem/"),
    Screen("accounts", "binh", "/oa/"),
    Screen("duty", "binh", "/truc-ban/"),
    Screen("people", "binh", "/can-bo/"),
    Screen("account", "binh", "/tai-khoan/"),
    Screen("devices", "binh", "/tai-khoan/thiet-bi/"),
    Screen("totp", "binh", "/tai-khoan/ung-dung/"),
    Screen("passkey", "binh", "/tai-khoan/khoa/"),
    Screen("recovery-codes", "binh", "/tai-khoan/ma-du-phong/"),
    Screen("password", "binh", "/tai-khoan/mat-khau/"),
    Screen("posts", "binh", "/bai-dang/"),
    Screen("post-new", "giang", "/bai-dang/moi/"),
    Screen("post-edit", "giang", lambda town: f"/bai-dang/{town.things['post-draft'].post_id}/sua/"),
    Screen("post-approve", "binh", lambda town: f"/bai-dang/{town.things['post-submitted'].post_id}/"),
    Screen("post-approve-confirm", "binh", lambda town: f"/bai-dang/{town.things['post-submitted'].post_id}/duyet/"),
    Screen("post-scheduled", "binh", lambda town: f"/bai-dang/{town.things['post-scheduled'].post_id}/"),
    Screen("post-returned", "giang", lambda town: f"/bai-dang/{town.things['post-returned'].post_id}/"),
    Screen("editors", "giang", "/noi-dung/"),
    Screen("procedures", "giang", "/noi-dung/thu-tuc/"),
    Screen("procedure-new", "giang", "/noi-dung/thu-tuc/moi/"),
    Screen("procedure-version", "giang", lambda town: f"/noi-dung/ban/{town.things['version'].pk}/"),
    Screen("procedure-overrides", "giang", "/noi-dung/rieng/"),
    Screen("offices", "giang", "/noi-dung/office/"),
    Screen("hotline", "giang", "/noi-dung/hotlinecontact/"),
    Screen("hotline-new", "giang", "/noi-dung/hotlinecontact/moi/"),
    Screen("areas", "giang", "/noi-dung/area/"),
    Screen("citizen-units", "citizen", "/"),
    Screen("citizen-unit", "citizen", "/don-vi/tran-hung-dao/"),
    Screen("citizen-catalogue", "citizen", "/thu-tuc/tran-hung-dao/"),
    Screen("citizen-search", "citizen", "/thu-tuc/tran-hung-dao/?tim=tam+tru"),
    Screen("citizen-procedure", "citizen", "/thu-tuc/tran-hung-dao/dang-ky-tam-tru/"),
    Screen("citizen-missing", "citizen", "/khong-co/", 404),
    Screen("more", "binh", "/them/"),
    Screen("components", "binh", "/bo-phan/"),
    Screen("missing", "binh", "/khong-co/", 404),
    Screen("no-door", "an", lambda town: f"/vu-viec/{town.things['case'].pk}/ghi-chu/", 405),
]


def judge(page: Any) -> list[str]:
    """What axe calls serious or critical, each with the element."""
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {node['html'][:160]} {node['any'][:1]}" for one in grave for node in one["nodes"][:3]]


def wider_than_window(page: Any) -> list[str]:
    """Which elements make the page scroll sideways."""
    script = """() => {
      const wide = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= wide) return [];
      const out = [...document.querySelectorAll('body *')].filter(e =>
        !e.closest('.scroll, .tabs, .hidden, svg') && e.getBoundingClientRect().right > wide + 1);
      return out.slice(0, 4).map(e => 'too wide: ' + e.tagName + '.' + e.className + ' '
        + e.textContent.trim().slice(0, 40)).concat(out.length ? [] : ['too wide']);
    }"""
    return list(page.evaluate(script))


def small_targets(page: Any) -> list[str]:
    """On a phone nothing that acts is under 44 px high; a link in the middle of a sentence is measured by its line."""
    script = """() => [...document.querySelectorAll(
        'a, button, summary, select, textarea, input:not([type=hidden]):not([type=checkbox]):not([type=radio])')]
      .filter(e => { const box = e.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && box.height < 43.5 && !e.closest('.hidden, .skip')
          && getComputedStyle(e).display !== 'inline'; })
      .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 30) + ' ' + e.getBoundingClientRect().height)"""
    return list(page.evaluate(script))
