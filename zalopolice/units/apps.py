from allauth.account.apps import AccountConfig
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UnitsConfig(AppConfig):
    name = "zalopolice.units"
    verbose_name = _("Đơn vị")


class LibraryAccounts(AccountConfig):
    """allauth.mfa needs the models of allauth.account; its pages, mails and middleware are not used."""

    def ready(self) -> None:
        """The parent insists on a middleware that would answer requests of its own (``units/factors.py`` asks it)."""
