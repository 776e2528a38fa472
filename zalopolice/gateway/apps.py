from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewayConfig(AppConfig):
    name = "zalopolice.gateway"
    verbose_name = _("Cổng Zalo")
