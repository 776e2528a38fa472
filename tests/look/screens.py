"""Every screen, who looks at it, and the town they live in: the longest names Vietnamese pages meet.

Add a line to ``SCREENS`` for a new page: a picture of another page than the one it names is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.broadcasts import scenes as posts
from tests.look.town import LONG_TITLE, LONG_UNIT, Town

SHOTS = Path(__file__).resolve().parents[2] / "screenshots"
SIZES = {1366: 768, 360: 740}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Screen:
    name: str
    who: str  # a key of ``town.keys_of``; empty: nobody is signed in; citizen: zone public
    path: str  # names of ``Town.things`` in braces
    heading: str  # likewise; the page's <h1>
    holds: str = ""  # a selector, where pages of one heading differ
    status: int = 200
    fresh: bool = False  # the session has just proved who is there

    @property
    def session(self) -> str:
        return f"{self.who}-fresh" if self.fresh else self.who

    def address(self, town: Town) -> str:
        return self.path.format_map(town.things)

    def faults(self, town: Town, page: Any) -> list[str]:
        """What says that this is another page than the one named."""
        expected = self.heading.format_map(town.things)
        shown = " ".join((page.locator("h1").first.text_content() or "").split())
        lacks = [] if page.locator(self.holds or "h1").count() else [f"no {self.holds or 'h1'}"]
        return ([] if shown == expected else [f"another page: {shown}"]) + lacks


SCREENS = [
    Screen("sign-in", "", "/dang-nhap/", "Đăng nhập"),
    Screen("sign-in-code", "dung-half", "/dang-nhap/ma/", "Bước thứ hai"),
    Screen("sign-in-key", "", "/dang-nhap/khoa/", "Đăng nhập bằng khóa"),
    Screen("resume", "an-kept", "/dang-nhap/tiep/", "Nội dung chưa gửi"),
    Screen("home", "binh", "/", "Việc cần làm ngay", ".meta:has-text('Trưởng')"),
    Screen("home-duty", "cuong", "/", "Việc cần làm ngay", ".meta:has-text('Trực ban')"),
    Screen("home-officer", "an", "/", "Việc cần làm ngay", ".meta:has-text('Cán bộ')"),
    Screen("home-editor", "giang", "/", "Việc cần làm ngay", ".meta:has-text('nội dung')"),
    Screen("home-administrator", "huy", "/", "Việc cần làm ngay", ".meta:has-text('Quản trị')"),
    Screen("training", "em-training", "/", "Việc cần làm ngay", ".trains .training"),
    Screen("training-tray", "em-training", "/hop-tin/", "Hộp tin", ".trains .training"),
    Screen("tray", "cuong", "/hop-tin/", "Hộp tin"),
    Screen("tray-thread", "cuong", "/hop-tin/{item.pk}/", "Người nhắn {item.alias}"),
    Screen("tray-flood", "cuong", "/hop-tin/{flood.pk}/", "Người nhắn {flood.alias}", "details.fold"),
    Screen("tray-voice", "cuong", "/hop-tin/{voice.pk}/", "Người nhắn {voice.alias}", "audio"),
    Screen("groups", "cuong", "/nhom/", "Nhóm Zalo của đơn vị"),
    Screen("group", "cuong", "/nhom/{group.pk}/", "Nhóm {group.name}"),
    Screen("tray-group", "cuong", "/hop-tin/{group_tip.pk}/", "Người nhắn {group_tip.alias}", ".composer .window"),
    Screen("stuck", "cuong", "/can-xu-ly-tay/", "Tin cần xử lý tay"),
    Screen("stuck-event", "cuong", "/can-xu-ly-tay/{stuck.pk}/", "Một tin cần xử lý tay"),
    Screen("cases", "binh", "/vu-viec/", "Vụ việc"),
    Screen("case", "an", "/vu-viec/{case.pk}/", LONG_TITLE, "#noting"),
    Screen("case-chief", "binh", "/vu-viec/{closing.pk}/", LONG_TITLE, "[data-testid=confirm-closing]"),
    Screen("case-outside", "em", "/vu-viec/{case.pk}/", "Nguồn tin {case.alias}", "#closed-words"),
    Screen("case-closed", "binh", "/vu-viec/{closed.pk}/", LONG_TITLE, "dt:text-is('Duyệt')"),
    Screen("case-handing", "binh", "/vu-viec/{case.pk}/giao-lai/", "Giao lại vụ việc"),
    Screen("alerts", "binh", "/thong-bao/", "Thông báo"),
    Screen("search", "binh", "/tim-kiem/", "Tìm"),
    Screen("accounts", "binh", "/oa/", "Zalo OA của đơn vị"),
    Screen("history", "binh", "/oa/doi-chieu/", "Đối chiếu với Zalo", "[href='/oa/doi-chieu/']"),
    Screen("oa-health", "quynh", "/zalo/suc-khoe/", "Sức khỏe OA", "th[scope=row]"),
    Screen("oa-incidents", "quynh", "/zalo/su-co/", "Sự cố", ".incident"),
    Screen("zalo-apps", "quynh", "/zalo/ung-dung/", "Ứng dụng Zalo", ".row"),
    Screen("zalo-app", "quynh", "/zalo/ung-dung/{app.pk}/", "{app.name}", ".copied"),
    Screen("zalo-app-new", "quynh", "/zalo/ung-dung/moi/", "Khai ứng dụng Zalo", fresh=True),
    Screen("zalo-secret-new", "quynh", "/zalo/ung-dung/{app.pk}/khoa/", "Thêm khóa ký", fresh=True),
    Screen("oa-new", "binh", "/zalo/khai-bao/", "Khai OA của đơn vị", "[name=oa_id]"),
    Screen("oa-setup", "binh", "/zalo/khai-bao/{oa.pk}/", "Các bước khai báo: {oa.name}", ".steps"),
    Screen("duty", "binh", "/truc-ban/", "Lịch trực", ".roster li a"),
    Screen("duty-remove", "binh", "/truc-ban/{shift.pk}/bo/", "Bỏ ca này?"),
    Screen("directory", "binh", "/danh-ba/", "Danh bạ", ".directory form"),
    Screen("officer-check", "binh", "/ma-can-bo/", "Mã kiểm tra cán bộ", "[data-testid=new-code]"),
    Screen("people", "binh", "/can-bo/", "Cán bộ và vai trò"),
    Screen("account", "binh", "/tai-khoan/", "Tài khoản"),
    Screen("devices", "binh", "/tai-khoan/thiet-bi/", "Thiết bị đang đăng nhập"),
    Screen("totp", "binh", "/tai-khoan/ung-dung/", "Thêm ứng dụng mã xác thực", fresh=True),
    Screen("passkey", "binh", "/tai-khoan/khoa/", "Thêm khóa", fresh=True),
    Screen("recovery-codes", "dung", "/tai-khoan/ma-du-phong/", "Mã dự phòng", fresh=True),
    Screen("confirm", "binh", "/tai-khoan/ung-dung/", "Xác nhận lại là đồng chí"),
    Screen("password", "binh", "/tai-khoan/mat-khau/", "Đổi mật khẩu", fresh=True),
    Screen("posts", "binh", "/bai-dang/", "Bài đăng"),
    Screen("post-new", "giang", "/bai-dang/moi/", "Soạn bài"),
    Screen("post-edit", "giang", "/bai-dang/{post-draft.post_id}/sua/", "Sửa bài"),
    Screen("post-approve", "binh", "/bai-dang/{post-submitted.post_id}/", f"Duyệt bài: {posts.TITLE}"),
    Screen("post-approve-confirm", "binh", "/bai-dang/{post-submitted.post_id}/duyet/", "Duyệt bản 1?"),
    Screen(
        "post-scheduled", "binh", "/bai-dang/{post-scheduled.post_id}/", posts.TITLE, ".badge:has-text('chờ giờ gửi')"
    ),
    Screen("post-returned", "giang", "/bai-dang/{post-returned.post_id}/", posts.TITLE, ".note:has-text('trả lại')"),
    Screen("post-sent", "binh", "/bai-dang/{post-sent.post_id}/", posts.TITLE, "[data-state=sent]"),
    Screen("post-unclear", "binh", "/bai-dang/{post-unknown.post_id}/", posts.TITLE, "[data-state=unknown]"),
    Screen(
        "post-settle",
        "binh",
        "/bai-dang/{post-unknown.post_id}/luot-gui/{dispatch-unknown.pk}/ket-luan/",
        "Bài chưa rõ đã gửi: kết luận",
    ),
    Screen("sources", "giang", "/nguon-tin/", "Mã áp phích", ".row.linked"),
    Screen("source-new", "giang", "/nguon-tin/moi/", "Tạo mã áp phích", "[name=label]"),
    Screen("source", "giang", "/nguon-tin/{source.pk}/", "{source.label}", "form .button"),
    Screen("source-sheet", "giang", "/nguon-tin/{source.pk}/in/", "Báo tin cho công an qua Zalo", ".qr svg"),
    Screen("editors", "giang", "/noi-dung/", "Nội dung"),
    Screen("procedures", "giang", "/noi-dung/thu-tuc/", "Thủ tục"),
    Screen("procedure-new", "giang", "/noi-dung/thu-tuc/moi/", "Thêm thủ tục"),
    Screen("procedure-version", "giang", "/noi-dung/ban/{version.pk}/", "{version.name}"),
    Screen("procedure-review", "giang", "/noi-dung/thu-tuc/?muc=luat", "Thủ tục", ".row .note"),
    Screen("procedure-import", "giang", "/noi-dung/thu-tuc/nhap/", "Nhập, xuất thủ tục", "[name=upload]"),
    Screen("procedure-print", "giang", "/noi-dung/ban/{version.pk}/in/", "{version.name}", ".trial"),
    Screen("procedure-draft", "giang", "/noi-dung/ban/{draft.pk}/", "{draft.name}", "[name=upload]"),
    Screen("procedure-file-back", "giang", "/noi-dung/ban/{draft.pk}/tep/{file.pk}/thu-hoi/", "Thu hồi tệp"),
    Screen("procedure-discard", "giang", "/noi-dung/ban/{draft.pk}/bo/", "Bỏ bản soạn"),
    Screen("procedure-judge", "dung", "/noi-dung/ban/{judged.pk}/", "{judged.name}", "#s-try"),
    Screen("law-changes", "giang", "/noi-dung/lawchange/", "Văn bản đã thay đổi"),
    Screen("law-change-new", "giang", "/noi-dung/lawchange/moi/", "Thêm văn bản đã thay đổi", "[name=changed_by]"),
    Screen("procedure-edit", "giang", "/noi-dung/ban/{draft.pk}/sua/", "{draft.name}", "#id_who_can_apply"),
    Screen(
        "procedure-translate", "giang", "/noi-dung/ban/{draft.pk}/tieng/en/", "Bản dịch tiếng Anh (English)", ".pair"
    ),
    Screen("flows", "giang", "/noi-dung/menu/", "Menu và từ khóa", ".row.linked"),
    Screen("flow-new", "giang", "/noi-dung/menu/moi/", "Thêm mục"),
    Screen("flow", "giang", "/noi-dung/menu/{menu.pk}/", "{menu.name}", ".chat-card"),
    Screen("flow-edit", "giang", "/noi-dung/menu/{menu_draft.pk}/sua/", "{menu_draft.name}", "#id_items-0-label"),
    Screen("flow-judge", "dung", "/noi-dung/menu/{menu_judged.pk}/", "{menu_judged.name}", "#s-try"),
    Screen("console", "giang", "/noi-dung/thu/", "Thử máy trả lời", ".badge"),
    Screen("procedure-overrides", "giang", "/noi-dung/rieng/", "Giờ, địa chỉ riêng của đơn vị"),
    Screen("misses", "giang", "/noi-dung/cau-hoi/", "Câu máy chưa trả lời được", ".heard"),
    Screen("counts", "giang", "/noi-dung/so-lieu/", "Số liệu trả lời", ".table"),
    Screen("offices", "giang", "/noi-dung/office/", "Trụ sở"),
    Screen("office-change", "giang", "/noi-dung/office/{office.pk}/", "{office}"),
    Screen("hotline", "giang", "/noi-dung/hotlinecontact/", "Danh bạ cho người dân"),
    Screen("hotline-new", "giang", "/noi-dung/hotlinecontact/moi/", "Thêm số điện thoại cho người dân"),
    Screen("hotline-change", "giang", "/noi-dung/hotlinecontact/{contact.pk}/", "{contact}"),
    Screen("areas", "giang", "/noi-dung/area/", "Địa bàn"),
    Screen("area-change", "giang", "/noi-dung/area/{area.pk}/", "Tổ dân phố 3"),
    Screen("days", "quynh", "/noi-dung/calendarday/", "Ngày nghỉ, ngày làm bù"),
    Screen("day-change", "quynh", "/noi-dung/calendarday/{day.pk}/", "{day}"),
    Screen("citizen-units", "citizen", "/", "Nhắn tin cho công an qua Zalo"),
    Screen("citizen-unit", "citizen", "/don-vi/tran-hung-dao/", LONG_UNIT),
    Screen("citizen-genuine", "citizen", "/kiem-tra/tran-hung-dao/", "Có phải công an thật không?", "#code"),
    Screen("citizen-news", "citizen", "/tin/tran-hung-dao/", "Tin an ninh", ".piece"),
    Screen("citizen-post", "citizen", "/tin/tran-hung-dao/{post-sent.pk}/", posts.TITLE, ".story"),
    Screen("citizen-source", "citizen", "/q/tran-hung-dao/AP1/", "Báo tin cho công an qua Zalo"),
    Screen("citizen-catalogue", "citizen", "/thu-tuc/tran-hung-dao/", "Thủ tục ở công an xã, phường"),
    Screen(
        "citizen-search",
        "citizen",
        "/thu-tuc/tran-hung-dao/?tim=tam+tru",
        "Thủ tục ở công an xã, phường",
        "[name=tim][value='tam tru']",
    ),
    Screen("citizen-procedure", "citizen", "/thu-tuc/tran-hung-dao/dang-ky-tam-tru/", "Đăng ký tạm trú"),
    Screen("citizen-former", "citizen", "/thu-tuc/tran-hung-dao/so-tam-tru-kt3/", "Làm sổ tạm trú, KT3 (tên cũ)"),
    Screen("citizen-accessibility", "citizen", "/tiep-can/", "Trang này cho mọi người"),
    Screen(
        "citizen-near",
        "citizen",
        "/thu-tuc/tran-hung-dao/?tim=lam+bang+lai+xe+bi+mat",
        "Thủ tục ở công an xã, phường",
        "#found:text-is('Gần với câu bạn gõ')",
    ),
    Screen("citizen-missing", "citizen", "/khong-co/", "Không tìm thấy trang này.", status=404),
    Screen("citizen-refused", "citizen", "/tuy-chon/", "Trang này không mở thẳng được.", status=405),
    Screen("more", "binh", "/them/", "Thêm"),
    Screen("components", "binh", "/bo-phan/", "Bảng thành phần"),
    Screen("missing", "binh", "/khong-co/", "Không tìm thấy trang này.", status=404),
    Screen("no-door", "an", "/vu-viec/{case.pk}/ghi-chu/", "Trang này không mở thẳng được.", status=405),
]


COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What a theme can change; everything else of this width has been judged in the theme it is loaded in."""


def judge(page: Any, options: dict[str, Any] | None = None) -> list[str]:
    """What axe calls serious or critical, each with the element."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **(options or {})}).response["violations"]
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
