"""Apps, accounts, their grants and tokens, and Zalo's dated rules."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.queue import Job, waiting_index
from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class ZaloAppQuerySet(models.QuerySet["ZaloApp"]):
    def visible_to(self, officer: Officer) -> ZaloAppQuerySet:
        """Apps serve all units: who sets up sees them, and the chief who declares an account chooses one."""
        sees = officer.may(Permission.SET_UP) or officer.may(Permission.OA_CONNECT)
        return self.all() if sees else self.none()


class ZaloApp(models.Model):
    """An application registered with Zalo: one webhook address, many accounts (design D9)."""

    class Pkce(models.TextChoices):
        # Who owns the challenge is disputed between sources (zalo-oa-api.md 1.2), so all three are possible.
        REQUEST = "request", _("mỗi lần một mã")
        FIXED = "fixed", _("mã cố định khai trong trang quản trị Zalo")
        NONE = "none", _("không dùng")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    pkce = models.CharField(max_length=8, choices=Pkce, default=Pkce.REQUEST)
    sealed_secret = models.BinaryField()  # the App Secret, sealed to the vault
    sealed_verifier = models.BinaryField(default=bytes)  # for Pkce.FIXED
    challenge = models.CharField(max_length=64, blank=True)  # for Pkce.FIXED
    probed_at = models.DateTimeField(null=True)  # when Zalo's console last tried the webhook's address

    objects = ZaloAppQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class WebhookSecretQuerySet(models.QuerySet["WebhookSecret"]):
    def visible_to(self, officer: Officer) -> WebhookSecretQuerySet:
        """That they are there and which one is used; zone web cannot read what they are."""
        sees = officer.may(Permission.SET_UP) or officer.may(Permission.OA_VIEW)
        return self.defer("sealed", "offered") if sees else self.none()


class WebhookSecret(models.Model):
    """A secret that may sign this app's events, sealed to the webhook; several live ones allow rotation.

    Typed by a person in zone web, which can seal to the vault only: it waits in ``offered`` until the vault has sealed
    it anew. Sources disagree on which of an app's two secrets signs (zalo-oa-api.md 2.3), so both may be entered, and
    ``last_used_at`` tells which one does."""

    class Kind(models.TextChoices):
        OA_SECRET = "oa", "OA Secret Key"
        APP_SECRET = "app", "App Secret"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app_id = models.CharField(max_length=32, db_index=True)
    kind = models.CharField(max_length=3, choices=Kind, default=Kind.OA_SECRET)
    sealed = models.BinaryField(default=bytes)
    offered = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)  # kept by the vault, to half a minute

    objects = WebhookSecretQuerySet.as_manager()

    def __str__(self) -> str:
        return self.app_id


class OfficialAccountQuerySet(models.QuerySet["OfficialAccount"]):
    def visible_to(self, officer: Officer) -> OfficialAccountQuerySet:
        """Who sets up, watches or connects the unit's account, and who writes what it sends."""
        sees = (Permission.OA_VIEW, Permission.OA_CONNECT, Permission.POST_READ, Permission.SET_UP)
        return self.filter(unit=officer.unit) if any(officer.may(one) for one in sees) else self.none()


class OfficialAccount(UnitOwned):
    """A unit's Official Account. Its id is public: citizens scan it from posters."""

    app = models.ForeignKey(ZaloApp, models.PROTECT)
    oa_id = models.CharField(_("mã OA"), max_length=32, unique=True)  # two units with one account would mix tips
    name = models.CharField(_("tên OA"), max_length=160)
    connected_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=255, blank=True, default="")  # what a person must mend, in Vietnamese

    # Written by the vault, for the account's page: what is known without asking Zalo while somebody waits.
    token_obtained_at = models.DateTimeField(null=True)
    token_refresh_until = models.DateTimeField(null=True)  # counted from the consent: a rotation may not prolong it
    last_event_at = models.DateTimeField(null=True)  # to the minute
    last_sent_at = models.DateTimeField(null=True)
    listening_at = models.DateTimeField(null=True)  # until when our webhook surely took its events
    heard_at = models.DateTimeField(null=True)  # ``last_event_at`` as whoever looks for silences last saw it
    followers = models.PositiveIntegerField(null=True)
    broadcast_left = models.PositiveIntegerField(null=True)  # this month, as Zalo counts; None: not known
    broadcast_total = models.PositiveIntegerField(null=True)
    reply_left = models.PositiveIntegerField(null=True)  # replies of the package, for those Zalo charges for
    reply_total = models.PositiveIntegerField(null=True)
    package = models.CharField(max_length=80, blank=True, default="")
    checked_at = models.DateTimeField(null=True)  # when Zalo last told the four above
    zalo_tags = models.JSONField(default=list)  # names of the tags officers gave in Zalo's own console, to read
    zalo_tags_on = models.DateField(null=True)  # the day they were got
    buttons_refused_at = models.DateTimeField(null=True)  # Zalo took no message with a button (design D7)

    objects = OfficialAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("tài khoản OA")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ConsentQuerySet(models.QuerySet["Consent"]):
    def visible_to(self, officer: Officer) -> ConsentQuerySet:
        """Whoever sees the account's page sees how its last connecting ended."""
        sees = officer.may(Permission.OA_VIEW) or officer.may(Permission.OA_CONNECT)
        return self.filter(unit=officer.unit) if sees else self.none()


class Consent(UnitOwned, Job):
    """One walk through Zalo's permission page. The code passes through zone web sealed; the vault exchanges it."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="consents")
    state_hash = models.BinaryField(max_length=32)
    sealed_verifier = models.BinaryField(default=bytes)
    sealed_code = models.BinaryField(default=bytes)
    started_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    exchanged_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=255, blank=True, default="")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "state_hash"], name="consent_state_once"),)
        indexes = (waiting_index("consent_waiting"),)


class Token(UnitOwned):
    """The pair of one account. ``refreshing_until`` is the lease of the one refresh in flight."""

    oa = models.OneToOneField(OfficialAccount, models.CASCADE, db_constraint=False, related_name="token")
    access = EncryptedTextField(owner="oa_id", ring="vault")
    refresh = EncryptedTextField(owner="oa_id", ring="vault")
    version = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField()
    obtained_at = models.DateTimeField()
    refreshing_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)  # this refresh token left for Zalo; without a new pair: never again


class TokenJournal(UnitOwned):
    """A new pair, kept before it is used: Zalo burns the old refresh token with its answer, so an answer lost
    between the wire and the token row would cost the grant."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="journal")
    version = models.PositiveIntegerField()
    access = EncryptedTextField(owner="oa_id", ring="vault")
    refresh = EncryptedTextField(owner="oa_id", ring="vault")
    expires_at = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "oa", "version"], name="journal_version_once"),)


class ChannelRule(models.Model):
    """A rule of Zalo as dated data (design D8): rules changed five times in three years."""

    name = models.CharField(max_length=40)
    value = models.IntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        ordering = ("name", "valid_from")
        constraints = (models.UniqueConstraint(fields=["name", "valid_from"], name="channel_rule_once"),)

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
