from django.apps import AppConfig


class UnitsConfig(AppConfig):
    name = "zalopolice.units"
    verbose_name = "Đơn vị"
