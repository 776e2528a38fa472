from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "zalopolice.audit"
    verbose_name = "Nhật ký"
