"""What editors do with menus and keywords: as with a procedure's text, two people for every published word."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import catalogue, flow_models, flows, two_people
from procedures.flow_models import Flow, SampleQuestion
from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold

State = Flow.State
WORDS = ("name", "phrases", "does", "text", "goes_to", "items")
MOST_SAMPLES = 500


def _held(flow: Flow) -> Flow:
    """The flow as it is now, after all of its unit are locked: two menus published at once make no loop."""
    return {row.pk: row for row in Flow.objects.select_for_update().filter(unit=flow.unit_id).order_by("pk")}[flow.pk]


@transaction.atomic
def add(*, name: str, by: Officer) -> Flow:
    two_people.require(by, Permission.PROCEDURE_EDIT)
    flow = Flow.objects.create(unit=by.unit, slug=_slug(name, by), name=name, written_by=by)
    log.append("flow.added", flow, by=by, slug=flow.slug)
    return flow


def _slug(name: str, by: Officer) -> str:
    """Ends in the unit's code, so that a commune seldom takes the slug of its province's (``clash``)."""
    taken, code = set(Flow.objects.visible_to(by).values_list("slug", flat=True)), by.unit.code
    stem = fold(name).replace(" ", "-")[: 59 - len(code)].strip("-") or "muc"
    numbered = (f"{stem}-{number}-{code}" for number in range(2, 1000))
    return next(one for one in (f"{stem}-{code}", *numbered) if one not in taken)


@transaction.atomic
def new_draft(flow: Flow, *, by: Officer) -> Flow:
    """A draft that starts as the published text; an open draft is gone on with."""
    two_people.require(by, Permission.PROCEDURE_EDIT, flow)
    flow = _held(flow)
    rows = Flow.objects.filter(unit=flow.unit_id, slug=flow.slug).order_by("-number")
    if going := rows.filter(state__in=[State.DRAFT, State.IN_REVIEW]).first():
        return going
    words = {name: copy.deepcopy(getattr(flow, name)) for name in WORDS}
    draft = Flow.objects.create(
        unit=by.unit, slug=flow.slug, number=rows[0].number + 1, written_by=by, **words
    )  # fmt: skip
    log.append("flow.drafted", draft, by=by, number=draft.number)
    return draft


@transaction.atomic
def save_draft(flow: Flow, words: Mapping[str, Any], *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, flow)
    flow = _held(flow)
    if flow.state != State.DRAFT:
        raise Refused(_("Bản này không còn là bản soạn, nên không sửa được nữa."))
    changed = [name for name in WORDS if name in words and getattr(flow, name) != words[name]]
    for name in changed:
        setattr(flow, name, words[name])
    if sentence := clash(flow, by=by):
        if "name" not in changed:
            raise Refused(sentence)
        flow.slug = _slug(flow.name, by)
        changed.append("slug")
    if sentence := flows.trouble(flow, standing(flow, by=by)):
        raise Refused(sentence)
    if changed:
        flow.save(update_fields=changed)
        log.append("flow.draft_saved", flow, by=by, number=flow.number, fields=len(changed))


def standing(flow: Flow, *, by: Officer) -> list[Flow]:
    """The other flows this one stands among: of each the text being written, where there is one."""
    rows = Flow.objects.visible_to(by).exclude(state=State.ENDED).exclude(unit=flow.unit_id, slug=flow.slug)
    last = sorted(rows, key=lambda row: (row.unit_id == by.unit.pk, row.number))
    return list({row.slug: row for row in last}.values())


def clash(flow: Flow, *, by: Officer) -> str:
    """What never was published must not hide a menu of the unit above, in a sentence; "" when it does not.

    What was published stands: the unit's own words are used, and the list of what to read again names it."""
    above = Flow.objects.visible_to(by).filter(unit=by.unit.parent_id, slug=flow.slug, state=State.PUBLISHED).first()
    if above is None or Flow.objects.filter(unit=flow.unit_id, slug=flow.slug).exclude(published_at=None).exists():
        return ""
    said = {"slug": flow.slug, "name": above.name}
    return _("Trùng tên máy “%(slug)s” với mục “%(name)s” của cấp trên. Đổi tên mục này rồi lưu lại.") % said


def missing(flow: Flow, public: Sequence[Flow]) -> list[str]:
    """``public``: what citizens of the unit get now."""
    names = {entry.slug: entry.name for entry in catalogue.published(flow.unit_id)}
    return flows.lacking(flow, public, names)


def _check(flow: Flow, by: Officer) -> None:
    public = flow_models.published(flow.unit_id)
    if found := missing(flow, public):
        raise Refused(_("Còn thiếu: %(what)s.") % {"what": ", ".join(found)})
    if sentence := clash(flow, by=by) or flows.trouble(flow, public):
        raise Refused(sentence)


@transaction.atomic
def submit(flow: Flow, *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, flow)
    flow = _held(flow)
    _check(flow, by)
    two_people.submit(flow, by)


@transaction.atomic
def return_with_reason(flow: Flow, *, reason: str, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_REVIEW, flow)
    two_people.return_with_reason(_held(flow), reason, by)


@transaction.atomic
def withdraw(flow: Flow, *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, flow)
    two_people.withdraw(_held(flow), by)


def fingerprint(flow: Flow) -> str:
    return two_people.fingerprint(flow, WORDS)


@transaction.atomic
def publish(flow: Flow, *, seen: str, by: Officer) -> None:
    """Takes the place of the text before, in the same moment. ``seen``: of the text as it was read."""
    two_people.require(by, Permission.PROCEDURE_REVIEW, flow)
    flow = _held(flow)
    _check(flow, by)
    before = Flow.objects.filter(unit=flow.unit_id, slug=flow.slug, state=State.PUBLISHED).first()
    two_people.publish(flow, seen=seen, now=fingerprint(flow), before=before, over=State.ENDED, by=by)


@transaction.atomic
def end(flow: Flow, *, by: Officer) -> None:
    """The bot stops using it at once; a draft is given up. Menus that lead to it leave the line out."""
    if flow.unit_id != by.unit.pk:
        raise PermissionDenied
    flow = _held(flow)  # first: which permission it takes depends on what it is by now
    two_people.require(by, Permission.PROCEDURE_EDIT if flow.state == State.DRAFT else Permission.PROCEDURE_REVIEW)
    two_people.move(flow, State.ENDED, ended_by=by, ended_at=timezone.now())
    two_people.note(flow, "ended", by)


# --- sentences to try with -------------------------------------------------------------------------------------------


@transaction.atomic
def keep_sample(*, text: str, label: str, by: Officer) -> SampleQuestion:
    two_people.require(by, Permission.PROCEDURE_EDIT)
    if SampleQuestion.objects.filter(unit=by.unit).count() >= MOST_SAMPLES:
        raise Refused(_("Đơn vị đã giữ %(most)s câu thử. Bỏ bớt câu cũ rồi thêm.") % {"most": MOST_SAMPLES})
    row = SampleQuestion.objects.create(unit=by.unit, text=text, label=label, added_by=by)
    log.append("sample_question.kept", row, by=by)
    return row


@transaction.atomic
def drop_sample(row: SampleQuestion, *, by: Officer) -> None:
    if not by.may(Permission.PROCEDURE_EDIT) or row.unit_id != by.unit.pk:
        raise PermissionDenied
    log.append("sample_question.dropped", row, by=by)
    row.delete()
