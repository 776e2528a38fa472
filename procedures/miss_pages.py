"""Editors' pages of what the bot could not answer and of how often it did (features F7 and F8)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import F, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import pgettext_lazy

from procedures import cluster_actions
from procedures.masking import masked
from procedures.models import Miss, MissCluster, Outcome, Version
from zalopolice.paging import page
from zalopolice.refusals import Refused
from zalopolice.units import keyring
from zalopolice.units.roles import Permission
from zalopolice.units.seated_admin import SeatedAdmin
from zalopolice.units.seats import OfficerRequest
from zalopolice.vietnamese import fold

State = MissCluster.State
AT_ONCE = 5
"""Sentences shown of a cluster before one asks for the others."""
LIST = "content:procedures_misscluster_changelist"


class MissClusterAdmin(SeatedAdmin):
    rights = frozenset({Permission.PROCEDURE_EDIT})
    title = pgettext_lazy("nhiều", "câu máy chưa trả lời được")
    about = _lazy("Câu hỏi máy phải hỏi lại hoặc chuyển cán bộ, gộp theo tuần; một nút là thành bản soạn.")

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("cau-hoi/", "changelist", listing, "GET"),
            self._path("cau-hoi/<uuid:pk>/ban-soan/", "draft", draft, "POST"),
            self._path("cau-hoi/<uuid:pk>/de-nghi/", "propose", propose, "POST"),
            self._path("cau-hoi/<uuid:pk>/bo-qua/", "drop", drop, "POST"),
        ]


class OutcomeAdmin(SeatedAdmin):
    rights = frozenset({Permission.PROCEDURE_EDIT})
    title = pgettext_lazy("nhiều", "số liệu trả lời")
    about = _lazy("Mỗi thủ tục mỗi tháng: đã trả lời, hỏi lại, chuyển cán bộ, “chưa đúng”.")

    def get_urls(self) -> list[URLPattern]:
        return [self._path("so-lieu/", "changelist", counts, "GET")]


def listing(request: OfficerRequest, refusal: str = "") -> HttpResponse:
    """Newest week first, in it what was asked most. A province sees what its communes have passed up."""
    rows = MissCluster.objects.visible_to(request.user).select_related("unit")
    seen = request.GET.get("muc") == "da-xem"
    mine = Q(unit=request.user.unit.pk)
    rows = rows.filter(mine & ~Q(state=State.NEW)) if seen else rows.exclude(mine & ~Q(state=State.NEW))
    found = page(rows, ("-monday", "-size", "pk"), request.GET.get("sau"))
    named = _named(request, [_slug(row) for row in found.rows])
    samples = _samples(request, [row.pk for row in found.rows])
    context = {
        "page": found,
        "lines": [_line(request, row, named, samples.get(row.pk, [])) for row in found.rows],
        "seen": seen,
        "refusal": refusal,
        "at": "procedures",
    }
    return render(request, "procedures/admin/misses.html", context, status=409 if refusal else 200)


def _line(request: OfficerRequest, row: MissCluster, named: dict[str, Version], samples: list[Miss]) -> dict[str, Any]:
    near, unit = named.get(_slug(row)), request.user.unit.pk
    own, is_ours = row.unit_id == unit, near is None or near.unit_id == unit
    known = {fold(word) for word in near.synonyms} if near else set()
    may_draft = is_ours and row.state in ({State.NEW} if own else {State.PROPOSED})
    may_propose = own and not is_ours and row.state == State.NEW
    sentences = [masked(one) for one in ([miss.text for miss in samples] if own else row.phrases)]
    phrases = cluster_actions.proposals(sentences) if may_draft or may_propose else []
    if phrases:
        sentences = [one for one in sentences if not cluster_actions.proposals([one])]
    return {
        "row": row,
        "near": near,
        "own": own,
        "phrases": phrases[:AT_ONCE],
        "more_phrases": phrases[AT_ONCE:],
        "sentences": sentences[:AT_ONCE],
        "others": sentences[AT_ONCE:],
        "may_draft": may_draft,
        "may_propose": may_propose,
        "is_known": not own and bool(near) and any(fold(phrase) in known for phrase in row.phrases),
    }


def _slug(row: MissCluster) -> str:
    """Of the procedure the sentences came closest to, else of the one that was made of them."""
    return row.slug or cluster_actions.slug_of_new(row)


def _samples(request: OfficerRequest, keys: list[uuid.UUID]) -> dict[uuid.UUID | None, list[Miss]]:
    """A few sentences of each cluster: two queries, whatever the size."""
    place = Window(RowNumber(), partition_by=F("cluster"), order_by=[F("times").desc(), F("pk").asc()])
    rows = Miss.objects.visible_to(request.user).filter(cluster__in=keys).annotate(place=place)
    keyring.warm("content", [request.user.unit.pk])
    found: dict[uuid.UUID | None, list[Miss]] = {}
    for miss in rows.filter(place__lte=cluster_actions.SHOWN).order_by("place"):
        found.setdefault(miss.cluster_id, []).append(miss)
    return found


def _named(request: OfficerRequest, slugs: Iterable[str]) -> dict[str, Version]:
    """What is published under these names; where both units have one, the upper unit's."""
    rows = Version.objects.visible_to(request.user).filter(
        state=Version.State.PUBLISHED, procedure__slug__in={slug for slug in slugs if slug}
    )
    fields = ("name", "unit", "synonyms", "published_by", "procedure__slug", "procedure__unit")
    rows = rows.select_related("procedure").only(*fields)
    mine = request.user.unit.pk
    return {row.procedure.slug: row for row in sorted(rows, key=lambda row: row.unit_id != mine)}


def _cluster(request: OfficerRequest, pk: uuid.UUID) -> MissCluster:
    return get_object_or_404(MissCluster.objects.visible_to(request.user), pk=pk)


def draft(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        version = cluster_actions.draft(_cluster(request, pk), picked=request.POST.getlist("cau"), by=request.user)
    except Refused as refusal:
        return listing(request, str(refusal))
    messages.success(request, _("Đã đưa các câu đã chọn vào bản soạn làm cách gọi khác. Đọc lại rồi trình."))
    return redirect("content:procedures_version_edit", version.pk)


def propose(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    said = _("Đã gửi các câu đã chọn cho người biên tập của cấp trên.")
    verb = partial(cluster_actions.propose, picked=request.POST.getlist("cau"))
    return _act(request, verb, _cluster(request, pk), said)


def drop(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, cluster_actions.drop, _cluster(request, pk), _("Đã bỏ qua nhóm câu này."))


def _act(request: OfficerRequest, verb: Callable[..., None], cluster: MissCluster, said: str) -> HttpResponse:
    try:
        verb(cluster, by=request.user)
    except Refused as refusal:
        return listing(request, str(refusal))
    messages.success(request, said)
    return redirect(LIST)


# --- counts --------------------------------------------------------------------------------------------------------


def counts(request: OfficerRequest) -> HttpResponse:
    """One month's table; which months there are stands above it."""
    rows = Outcome.objects.visible_to(request.user)
    months = list(rows.order_by("-month").values_list("month", flat=True).distinct()[:12])
    chosen = _month(request.GET.get("thang", ""), months)
    kinds = {kind: Sum("times", filter=Q(kind=kind), default=0) for kind in Outcome.Kind.values}
    of_month: Any = rows.filter(month=chosen).values("slug")
    lines: list[dict[str, Any]] = list(of_month.annotate(**kinds).order_by("-answered", "slug"))
    named = _named(request, [line["slug"] for line in lines])
    for line in lines:
        near = named.get(line["slug"])
        line["near"] = near
        line["name"] = near.name if near else line["slug"] or _("Không rõ thủ tục nào")
    total = {kind: sum(line[kind] for line in lines) for kind in Outcome.Kind.values}
    context = {"lines": lines, "total": total, "months": months, "chosen": chosen, "at": "procedures"}
    return render(request, "procedures/admin/counts.html", context)


def _month(asked: str, months: list[date]) -> date:
    """One there are counts for, else the newest."""
    named = {f"{month:%Y-%m}": month for month in months}
    return named.get(asked) or (months[0] if months else timezone.localdate().replace(day=1))
