"""The tray of what nobody has sorted yet, and cases."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zalopolice.gateway.models import ChatGroup, Citizen, Message
from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import Area, Membership, Officer, UnitOwned
from zalopolice.units.roles import ROLE_PERMISSIONS, Permission
from zalopolice.vault.aliases import new_alias, new_tip_code

LOST = (Message.State.FAILED, Message.State.BLOCKED)
"""Ends of a message of ours that never arrived."""


class TrayQuerySet(models.QuerySet["TrayItem"]):
    def visible_to(self, officer: Officer) -> TrayQuerySet:
        """Duty officer and command read the tray; for everybody else it does not exist (design D21)."""
        return self.filter(unit=officer.unit) if officer.may(Permission.TRAY_READ) else self.none()

    def waiting(self) -> TrayQuerySet:
        return self.filter(status=TrayItem.Status.WAITING).order_by("-is_urgent", "waits_since", "pk")

    def alarming(self) -> TrayQuerySet:
        """Somebody may be hurt and nobody has said "I take it"."""
        return self.filter(status=TrayItem.Status.WAITING, is_urgent=True, taken_by=None)

    def counted(self) -> TrayQuerySet:
        """Adds ``messages``: how many the citizen wrote that nobody has put into a case."""
        here = Filed.objects.filter(tray_item=OuterRef("pk"), case=None, message__direction=Message.Direction.IN)
        number = here.order_by().values("tray_item").annotate(number=Count("pk")).values("number")
        return self.annotate(messages=Coalesce(Subquery(number, output_field=models.IntegerField()), 0))

    def listed(self) -> TrayQuerySet:
        """Adds ``unsorted_ids``: the messages ``counted`` counts."""
        here = Filed.objects.filter(tray_item=OuterRef("pk"), case=None, message__direction=Message.Direction.IN)
        return self.annotate(unsorted_ids=ArraySubquery(here.values("message")))


class TrayItem(UnitOwned):
    """A conversation that waits for the duty officer."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Chờ xử lý")
        SORTED = "sorted", _("Đã xếp")

    class Kind(models.TextChoices):
        UNSORTED = "unsorted", _("Chưa rõ")
        TIP = "tip", _("Tin báo")
        QUESTION = "question", _("Hỏi thủ tục")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {Status.WAITING: {Status.SORTED}, Status.SORTED: {Status.WAITING}}

    messages: int  # only after ``counted``
    unsorted_ids: list[uuid.UUID]  # only after ``listed``

    citizen = models.ForeignKey(Citizen, models.PROTECT, db_constraint=False, related_name="+")
    group = models.ForeignKey(ChatGroup, models.PROTECT, null=True, db_constraint=False, related_name="+")  # said there
    alias = models.CharField(max_length=12, default=new_alias)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.UNSORTED)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    is_urgent = models.BooleanField(default=False)
    tip_code = models.CharField(max_length=16, blank=True, default="")
    urgent_since = models.DateTimeField(null=True)  # the first words of the alarm that still wait here
    opened_at = models.DateTimeField()  # time of the first message
    waits_since = models.DateTimeField(default=timezone.now)  # the oldest words nobody has answered or put into a case
    is_answered = models.BooleanField(default=False)  # the next word is the citizen's
    taken_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    sorted_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    sorted_at = models.DateTimeField(null=True)

    objects = TrayQuerySet.as_manager()

    class Meta:
        constraints = (
            # Two messages at the same moment must not open two threads of one person.
            models.UniqueConstraint(
                fields=["unit", "citizen"], condition=Q(status="waiting"), name="tray_one_open_per_citizen"
            ),
            models.UniqueConstraint(
                fields=["unit", "alias"], condition=Q(status="waiting"), name="tray_alias_once_while_waiting"
            ),
            models.UniqueConstraint(fields=["unit", "tip_code"], condition=~Q(tip_code=""), name="tray_tip_code_once"),
            models.CheckConstraint(
                condition=Q(sorted_by=None, sorted_at=None) | Q(sorted_by__isnull=False, sorted_at__isnull=False),
                name="tray_sorting_is_one_fact",
            ),
            models.CheckConstraint(
                condition=Q(taken_by=None, taken_at=None) | Q(taken_by__isnull=False, taken_at__isnull=False),
                name="tray_taking_is_one_fact",
            ),
        )
        indexes = (
            # The tray, most pressing first.
            models.Index(
                fields=["unit", "-is_urgent", "waits_since", "id"], name="tray_pressing", condition=Q(status="waiting")
            ),
            models.Index(fields=["unit", "-sorted_at", "-id"], name="tray_put_away", condition=Q(status="sorted")),
        )

    def received_messages(self) -> models.QuerySet[Message]:
        return Message.objects.filter(direction=Message.Direction.IN, filed__tray_item=self)

    def unsorted_messages(self) -> models.QuerySet[Message]:
        """What the citizen wrote here and nobody has put into a case."""
        return self.received_messages().filter(filed__case=None)


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, officer: Officer) -> CaseQuerySet:
        """Everybody who works cases sees that a case exists; its words need :meth:`Case.readable_by`."""
        return self.filter(unit=officer.unit) if officer.may(Permission.CASE_LIST) else self.none()

    def readable_by(self, officer: Officer) -> CaseQuerySet:
        """The same rule as :meth:`Case.readable_by`, for many."""
        rows = self.visible_to(officer)
        return rows if officer.may(Permission.CASE_READ_ALL) else rows.filter(claimed_by=officer)

    def open(self) -> CaseQuerySet:
        return self.exclude(status=Case.Status.CLOSED)


class Case(UnitOwned):
    """A tip as a file: one source, one officer who answers for it, one end."""

    class Status(models.TextChoices):
        UNCLAIMED = "unclaimed", _("Chưa ai nhận")
        IN_PROGRESS = "in_progress", _("Đang xác minh")
        CLOSING = "closing", _("Chờ duyệt kết thúc")
        CLOSED = "closed", _("Kết thúc")

    class Classification(models.TextChoices):
        """Working classes (law-and-terms.md 3.2); proposed by an officer, never by the machine."""

        CRIME_TIP = "togiac_tinbao", _("Tố giác, tin báo về tội phạm")
        ADMINISTRATIVE = "vphc", _("Vi phạm hành chính")
        SECURITY = "tin_antt", _("Tin về an ninh, trật tự")
        COMPLAINT = "kn_tc_hc", _("Khiếu nại, tố cáo hành chính")
        OUT_OF_COMPETENCE = "ngoai_tq", _("Ngoài thẩm quyền")

    class Result(models.TextChoices):
        TRANSFERRED = "transferred", _("Đã chuyển cơ quan có thẩm quyền")
        SANCTIONED = "admin_sanction", _("Xử phạt vi phạm hành chính")
        WARNED = "warned", _("Nhắc nhở, hòa giải")
        UNFOUNDED = "unfounded", _("Không có cơ sở")
        DUPLICATE = "duplicate", _("Trùng tin khác")
        UNREACHABLE = "unreachable", _("Không liên lạc được người báo")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.UNCLAIMED: {Status.IN_PROGRESS},
        Status.IN_PROGRESS: {Status.CLOSING},
        Status.CLOSING: {Status.CLOSED, Status.IN_PROGRESS},
        Status.CLOSED: set(),
    }

    citizen = models.ForeignKey(Citizen, models.PROTECT, db_constraint=False, related_name="+")
    alias = models.CharField(max_length=12, default=new_alias)
    tip_code = models.CharField(max_length=16, default=new_tip_code)
    status = models.CharField(_("trạng thái"), max_length=12, choices=Status, default=Status.UNCLAIMED)
    classification = models.CharField(_("phân loại"), max_length=16, choices=Classification)
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, db_constraint=False, verbose_name=_("địa bàn"), related_name="+"
    )
    title = EncryptedTextField(owner="id")
    is_urgent = models.BooleanField(_("khẩn cấp"), default=False)
    received_at = models.DateTimeField()  # the clock starts with the message, the stricter reading
    opened_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    claimed_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    unread_since = models.DateTimeField(null=True)  # the source's words the officer above has not seen yet
    returned_at = models.DateTimeField(null=True)  # command did not agree to close; until it is proposed again
    proposed_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    result = models.CharField(_("kết quả"), max_length=16, choices=Result, blank=True, default="")
    summary = EncryptedTextField(owner="id")
    closed_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("vụ việc")
        constraints = (
            models.UniqueConstraint(fields=["unit", "tip_code"], name="case_tip_code_once"),
            models.UniqueConstraint(fields=["unit", "alias"], name="case_alias_once"),
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_at=None) | Q(claimed_by__isnull=False, claimed_at__isnull=False),
                name="case_claim_is_one_fact",
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None, closed_at=None) | Q(closed_by__isnull=False, closed_at__isnull=False),
                name="case_closing_is_one_fact",
            ),
            models.CheckConstraint(
                condition=~Q(status="closed") | (Q(closed_at__isnull=False) & ~Q(result="")),
                name="case_closed_has_result",
            ),
            models.CheckConstraint(
                condition=Q(status="unclaimed") | Q(claimed_by__isnull=False), name="case_worked_has_officer"
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None) | Q(proposed_by=None) | ~Q(closed_by=F("proposed_by")),
                name="case_closing_needs_two",
            ),
        )
        indexes = (models.Index(fields=["unit", "status", "received_at", "id"], name="case_list"),)

    def __str__(self) -> str:
        return self.tip_code

    @property
    def has_news(self) -> bool:
        """Words of the source its officer has not seen."""
        waits = self.unread_since is not None and self.claimed_by_id is not None
        return waits and self.status != Case.Status.CLOSED

    def readable_by(self, officer: Officer) -> bool:
        """Who may read its words: the officer who claimed it, and command (design D21)."""
        return officer.may(Permission.CASE_READ_ALL) or (
            self.claimed_by_id is not None and self.claimed_by_id == officer.pk
        )

    def workable_by(self, officer: Officer) -> bool:
        """Who may reply, note and propose: the officer who claimed it, and command."""
        return officer.may(Permission.CASE_WORK_ALL) or (
            self.claimed_by_id is not None and self.claimed_by_id == officer.pk
        )


def colleagues(unit: uuid.UUID) -> models.QuerySet[Officer]:
    """Officers who may work cases of the unit today."""
    working = [role for role, permissions in ROLE_PERMISSIONS.items() if Permission.CASE_CLAIM in permissions]
    held = Membership.objects.current().filter(unit_id=unit, role__in=working)
    return Officer.objects.filter(is_active=True, pk__in=held.values("officer")).order_by("full_name", "pk")


class Filed(UnitOwned):
    """Where a citizen's message lies: in a tray item, or moved into a case. Each message lies in one place.

    So do answers from the tray. Any other message of ours gets a row only when somebody acknowledges that it did not
    arrive; an automatic answer lies where the message lies that it answers, whatever its row says."""

    message = models.OneToOneField(Message, models.CASCADE, db_constraint=False, related_name="filed")
    tray_item = models.ForeignKey(TrayItem, models.PROTECT, null=True, db_constraint=False, related_name="filed")
    case = models.ForeignKey(Case, models.PROTECT, null=True, db_constraint=False, related_name="filed")
    is_danger = models.BooleanField(default=False)  # these very words raised the alarm, not the whole thread
    acknowledged_at = models.DateTimeField(null=True)  # an officer knows that it did not arrive

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(tray_item__isnull=False) | Q(case__isnull=False), name="filed_somewhere"
            ),
        )
        indexes = (
            models.Index(fields=["unit", "tray_item"], name="filed_in_tray"),
            models.Index(fields=["unit", "case"], name="filed_in_case"),
        )


class CaseEntry(UnitOwned):
    """A line of a case's timeline. ``message`` is set for what was received and what was sent."""

    class Kind(models.TextChoices):
        OPENED = "opened", pgettext_lazy("diễn biến", "Mở vụ việc")
        RECEIVED = "received", _("Nguồn tin nhắn")
        CLAIMED = "claimed", pgettext_lazy("diễn biến", "Nhận xử lý")
        ASSIGNED = "assigned", pgettext_lazy("diễn biến", "Phân công")
        REASSIGNED = "reassigned", pgettext_lazy("diễn biến", "Giao lại")
        REPLIED = "replied", pgettext_lazy("diễn biến", "Trả lời nguồn tin")
        NOTED = "noted", _("Ghi chú")
        PROPOSED = "proposed", pgettext_lazy("diễn biến", "Đề nghị kết thúc")
        RETURNED = "returned", _("Chưa đồng ý kết thúc")
        CLOSED = "closed", _("Kết thúc")
        TOLD = "told", _("Báo tự động cho nguồn tin")

    case = models.ForeignKey(Case, models.CASCADE, db_constraint=False, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    message = models.OneToOneField(Message, models.PROTECT, null=True, db_constraint=False, related_name="case_entry")
    text = EncryptedTextField(owner="case_id")

    class Meta:
        ordering = ("at", "pk")
        indexes = (models.Index(fields=["unit", "case", "at", "id"], name="case_timeline"),)
