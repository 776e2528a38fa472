"""What an officer reads of a message that has no words of its own."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from zalopolice.gateway.models import Message

SHORT = {
    "image": gettext_lazy("Gửi ảnh"),
    "gif": gettext_lazy("Gửi ảnh động"),
    "audio": gettext_lazy("Gửi ghi âm"),
    "video": gettext_lazy("Gửi video"),
    "file": gettext_lazy("Gửi tệp"),
    "location": gettext_lazy("Gửi vị trí"),
    "link": gettext_lazy("Gửi liên kết"),
    "sticker": gettext_lazy("Gửi nhãn dán"),
    "business_card": gettext_lazy("Gửi danh thiếp"),
    "call": gettext_lazy("Gọi qua Zalo"),
    "withdraw": gettext_lazy("Rút lại đồng ý dùng thông tin cá nhân"),
}
"""In a row of the tray."""


def words_of(row: Message) -> str:
    """The citizen's words, or for a call and a withdrawal what happened."""
    if row.kind == "call":
        return _call(row)
    if row.kind == "withdraw":
        return _("Người này rút lại đồng ý cho trang Zalo dùng thông tin cá nhân. Giữ hay xóa gì, chỉ huy quyết định.")
    return row.text


def _call(row: Message) -> str:
    at, seconds = f"{timezone.localtime(row.sent_at):%H:%M}", row.talk_seconds
    if row.direction == Message.Direction.OUT:
        said = _("Đơn vị gọi người dân qua Zalo lúc %(time)s") % {"time": at}
    else:
        said = _("Người dân gọi qua Zalo lúc %(time)s") % {"time": at}
    if seconds is None:
        return _("%(call)s.") % {"call": said}
    if seconds == 0:
        return _("%(call)s, không ai nghe máy.") % {"call": said}
    if seconds < 60:
        lasted = ngettext("%(n)s giây", "%(n)s giây", seconds) % {"n": seconds}
    else:
        lasted = ngettext("%(n)s phút", "%(n)s phút", round(seconds / 60)) % {"n": round(seconds / 60)}
    return _("%(call)s, nói chuyện %(lasted)s.") % {"call": said, "lasted": lasted}
