"""What each kind of incident means and what a person does about it: the one table, read by pages and by tests."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zalopolice.gateway.models import Incident

Kind = Incident.Kind


@dataclass(frozen=True)
class Help:
    tone: str  # "late": citizens are not heard or not answered; "soon": it will come to that
    meaning: str | Promise
    remedy: str | Promise
    size: str | Promise = ""  # how the figure is read; empty: it says nothing to a person


HELP: dict[str, Help] = {
    Kind.CONSENT_LOST: Help(
        "late",
        _("Zalo không cho hệ thống dùng OA này nữa. Tin và bài đăng đang được giữ lại."),
        _("Trưởng đơn vị mở trang Zalo OA, chọn Kết nối lại và đồng ý trên trang của Zalo."),
    ),
    Kind.SIGNATURE_REFUSED: Help(
        "late",
        _("Zalo báo tin nhưng khóa ký không khớp, nên tin chưa được nhận. Zalo chỉ báo lại trong gần hai giờ."),
        _(
            "Mở trang quản trị ứng dụng Zalo, mục Webhook, xem OA Secret Key. Quản trị hệ thống mở Ứng dụng Zalo và "
            "thêm khóa đó. Khóa App Secret đổi thì thêm cả khóa đó."
        ),
        _("%(n)s tin trong một phút"),
    ),
    Kind.WEBHOOK_SILENT: Help(
        "late",
        _(
            "Đã lâu Zalo không báo tin nào của OA này, hoặc chưa báo lần nào từ khi kết nối. Có thể webhook chưa bật "
            "hay Zalo đã tắt."
        ),
        _(
            "Nhắn thử một tin vào OA. Nếu tin không tới hộp tin, mở trang quản trị ứng dụng Zalo, mục Webhook, bật lại "
            "và kiểm tra địa chỉ."
        ),
        _("%(n)s giờ không có tin"),
    ),
    Kind.WORKER_STILL: Help(
        "late",
        _("Một tiến trình nhận việc nhưng không làm. Bộ canh sẽ tự khởi động lại trong nửa phút."),
        _("Nếu quá năm phút vẫn còn, khởi động lại dịch vụ zalopolice trên máy chủ."),
        _("%(n)s tiến trình"),
    ),
    Kind.SPOOL_USED: Help(
        "late",
        _("Cơ sở dữ liệu không trả lời, tin mới đang nằm ở kho tạm trên máy nhận tin. Chưa mất tin nào."),
        _("Kiểm tra PostgreSQL và ổ đĩa của nó. Khi PostgreSQL chạy lại, tin tự vào hộp tin."),
        _("%(n)s tin đang chờ"),
    ),
    Kind.SPOOL_FAILING: Help(
        "late",
        _(
            "Có lúc cả cơ sở dữ liệu lẫn kho tạm không ghi được, nên máy trả lời 503 cho Zalo. Zalo gửi lại trong gần "
            "hai giờ rồi tắt webhook."
        ),
        _(
            "Dọn ổ đĩa chứa kho tạm và kiểm tra PostgreSQL ngay. Nếu quá hai giờ, mở trang quản trị ứng dụng Zalo lưu "
            "lại địa chỉ webhook, rồi ở trang Zalo OA chọn Đối chiếu với Zalo."
        ),
        _("từ %(n)s phút trước"),
    ),
    Kind.SPOOL_KEPT: Help(
        "late",
        _(
            "Kho tạm có tệp .kept: tin bị cơ sở dữ liệu từ chối hoặc tệp bị hỏng. Trong đó có thể có tin báo của người "
            "dân."
        ),
        _(
            "Quản trị hệ thống xem nhật ký máy nhận tin và sửa nguyên nhân. Sau đó đổi đuôi .kept thành .seg để máy "
            "thử lại; đừng xóa tệp."
        ),
        _("%(n)s tệp"),
    ),
    Kind.QUEUE_OLD: Help(
        "late",
        _("Có việc đến hạn mà chưa ai làm, tin trả lời sẽ chậm."),
        _("Xem máy chủ có quá tải, mạng ra Zalo có thông không. Quá mười phút thì khởi động lại dịch vụ zalopolice."),
        _("chậm nhất %(n)s giây"),
    ),
    Kind.EVENTS_STUCK: Help(
        "late",
        _(
            "Có tin Zalo báo mà chưa vào hộp tin của đơn vị nào: OA nhận tin chưa kết nối xong, hoặc hệ thống không "
            "đọc được tin. Có thể đó là tin báo của người dân."
        ),
        _(
            "Xem OA nào chưa kết nối; Trưởng đơn vị đó mở trang Zalo OA và kết nối, tin đang chờ sẽ tự vào hộp tin. OA "
            "nào cũng đã kết nối thì quản trị hệ thống xem nhật ký của máy nhận tin."
        ),
        pgettext_lazy("sự cố", "%(n)s tin"),
    ),
    Kind.MESSAGES_MISSING: Help(
        "late",
        _("So với lịch sử trên Zalo, hệ thống thiếu tin."),
        _("Trực ban mở trang quản trị OA xem các tin đó. Quản trị hệ thống xem webhook có bị tắt trong lúc ấy không."),
        pgettext_lazy("sự cố", "%(n)s tin"),
    ),
    Kind.SENDING_PAUSED: Help(
        "late",
        _("Hệ thống vừa khôi phục từ bản sao lưu nên chưa gửi gì, để không gửi lại tin đã gửi."),
        _("Quản trị hệ thống đối chiếu tin đã gửi trên trang quản trị OA rồi xác nhận gửi tiếp."),
    ),
    Kind.CLOCK_WRONG: Help(
        "late",
        _("Đồng hồ máy chủ lệch so với Zalo, hạn trả lời tính sai."),
        _("Bật đồng bộ giờ (chrony hoặc systemd-timesyncd) trên máy chủ và kiểm tra lại sau năm phút."),
        _("lệch %(n)s giây"),
    ),
    Kind.MEDIA_FOREIGN: Help(
        "soon",
        _("Một tệp người dân gửi nằm ở máy chủ không có trong danh sách của Zalo nên máy không tải."),
        _(
            "Quản trị hệ thống xem Zalo có đổi máy chủ chứa tệp không; nếu có, thêm tên máy chủ vào cấu hình. Tệp gửi "
            "trong bảy ngày qua sẽ tự tải trong vòng một giờ."
        ),
    ),
    Kind.MEDIA_POSTPONED: Help(
        "soon",
        _("Ổ đĩa gần đầy nên ảnh và ghi âm chưa tải về. Chữ vẫn nhận đủ."),
        _("Dọn hoặc mở rộng ổ đĩa. Tệp đang chờ sẽ tự tải; đường dẫn của Zalo chỉ dùng được vài ngày nên cần làm sớm."),
    ),
    Kind.TOKEN_ENDING: Help(
        "soon",
        _("Quyền kết nối OA có hạn ba tháng và sắp hết. Hết hạn thì không gửi được tin nào."),
        _("Trưởng đơn vị mở trang Zalo OA và chọn Kết nối lại."),
        pgettext_lazy("sự cố", "còn %(n)s ngày"),
    ),
    Kind.QUOTA_LOW: Help(
        "soon",
        _("Số lượt gửi Zalo cho trong tháng sắp hết."),
        _("Để dành lượt cho bài quan trọng, hoặc nâng gói OA trên trang quản trị của Zalo."),
        _("còn %(n)s lượt"),
    ),
    Kind.QUOTA_DIFFERS: Help(
        "soon",
        _("Số lượt gửi hệ thống đếm khác số Zalo báo."),
        _("Hỏi những người giữ tài khoản quản trị OA có gửi từ trang của Zalo không. Từ nay chỉ gửi qua hệ thống."),
        _("lệch %(n)s lượt"),
    ),
    Kind.PACED: Help(
        "soon",
        _("Zalo báo gửi quá nhanh, hệ thống đang gửi chậm lại."),
        _("Không cần làm gì; tốc độ tự tăng lại. Nếu kéo dài cả ngày, báo quản trị hệ thống."),
    ),
    Kind.FLOOD: Help(
        "soon",
        _("Một người nhắn dồn dập. Mọi tin vẫn được lưu và gom lại, máy tạm thôi trả lời tự động người đó."),
        _("Trực ban mở hộp tin, đọc tin được gom và trả lời nếu cần."),
    ),
    Kind.BACKUP_OLD: Help(
        "soon",
        _("Lâu rồi không có bản sao lưu nào xong."),
        _("Xem nhật ký sao lưu trên máy chủ, sửa lỗi và chạy sao lưu bằng tay một lần."),
    ),
    Kind.CONSOLE_REPLY: Help(
        "soon",
        _("Có tin gửi từ trang quản trị của Zalo, hệ thống không biết ai gửi."),
        _("Chỉ huy hỏi những người giữ tài khoản quản trị OA. Từ nay chỉ trả lời người dân từ hệ thống."),
    ),
    Kind.SEATS_UNCONFIRMED: Help(
        "soon",
        _("Hơn một tháng chưa ai xác nhận những người vào được trang quản trị OA."),
        _("Trưởng đơn vị mở trang Zalo OA, Các bước khai báo, xem danh sách và xác nhận."),
        pgettext_lazy("sự cố", "%(n)s ngày"),
    ),
}

NEWS = [Kind.PACED, Kind.FLOOD, Kind.CONSOLE_REPLY]
"""Nobody is waiting because of these; an account with nothing else is well."""


def size_of(incident: Incident) -> str:
    words = HELP[incident.kind].size
    return str(words) % {"n": incident.figure} if words and incident.figure is not None else ""
