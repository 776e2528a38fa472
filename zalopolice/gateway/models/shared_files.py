"""What editors attach to what the bot says: forms, pictures, voice. Public by nature, so not encrypted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold


class SharedFileQuerySet(models.QuerySet["SharedFile"]):
    def visible_to(self, officer: Officer) -> SharedFileQuerySet:
        """The unit's own and those of the unit above, whose procedures it gives too."""
        if not (officer.may(Permission.PROCEDURE_EDIT) or officer.may(Permission.PROCEDURE_REVIEW)):
            return self.none()
        return self.filter(unit__in=[officer.unit.pk, officer.unit.parent_id])

    def offered(self) -> SharedFileQuerySet:
        return self.filter(retired_at=None)


class SharedFileManager(models.Manager["SharedFile"]):
    def get_queryset(self) -> SharedFileQuerySet:
        """Without the bytes: a list of forms must not carry megabytes."""
        return SharedFileQuerySet(self.model, using=self._db).defer("content")


class SharedFile(UnitOwned):
    """A file for citizens. Never changed: a better one is another row, and the old one is retired."""

    class Kind(models.TextChoices):
        FORM = "form", _("Mẫu đơn, tờ khai")
        PICTURE = "picture", _("Ảnh hướng dẫn")
        VOICE = "voice", _("Bản đọc")

    name = models.CharField(_("tên tệp"), max_length=100)  # with the extension its bytes deserve
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    kind = models.CharField(_("loại"), max_length=8, choices=Kind)
    added_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)  # nobody gets it any more, not even by an old link

    objects = SharedFileManager.from_queryset(SharedFileQuerySet)()

    class Meta:
        verbose_name = _("tệp cho người dân")
        indexes = (models.Index(fields=["unit", "sha256"], name="shared_file_of_unit"),)

    def __str__(self) -> str:
        return self.name

    @property
    def plain_name(self) -> str:
        """For addresses, where marks would be three characters a letter: "to-khai-ct01.docx"."""
        stem, _dot, extension = self.name.rpartition(".")
        return f"{fold(stem).replace(' ', '-') or 'tep'}.{extension}"

    @property
    def path(self) -> str:
        """On the public pages."""
        return f"/tep/{self.pk}/{self.plain_name}"

    @property
    def link(self) -> str:
        return f"{settings.PUBLIC_URL}{self.path}"


class FileAtZalo(UnitOwned):
    """What an account calls a file it has uploaded; Zalo forgets it after a week (zalo-oa-api.md 4)."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="+")
    file_id = models.UUIDField()  # the SharedFile; it may be of the unit above
    token = models.CharField(max_length=512)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "oa", "file_id"], name="file_at_zalo_once"),)
