"""What editors do with menus and keywords: as with a procedure's text, two people for every published word."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import catalogue, flow_models, flows
from procedures.flow_models import Flow, SampleQuestion
from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Alert, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold

State = Flow.State
WORDS = ("name", "phrases", "does", "text", "goes_to", "items")
MOST_SAMPLES = 500


def _require(by: Officer, permission: Permission, flow: Flow | None = None) -> None:
    if not by.may(permission) or (flow is not None and flow.unit_id != by.unit.pk):
        raise PermissionDenied


def _held(flow: Flow) -> Flow:
    """The flow as it is now, after all of its unit are locked: two menus published at once make no loop."""
    return {row.pk: row for row in Flow.objects.select_for_update().filter(unit=flow.unit_id).order_by("pk")}[flow.pk]


def _move(flow: Flow, state: str, **changes: Any) -> None:
    try:
        with transaction.atomic():
            move_to(flow, state, field="state", **changes)
    except WrongState as error:
        raise Refused(str(error)) from None
    except IntegrityError:
        raise Refused(_("Cơ sở dữ liệu không nhận bước này. Tải lại trang rồi xem lại.")) from None


@transaction.atomic
def add(*, name: str, by: Officer) -> Flow:
    _require(by, Permission.PROCEDURE_EDIT)
    flow = Flow.objects.create(unit=by.unit, slug=_slug(name, by), name=name, written_by=by)
    log.append("flow.added", flow, by=by, slug=flow.slug)
    return flow


def _slug(name: str, by: Officer) -> str:
    """Ends in the unit's code: where two units have a slug the upper one's words stand, and a province, which does not
    see what its communes write, must not stop theirs by a name."""
    taken, code = set(Flow.objects.visible_to(by).values_list("slug", flat=True)), by.unit.code
    stem = fold(name).replace(" ", "-")[: 59 - len(code)].strip("-") or "muc"
    numbered = (f"{stem}-{number}-{code}" for number in range(2, 1000))
    return next(one for one in (f"{stem}-{code}", *numbered) if one not in taken)


@transaction.atomic
def new_draft(flow: Flow, *, by: Officer) -> Flow:
    """A draft that starts as the published text; an open draft is gone on with."""
    _require(by, Permission.PROCEDURE_EDIT, flow)
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
    _require(by, Permission.PROCEDURE_EDIT, flow)
    flow = _held(flow)
    if flow.state != State.DRAFT:
        raise Refused(_("Bản này không còn là bản soạn, nên không sửa được nữa."))
    changed = [name for name in WORDS if name in words and getattr(flow, name) != words[name]]
    for name in changed:
        setattr(flow, name, words[name])
    if sentence := flows.trouble(flow, standing(flow, by=by)):
        raise Refused(sentence)
    if changed:
        flow.save(update_fields=changed)
        log.append("flow.draft_saved", flow, by=by, number=flow.number, fields=len(changed))


def standing(flow: Flow, *, by: Officer) -> list[Flow]:
    """The other flows this one stands among: of each the text being written, where there is one."""
    rows = Flow.objects.visible_to(by).exclude(state=State.ENDED).exclude(unit=flow.unit_id, slug=flow.slug)
    last = sorted(rows, key=lambda row: (row.unit_id == by.unit.parent_id, row.number))
    return list({row.slug: row for row in last}.values())


def missing(flow: Flow, public: Sequence[Flow]) -> list[str]:
    """``public``: what citizens of the unit get now."""
    names = {entry.slug: entry.name for entry in catalogue.published(flow.unit_id)}
    return flows.lacking(flow, public, names)


def _check(flow: Flow) -> None:
    public = flow_models.published(flow.unit_id)
    if found := missing(flow, public):
        raise Refused(_("Còn thiếu: %(what)s.") % {"what": ", ".join(found)})
    if sentence := flows.trouble(flow, public):
        raise Refused(sentence)


@transaction.atomic
def submit(flow: Flow, *, by: Officer) -> None:
    _require(by, Permission.PROCEDURE_EDIT, flow)
    flow = _held(flow)
    _check(flow)
    _move(flow, State.IN_REVIEW, submitted_by=by, submitted_at=timezone.now())
    log.append("flow.submitted", flow, by=by, number=flow.number)
    tell(Alert.Kind.PROCEDURE_SUBMITTED, flow.unit_id, flow.pk, permission=Permission.PROCEDURE_REVIEW)


@transaction.atomic
def return_with_reason(flow: Flow, *, reason: str, by: Officer) -> None:
    _require(by, Permission.PROCEDURE_REVIEW, flow)
    flow = _held(flow)
    told = flow.submitted_by
    _move(flow, State.DRAFT, returned_by=by, returned_at=timezone.now(), reason=reason)
    log.append("flow.returned", flow, by=by, number=flow.number)
    if told is not None:
        tell(Alert.Kind.PROCEDURE_RETURNED, flow.unit_id, flow.pk, officer=told)


@transaction.atomic
def publish(flow: Flow, *, by: Officer) -> None:
    """Takes the place of the text before, in the same moment."""
    _require(by, Permission.PROCEDURE_REVIEW, flow)
    flow = _held(flow)
    if by.pk in flow.writers or by.pk == flow.submitted_by_id:
        raise Refused(_("Đồng chí đã soạn hoặc trình bản này, nên cần người khác thẩm định và công bố."))
    _check(flow)
    now = timezone.now()
    before = Flow.objects.filter(unit=flow.unit_id, slug=flow.slug, state=State.PUBLISHED).first()
    if before is not None:
        _move(before, State.ENDED, ended_by=by, ended_at=now)
    _move(flow, State.PUBLISHED, published_by=by, published_at=now)
    log.append("flow.published", flow, by=by, number=flow.number)


@transaction.atomic
def end(flow: Flow, *, by: Officer) -> None:
    """The bot stops using it at once; a draft is given up. Menus that lead to it leave the line out."""
    if flow.unit_id != by.unit.pk:
        raise PermissionDenied
    flow = _held(flow)  # first: which permission it takes depends on what it is by now
    _require(by, Permission.PROCEDURE_EDIT if flow.state == State.DRAFT else Permission.PROCEDURE_REVIEW)
    _move(flow, State.ENDED, ended_by=by, ended_at=timezone.now())
    log.append("flow.ended", flow, by=by, number=flow.number)


# --- sentences to try with -------------------------------------------------------------------------------------------


@transaction.atomic
def keep_sample(*, text: str, label: str, by: Officer) -> SampleQuestion:
    _require(by, Permission.PROCEDURE_EDIT)
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
