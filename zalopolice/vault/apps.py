from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VaultConfig(AppConfig):
    name = "zalopolice.vault"
    verbose_name = _("Kho danh tính")
