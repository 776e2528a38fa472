"""Every part of the pages in every state, from the same partials as the pages: what is ugly here is ugly there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

COLOURS = (
    ("paper", gettext_lazy("Nền trang")),
    ("surface", gettext_lazy("Mặt thẻ")),
    ("sunken", gettext_lazy("Chìm")),
    ("line", gettext_lazy("Kẻ")),
    ("line-strong", gettext_lazy("Kẻ đậm, viền ô nhập")),
    ("ink", gettext_lazy("Mực")),
    ("ink-2", gettext_lazy("Mực phụ")),
    ("ink-3", gettext_lazy("Mực nhạt")),
    ("moss", gettext_lazy("Rêu (điểm nhấn)")),
    ("moss-tint", gettext_lazy("Rêu nhạt")),
    ("band", gettext_lazy("Dải đầu trang")),
    ("info", gettext_lazy("Lam: mới, đang xử lý")),
    ("info-tint", gettext_lazy("Lam nhạt")),
    ("soon", gettext_lazy("Hổ phách: sắp hết hạn")),
    ("soon-tint", gettext_lazy("Hổ phách nhạt")),
    ("late", gettext_lazy("Nâu đặc: quá hạn, lỗi")),
    ("late-tint", gettext_lazy("Nâu nhạt")),
    ("life", gettext_lazy("Đỏ: nguy hiểm tính mạng")),
)


class Sample(forms.Form):
    place = forms.CharField(
        label=gettext_lazy("Địa điểm xảy ra"), help_text=gettext_lazy("Ghi thôn, ngõ, mốc dễ nhận.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Lý do trả lại"),
        widget=forms.Textarea({"rows": 2, "placeholder": gettext_lazy("Ví dụ: thay số điện thoại cá nhân")}),
        error_messages={"required": gettext_lazy("Ghi lý do để người soạn biết sửa gì.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Loại tin"),
        choices=[("tip", gettext_lazy("Tố giác, tin báo về tội phạm")), ("ask", gettext_lazy("Hỏi thủ tục"))],
    )
    depth = forms.ChoiceField(
        label=gettext_lazy("Ai đọc được?"),
        choices=[("one", gettext_lazy("Cả đơn vị")), ("two", gettext_lazy("Người xử lý và chỉ huy"))],
        widget=forms.RadioSelect,
    )
    photo = forms.FileField(
        label=gettext_lazy("Ảnh bìa"), help_text=gettext_lazy("JPG hoặc PNG, rộng từ 1.000 điểm ảnh."), required=False
    )
    sure = forms.BooleanField(label=gettext_lazy("Đã soát số điện thoại và biển số trong bài"), required=False)


class Step(NamedTuple):
    label: str
    state: str
    at: Any = None


class Piece(NamedTuple):
    kind: str
    text: str


@require_GET
def more(request: HttpRequest) -> HttpResponse:
    """The fifth place of a phone's bar: everything that has no room there."""
    return render(request, "more.html", {"at": "more"})


@require_GET
def components(request: HttpRequest) -> HttpResponse:
    return render(request, "components.html", {"at": "more", "colours": COLOURS} | _clocks() | _pieces())


def _clocks() -> dict[str, Any]:
    now = timezone.now()
    return {
        "now": now,
        "begun": now - timedelta(days=1),
        "soon": now + timedelta(hours=2, minutes=51),
        "calm": now + timedelta(days=3, hours=1),
        "late": now - timedelta(minutes=40),
        "steps": [
            Step(_("Tiếp nhận"), "done", now - timedelta(hours=9)),
            Step(_("Phân loại"), "done", now - timedelta(hours=5)),
            Step(_("Xác minh sơ bộ"), "now", now - timedelta(hours=4)),
            Step(_("Chuyển cơ quan điều tra"), "next"),
            Step(_("Đề xuất kết quả"), "next"),
            Step(_("Kết thúc"), "next"),
        ],
    }


def _pieces() -> dict[str, Any]:
    words = _("Thời gian gần đây, một số người lạ ")
    return {
        "form": Sample({"place": _("Lò gạch cũ, thôn Bến Cát"), "kind": "tip", "depth": "one"}),
        "tabs": [
            {"href": "#tabs", "label": _("Diễn biến"), "icon": "history", "count": None, "current": True},
            {"href": "#tabs", "label": _("Bằng chứng"), "icon": "image", "count": 5, "current": False},
            {"href": "#tabs", "label": _("Ghi chú"), "icon": "notebook-pen", "count": None, "current": False},
        ],
        "pieces": [
            Piece("folded", _("Công an phường thông báo tới bà con trong khu vực.\n")),
            Piece("same", words),
            Piece("removed", _("giả công an")),
            Piece("same", " "),
            Piece("added", _("mặc trang phục giống công an")),
            Piece("same", _(", gọi video yêu cầu chuyển tiền.")),
        ],
        "fingerprint": "a3f927c108de4b5a",
        "following": "x",
    }  # fmt: skip
