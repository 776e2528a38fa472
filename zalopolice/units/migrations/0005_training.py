from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("units", "0004_sign_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="unit",
            name="is_training",
            field=models.BooleanField(default=False, verbose_name="đơn vị tập huấn"),
        ),
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("danger", "Tin nguy hiểm tính mạng"),
                    ("case_assigned", "Vụ việc giao cho đồng chí"),
                    ("case_news", "Nguồn tin nhắn thêm"),
                    ("closing_proposed", "Đề nghị kết thúc chờ duyệt"),
                    ("closing_returned", "Đề nghị kết thúc bị trả lại"),
                    ("unsent", "Tin chưa gửi được"),
                    ("post_submitted", "Bài đăng chờ duyệt"),
                    ("post_returned", "Bài đăng bị trả lại"),
                    ("post_approved", "Bài đăng đã được duyệt"),
                    ("post_held", "Bài đăng bị giữ lại"),
                    ("post_unclear", "Chưa rõ bài đã gửi"),
                    ("procedure_submitted", "Thủ tục chờ thẩm định"),
                    ("procedure_returned", "Thủ tục bị trả lại"),
                    ("oa_trouble", "Zalo của đơn vị cần xem lại"),
                    ("console_reply", "Có người trả lời ngoài hệ thống"),
                    ("stuck_event", "Tin cần xử lý tay"),
                    ("missed_messages", "Zalo có tin mà hệ thống chưa có"),
                    ("incident", "Sự cố hệ thống"),
                    ("role_changed", "Vai trò của đồng chí thay đổi"),
                    ("new_device", "Đăng nhập trên máy mới"),
                ],
                max_length=24,
            ),
        ),
    ]
