from django.db import migrations, models

KINDS = [
    ("token_ending", "Quyền kết nối OA sắp hết hạn"),
    ("consent_lost", "OA mất kết nối"),
    ("webhook_silent", "Zalo không báo tin"),
    ("signature_refused", "Tin từ Zalo ký bằng khóa không khớp"),
    ("events_stuck", "Có tin cần xử lý tay"),
    ("queue_old", "Hàng đợi chạy chậm"),
    ("spool_used", "Tin đang chờ ở kho tạm"),
    ("spool_failing", "Không nơi nào nhận được tin"),
    ("spool_kept", "Kho tạm có tệp cần người xem"),
    ("media_postponed", "Ổ đĩa gần đầy, hoãn tải ảnh"),
    ("media_foreign", "Tệp của người dân nằm ở máy chủ lạ"),
    ("messages_missing", "Zalo có tin mà hệ thống chưa có"),
    ("quota_low", "Sắp hết lượt gửi"),
    ("quota_differs", "Lượt gửi lệch với Zalo"),
    ("paced", "Zalo yêu cầu gửi chậm lại"),
    ("flood", "Một người nhắn quá nhiều"),
    ("sending_paused", "Đang tạm ngừng gửi"),
    ("worker_still", "Một tiến trình ngừng làm việc"),
    ("clock_wrong", "Đồng hồ máy chủ lệch"),
    ("backup_old", "Bản sao lưu đã cũ"),
    ("console_reply", "Có người trả lời ngoài hệ thống"),
    ("seats_unconfirmed", "Chưa xác nhận người giữ tài khoản quản trị OA"),
]


class Migration(migrations.Migration):
    dependencies = [("gateway", "0014_heard_at")]

    operations = [migrations.AlterField("incident", "kind", models.CharField(choices=KINDS, max_length=20))]
