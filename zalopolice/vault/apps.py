from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "zalopolice.vault"
    verbose_name = "Kho danh tính"
