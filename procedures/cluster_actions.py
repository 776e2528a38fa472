"""What an editor does with questions nobody answered (``clusters.py``): makes a draft, passes them up, drops them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from procedures import actions, two_people
from procedures.masking import HIDDEN
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


def proposals(misses: Iterable[Miss]) -> list[str]:
    """The sentences as synonyms: each once, nothing hidden in them, as long as a synonym may be."""
    written = (" ".join(miss.text.replace(HIDDEN, " ").split()).strip(" .,;:?!") for miss in misses)
    found: dict[str, str] = {}
    for words in written:
        if 3 <= len(words) <= PHRASE:
            found.setdefault(fold(words), words)
    return list(found.values())


@transaction.atomic
def draft(cluster: MissCluster, *, by: Officer) -> Version:
    """A draft with the sentences as proposed synonyms; somebody reads it before anybody sees it.

    Of the procedure they come closest to when it is the unit's own, of a new one when they come close to none."""
    two_people.require(by, Permission.PROCEDURE_EDIT)
    if cluster.unit_id == by.unit.pk and cluster.state != State.NEW:
        raise Refused(_("Nhóm câu này đã được xem. Tải lại trang."))
    phrases = _phrases(cluster)
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
    slug = cluster.slug or slug_of_new(cluster, name)
    procedure = Procedure.objects.filter(unit=by.unit.pk, slug=slug).first()
    if procedure is not None:
        return actions.new_draft(procedure, by=by)
    if cluster.slug:
        raise Refused(_("Thủ tục này do cấp trên soạn. Dùng nút “Đề nghị cấp trên bổ sung”."))
    return actions.add(slug=slug, field=_("Chưa xếp lĩnh vực"), name=name, by=by)


def slug_of_new(cluster: MissCluster, name: str) -> str:
    """The same every time: a cluster from below stays in the list, and to press twice must not make two procedures."""
    return f"{fold(name).replace(' ', '-')[:55].strip('-')}-{cluster.pk.hex[-8:]}".strip("-")


@transaction.atomic
def propose(cluster: MissCluster, *, by: Officer) -> None:
    """Passes the sentences, masked and read by an editor, up to the editors of the unit above."""
    two_people.require(by, Permission.PROCEDURE_EDIT, cluster)
    _move(cluster, State.PROPOSED, phrases=_phrases(cluster))
    log.append("procedure.misses_proposed", cluster, by=by, sentences=len(cluster.phrases))


@transaction.atomic
def drop(cluster: MissCluster, *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, cluster)
    _move(cluster, State.DROPPED)
    log.append("procedure.misses_dropped", cluster, by=by)


def _phrases(cluster: MissCluster) -> list[str]:
    phrases = cluster.phrases or proposals(Miss.objects.filter(cluster=cluster).order_by("-times", "pk")[:SHOWN])
    if not phrases:
        raise Refused(_("Các câu này dài hoặc bị che nhiều nên không làm từ gợi ý được. Tạo thủ tục mới nếu cần."))
    return phrases


def _move(cluster: MissCluster, state: str, **changes: Any) -> None:
    try:
        move_to(cluster, state, field="state", **changes)
    except WrongState:
        raise Refused(_("Nhóm câu này đã được xem. Tải lại trang.")) from None
