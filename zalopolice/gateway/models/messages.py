"""The inbox, citizens as an account knows them, messages, files, dialogues."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.gateway.models.groups import ChatGroup
from zalopolice.queue import Job, waiting_index
from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import UnitOwned


class InboundEvent(Job):
    """A signed webhook body, sealed to the vault. Its unit is unknown until it is opened. Never deleted while it
    waits; ``dedupe_key`` is kept for ever, because Zalo may deliver again at any time."""

    class State(models.TextChoices):
        PENDING = "pending", _("chờ xử lý")
        ACTED = "acted", _("đã xử lý")
        RECORDED = "recorded", _("đã ghi nhận")
        IGNORED = "ignored", _("bỏ qua có chủ ý")
        POISON = "poison", _("cần xử lý tay")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Database defaults, because the webhook inserts six columns and knows no Django.
    queue = models.CharField(max_length=8, default="vault", db_default="vault")
    next_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    app_id = models.CharField(max_length=32)
    received_at = models.DateTimeField()
    dedupe_key = models.BinaryField(max_length=32, unique=True)
    sealed = models.BinaryField()
    signed_by = models.UUIDField(null=True, editable=False)  # the WebhookSecret that fitted; it may be gone by now
    state = models.CharField(max_length=10, choices=State, default=State.PENDING, db_default=State.PENDING)
    event_name = models.CharField(max_length=64, blank=True, default="", db_default="")
    error = models.CharField(max_length=120, blank=True, default="", db_default="")

    class Meta:
        indexes = (
            waiting_index("inbound_waiting"),
            models.Index(fields=["received_at"], name="inbound_by_time"),
            models.Index(fields=["received_at"], name="inbound_poison", condition=Q(state="poison")),
        )


class Citizen(UnitOwned):
    """A person as one account knows them: an id and nothing that tells who it is."""

    oa = models.ForeignKey(OfficialAccount, models.PROTECT, db_constraint=False, related_name="citizens")
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_interaction_at = models.DateTimeField(null=True)  # opens Zalo's reply window
    follows = models.BooleanField(null=True)
    follows_since = models.DateTimeField(
        null=True
    )  # Zalo's time of that word: an older one arriving late changes nothing
    wants_silence = models.BooleanField(default=False)  # said STOP: nothing they did not ask for


class Message(UnitOwned, Job):
    """One message of a conversation, either way. Outbound rows are the outbox (design D5)."""

    class Direction(models.TextChoices):
        IN = "in", _("đến")
        OUT = "out", _("đi")

    class Origin(models.TextChoices):
        CITIZEN = "citizen", _("người dân")
        BOT = "bot", _("trả lời tự động")
        OFFICER = "officer", _("cán bộ")
        CONSOLE = "console", _("gõ ngoài hệ thống")

    class State(models.TextChoices):
        RECEIVED = "received", _("Đã nhận")
        ROUTED = "routed", _("Đã phân luồng")
        QUEUED = "queued", _("Chờ gửi")
        SENDING = "sending", _("Đang gửi")
        RETRY = "retry", _("Sẽ gửi lại")
        SENT = "sent", _("Đã gửi")
        UNKNOWN = "unknown", _("Chưa rõ đã gửi")
        BLOCKED = "blocked", _("Zalo không cho gửi")
        FAILED = "failed", _("Chưa gửi được")
        SKIPPED = "skipped", _("Không cần gửi")

    STATE_FIELD = "state"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.RECEIVED: {State.ROUTED},
        State.QUEUED: {State.SENDING, State.UNKNOWN, State.BLOCKED, State.FAILED, State.SKIPPED},
        State.SENDING: {State.SENT, State.RETRY, State.UNKNOWN, State.BLOCKED, State.FAILED, State.SKIPPED},
        State.RETRY: {State.SENDING, State.SENT, State.UNKNOWN, State.BLOCKED, State.FAILED, State.SKIPPED},
        State.UNKNOWN: {State.SENT, State.RETRY, State.FAILED, State.SKIPPED},
        State.BLOCKED: {State.QUEUED},
        State.FAILED: {State.QUEUED, State.SENT},
    }

    oa = models.ForeignKey(OfficialAccount, models.PROTECT, db_constraint=False, related_name="+")
    citizen = models.ForeignKey(Citizen, models.PROTECT, db_constraint=False, related_name="messages")
    group = models.ForeignKey(ChatGroup, models.PROTECT, null=True, db_constraint=False, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction)
    origin = models.CharField(max_length=8, choices=Origin)
    kind = models.CharField(max_length=16, default="text")
    text = EncryptedTextField(owner="citizen_id")
    zalo_msg_id = models.CharField(max_length=64, blank=True, default="")
    sent_at = models.DateTimeField()  # Zalo's time of an inbound message; when an outbound one was asked for
    received_at = models.DateTimeField(null=True)  # when our webhook took it
    is_flood = models.BooleanField(default=False)  # one of too many in too short a time; kept like any other
    talk_seconds = models.PositiveIntegerField(null=True)  # of a call; 0: nobody took it
    delivered_at = models.DateTimeField(null=True)  # an outbound one reached the phone, as Zalo says
    seen_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State)
    business_key = models.CharField(max_length=120, blank=True, default="")
    sending_since = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    resends = models.PositiveSmallIntegerField(default=0)
    asked = models.BooleanField(default=True, db_default=True)  # an answer, or something the citizen waits for
    tier = models.CharField(max_length=8, blank=True, default="", db_default="")  # what sending it cost: free, paid
    error = models.CharField(max_length=160, blank=True, default="")  # for the officer, in Vietnamese
    source_tag = models.ForeignKey(
        "gateway.SourceTag", models.PROTECT, null=True, db_constraint=False, related_name="messages"
    )
    # What an outbound row of the kinds "file" and "image" brings; ``text`` is what the phone shows under it.
    shared_file = models.ForeignKey(
        "gateway.SharedFile", models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["unit", "oa", "zalo_msg_id"], condition=~Q(zalo_msg_id=""), name="message_zalo_id_once"
            ),
            models.UniqueConstraint(
                fields=["unit", "business_key"], condition=~Q(business_key=""), name="message_business_key_once"
            ),
        )
        indexes = (
            waiting_index("message_waiting"),
            models.Index(fields=["unit", "citizen", "sent_at"], name="message_of_citizen"),
            models.Index(
                fields=["unit", "group", "-sent_at", "-id"], name="message_of_group", condition=Q(group__isnull=False)
            ),
            # What comes in, counted for every message (gateway/flood.py).
            models.Index(fields=["unit", "received_at"], name="message_received", condition=Q(direction="in")),
            # What could not be sent, on the first page of every officer.
            models.Index(
                fields=["unit", "sent_at"], name="message_unsent", condition=Q(state__in=["failed", "blocked"])
            ),
        )


class Attachment(UnitOwned, Job):
    """A picture, file, voice, place or card that came with a message.

    The original lies sealed under the vault's key with its SHA-256; the screen gets a derived JPEG or MP3 without
    metadata."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("ảnh")
        GIF = "gif", _("ảnh động")
        AUDIO = "audio", _("ghi âm")
        VIDEO = "video", _("video")
        FILE = "file", _("tệp")
        LOCATION = "location", _("vị trí")
        LINK = "link", _("liên kết")
        STICKER = "sticker", _("nhãn dán")
        CARD = "card", _("danh thiếp")

    class State(models.TextChoices):
        NOTED = "noted", _("Đã ghi nhận")
        ANNOUNCED = "announced", _("Đang tải về")
        STORED = "stored", _("Đã lưu bản gốc")
        AVAILABLE = "available", _("Xem được")
        REJECTED = "rejected", _("Không dùng được")
        UNFETCHABLE = "unfetchable", _("Không tải được")

    STATE_FIELD = "state"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.ANNOUNCED: {State.STORED, State.REJECTED, State.UNFETCHABLE},
        State.STORED: {State.AVAILABLE, State.REJECTED, State.NOTED},
    }

    message = models.ForeignKey(Message, models.CASCADE, db_constraint=False, related_name="attachments")
    citizen_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=12, choices=State)
    source = EncryptedTextField(owner="citizen_id", ring="vault")  # where Zalo keeps it, for the vault only
    detail = EncryptedTextField(owner="citizen_id")  # JSON of what the screen may show: place, file name, link
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size = models.PositiveBigIntegerField(null=True)  # bytes
    width = models.PositiveIntegerField(null=True)  # pixels of the derived picture
    height = models.PositiveIntegerField(null=True)
    seconds = models.PositiveIntegerField(null=True)  # of the derived sound
    fetched_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=160, blank=True, default="")  # why not, for the officer, in Vietnamese

    class Meta:
        indexes = (
            waiting_index("attachment_waiting"),
            models.Index(fields=["unit", "message"], name="attachment_of_message"),
            # How much of one person's has been fetched (gateway/media.py).
            models.Index(
                fields=["unit", "citizen_id", "-fetched_at"],
                name="attachment_fetched",
                condition=Q(fetched_at__isnull=False),
            ),
        )


class Dialogue(UnitOwned):
    """A conversation with a memory (design D11): which kind, where it stands, until when."""

    citizen = models.ForeignKey(Citizen, models.CASCADE, db_constraint=False, related_name="dialogues")
    kind = models.CharField(max_length=32)
    state = EncryptedTextField(owner="citizen_id")  # JSON
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "citizen"], name="dialogue_one_per_citizen"),)
