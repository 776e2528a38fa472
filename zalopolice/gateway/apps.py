from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "zalopolice.gateway"
    verbose_name = "Cổng Zalo"
