"""What an editor does with questions nobody answered (``clusters.py``): makes a draft, passes them up, drops them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from procedures import actions, two_people
from procedures.masking import HIDDEN, masked
from procedures.models import Miss, MissCluster, Procedure, Version
from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold

PHRASE = 120
SHOWN = 20
"""Sentences of a cluster an editor reads: those written most, and no other goes into a draft or up."""
State = MissCluster.State


def proposals(sentences: Iterable[str]) -> list[str]:
    """The sentences as synonyms: each once, nothing hidden in them, as long as a synonym may be.

    Masked once more: some were kept before a rule of masking was written."""
    written = (" ".join(masked(one).replace(HIDDEN, " ").split()).strip(" .,;:?!") for one in sentences)
    found: dict[str, str] = {}
    for words in written:
        if 3 <= len(words) <= PHRASE:
            found.setdefault(fold(words), words)
    return list(found.values())


@transaction.atomic
def draft(cluster: MissCluster, *, picked: Collection[str], by: Officer) -> Version:
    """A draft with the sentences an editor has picked, one by one, as synonyms.

    Of the procedure they come closest to when it is the unit's own, of a new one when they come close to none."""
    two_people.require(by, Permission.PROCEDURE_EDIT)
    if cluster.unit_id == by.unit.pk and cluster.state != State.NEW:
        raise Refused(_("Nhóm câu này đã được xem. Tải lại trang."))
    phrases = _picked(cluster, picked)
    version = _version_for(cluster, phrases[0], by)
    if version.state != Version.State.DRAFT:
        raise Refused(_("Thủ tục này đang có bản chờ thẩm định. Đợi công bố hoặc trả lại rồi làm tiếp."))
    known = {fold(word) for word in version.synonyms}
    added = [phrase for phrase in phrases if fold(phrase) not in known]
    actions.save_draft(version, {"synonyms": [*version.synonyms, *added]}, by=by)
    if cluster.unit_id == by.unit.pk:
        _move(cluster, State.DRAFTED, phrases=phrases)
    log.append("procedure.misses_drafted", version, by=by, number=version.number, sentences=len(added))
    return version


def _version_for(cluster: MissCluster, name: str, by: Officer) -> Version:
    slug = cluster.slug or slug_of_new(cluster)
    procedure = Procedure.objects.filter(unit=by.unit.pk, slug=slug).first()
    if procedure is not None:
        return actions.new_draft(procedure, by=by)
    if cluster.slug:
        raise Refused(_("Thủ tục này do cấp trên soạn. Dùng nút “Đề nghị cấp trên bổ sung”."))
    return actions.add(slug=slug, field=_("Chưa xếp lĩnh vực"), name=name, by=by)


def slug_of_new(cluster: MissCluster) -> str:
    """Without a citizen's words: it stands in addresses and in the log. The same every time: a cluster from below
    stays in the list, and to press twice must not make two procedures."""
    return f"thu-tuc-moi-{cluster.pk.hex[-8:]}"


@transaction.atomic
def propose(cluster: MissCluster, *, picked: Collection[str], by: Officer) -> None:
    """Passes the sentences an editor has picked, masked, up to the editors of the unit above."""
    two_people.require(by, Permission.PROCEDURE_EDIT, cluster)
    _move(cluster, State.PROPOSED, phrases=_picked(cluster, picked))
    log.append("procedure.misses_proposed", cluster, by=by, sentences=len(cluster.phrases))


@transaction.atomic
def drop(cluster: MissCluster, *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, cluster)
    _move(cluster, State.DROPPED)
    log.append("procedure.misses_dropped", cluster, by=by)


def _picked(cluster: MissCluster, picked: Collection[str]) -> list[str]:
    misses = Miss.objects.filter(cluster=cluster).order_by("-times", "pk")[:SHOWN]
    phrases = proposals(cluster.phrases or [miss.text for miss in misses])
    if not phrases:
        raise Refused(_("Các câu này dài hoặc bị che nhiều nên không làm từ gợi ý được. Tạo thủ tục mới nếu cần."))
    found = [phrase for phrase in phrases if phrase in picked]
    if not found:
        raise Refused(_("Đánh dấu ít nhất một câu đã đọc và dùng được."))
    return found


def _move(cluster: MissCluster, state: str, **changes: Any) -> None:
    try:
        move_to(cluster, state, field="state", **changes)
    except WrongState:
        raise Refused(_("Nhóm câu này đã được xem. Tải lại trang.")) from None
