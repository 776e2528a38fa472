"""What editors do with the catalogue: two people for every published word (issue: reviewer ≠ author ≠ submitter).

The verbs say so in a sentence; the database says so to whoever goes past them."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import catalogue, languages, two_people
from procedures.models import Procedure, UnitOverride, Version
from zalopolice.audit import log
from zalopolice.gateway import shared_files
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

if TYPE_CHECKING:
    from procedures.change import Change

State = Version.State
WORDS = ("name", "synonyms", "content", "sources", "confidence", "checked_on", "review_due")
FILES = 10
"""A version's; Zalo gives each as a message of its own."""


def _held(version: Version) -> Version:
    """The version as it is now, locked, after its procedure: two people who publish and end at once take turns."""
    Procedure.objects.select_for_update().get(pk=version.procedure_id)
    return Version.objects.select_for_update(of=("self",)).select_related("procedure").get(pk=version.pk)


@transaction.atomic
def add(*, slug: str, field: str, code: str = "", position: int = 0, name: str, by: Officer) -> Version:
    """A new procedure of the unit with an empty first draft."""
    two_people.require(by, Permission.PROCEDURE_EDIT)
    if Procedure.objects.visible_to(by).filter(slug=slug).exists():
        # Also against the province's: a commune adds procedures, it does not write its own law over the province's.
        raise Refused(_("Địa chỉ trang này đã có thủ tục khác dùng. Đặt tên khác."))
    try:
        with transaction.atomic():
            procedure = Procedure.objects.create(unit=by.unit, slug=slug, field=field, code=code, position=position)
    except IntegrityError:  # somebody was quicker, or the same person pressed twice
        raise Refused(_("Địa chỉ trang này đã có thủ tục khác dùng. Đặt tên khác.")) from None
    version = Version.objects.create(unit=by.unit, procedure=procedure, number=1, name=name, written_by=by)
    log.append("procedure.added", procedure, by=by, slug=slug)
    return version


@transaction.atomic
def arrange(procedure: Procedure, *, field: str, code: str, position: int, by: Officer) -> None:
    """Where the procedure stands in the catalogue."""
    two_people.require(by, Permission.PROCEDURE_EDIT, procedure)
    values = {"field": field, "code": code, "position": position, "changed_at": timezone.now()}
    Procedure.objects.filter(pk=procedure.pk).update(**values)
    log.append("procedure.arranged", procedure, by=by)


@transaction.atomic
def new_draft(procedure: Procedure, *, by: Officer) -> Version:
    """A draft that starts as the published text, else as the last one; an open draft is gone on with."""
    two_people.require(by, Permission.PROCEDURE_EDIT, procedure)
    Procedure.objects.select_for_update().get(pk=procedure.pk)
    rows = Version.objects.filter(procedure=procedure).order_by("-number")
    if going := rows.filter(state__in=[State.DRAFT, State.IN_REVIEW]).first():
        return going  # also of the import, as long as nobody has published it
    newest = rows.first()
    source = rows.filter(state=State.PUBLISHED).first() or rows.exclude(state=State.DISCARDED).first() or newest
    if source is None or newest is None:
        raise Refused(_("Thủ tục này chưa có bản nào để soạn tiếp."))
    words = {name: copy.deepcopy(getattr(source, name)) for name in WORDS}
    draft = Version.objects.create(
        unit_id=procedure.unit_id, procedure=procedure, number=newest.number + 1, written_by=by, **words
    )
    log.append("procedure.drafted", draft, by=by, number=draft.number, source=source.number)
    return draft


@transaction.atomic
def save_draft(version: Version, words: Mapping[str, Any], *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    version = _held(version)
    if version.state != State.DRAFT:
        raise Refused(_("Bản này không còn là bản soạn, nên không sửa được nữa."))
    changed = [name for name in WORDS if name in words and getattr(version, name) != words[name]]
    if not changed:
        return
    for name in changed:
        setattr(version, name, words[name])
    version.save(update_fields=changed)
    log.append("procedure.draft_saved", version, by=by, number=version.number, fields=len(changed))


@transaction.atomic
def bring_in(changes: Sequence[Change], *, by: Officer) -> int:
    """Entries of a file become drafts, all or none; where one stands in the catalogue is no text and changes at once.
    Returns how many drafts."""
    two_people.require(by, Permission.PROCEDURE_EDIT)
    for change in changes:
        if change.procedure is not None and change.moves:
            arrange(change.procedure, **change.place, by=by)
    done = [change for change in changes if change.procedure is None or change.differs]
    for change in done:
        if change.procedure is None:
            version = add(slug=change.slug, name=change.name, **change.place, by=by)
        else:
            version = new_draft(change.procedure, by=by)
        save_draft(version, change.words, by=by)
    log.append("procedure.file_brought_in", by.unit, by=by, unit=by.unit.pk, drafts=len(done))
    return len(done)


@transaction.atomic
def attach(version: Version, *, upload: UploadedFile[bytes], kind: str, title: str, by: Officer) -> None:
    """A form, picture or voice for citizens. Raises ValidationError with the sentence for the field."""
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    file = shared_files.keep(upload, kind=kind, by=by)
    said = {"id": str(file.pk), "title": title, "kind": kind, "name": file.name, "size": file.size}
    others = [one for one in _files(version) if one["id"] != said["id"]]
    if len(others) >= FILES:
        raise Refused(_("Một bản có tối đa %(most)s tệp. Bỏ bớt tệp không dùng.") % {"most": FILES})
    save_draft(version, {"content": version.content | {"files": [*others, said]}}, by=by)


@transaction.atomic
def detach(version: Version, file: uuid.UUID, *, by: Officer) -> None:
    """The file stays for the versions that were published with it."""
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    known = _files(version)
    left = [one for one in known if one["id"] != str(file)]
    if len(left) == len(known):
        raise Refused(_("Tệp này không còn ở bản soạn."))
    save_draft(version, {"content": version.content | {"files": left}}, by=by)


def _files(version: Version) -> list[dict[str, Any]]:
    """As they are now: somebody else may have attached one since the page was drawn."""
    version.content = _held(version).content
    return list(version.content.get("files") or [])


@transaction.atomic
def translate(version: Version, code: str, words: Mapping[str, Any], *, base: str = "", by: Officer) -> None:
    """A draft's words in another language; none at all take the language out. ``base``: see ``with_translation``."""
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    if any(words.values()) and (complaints := languages.wrong(code, words)):
        raise Refused(next(iter(complaints.values())))
    held = _held(version)
    if not base and (short := languages.uneven(held.content, words)):
        raise Refused(next(iter(short.values())))
    content = languages.with_translation(held.name, held.content, code, words, base)
    save_draft(held, {"content": content}, by=by)


@transaction.atomic
def submit(version: Version, *, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    version = _held(version)
    if lacking := missing(version):
        raise Refused(_("Còn thiếu: %(what)s.") % {"what": ", ".join(lacking)})
    two_people.submit(version, by)


def missing(version: Version) -> list[str]:
    """What a citizen would look for in vain."""
    content = version.content
    if version.replaced_by:
        heir = catalogue.of_unit(version.unit_id).filter(procedure__slug=version.replaced_by).first()
        found = {
            _("lời giải thích tên cũ"): content.get("explanation"),
            _("thủ tục thay thế đang công bố"): heir is not None and not heir.replaced_by,
        }
        return [what for what, there in found.items() if not there]
    asked = {
        "who_can_apply": _("ai được làm"),
        "where": _("nơi nộp"),
        "steps": _("các bước"),
        "legal_basis": _("căn cứ pháp lý"),
    }
    return [what for name, what in asked.items() if not content.get(name)]


@transaction.atomic
def return_with_reason(version: Version, *, reason: str, by: Officer) -> None:
    two_people.require(by, Permission.PROCEDURE_REVIEW, version)
    two_people.return_with_reason(_held(version), reason, by)


@transaction.atomic
def withdraw(version: Version, *, by: Officer) -> None:
    """Takes it back from the reviewer, to go on writing."""
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    two_people.withdraw(_held(version), by)


@transaction.atomic
def discard(version: Version, *, by: Officer) -> None:
    """Gives a draft up. It is kept as it is: no version is ever deleted."""
    two_people.require(by, Permission.PROCEDURE_EDIT, version)
    version = _held(version)
    if version.state == State.DRAFT and version.written_by_id != by.pk:
        raise Refused(_("Chỉ người bắt đầu bản soạn này bỏ được nó."))
    two_people.move(version, State.DISCARDED, ended_by=by, ended_at=timezone.now())
    two_people.note(version, "discarded", by)


def fingerprint(version: Version) -> str:
    return two_people.fingerprint(version, WORDS)


@transaction.atomic
def publish(version: Version, *, seen: str, by: Officer) -> None:
    """The reviewed text takes the place of the one before, in the same moment. ``seen``: of the text as it was read."""
    two_people.require(by, Permission.PROCEDURE_REVIEW, version)
    version = _held(version)
    before = Version.objects.filter(procedure=version.procedure_id, state=State.PUBLISHED).first()
    two_people.publish(version, seen=seen, now=fingerprint(version), before=before, over=State.SUPERSEDED, by=by)
    Procedure.objects.filter(pk=version.procedure_id).update(changed_at=version.published_at)


@transaction.atomic
def expire(version: Version, *, reason: str, by: Officer) -> None:
    """Takes a published text away: the bot and the pages stop saying it at once."""
    two_people.require(by, Permission.PROCEDURE_REVIEW, version)
    version = _held(version)
    now = timezone.now()
    two_people.move(version, State.EXPIRED, ended_by=by, ended_at=now, reason=reason)
    Procedure.objects.filter(pk=version.procedure_id).update(changed_at=now)
    two_people.note(version, "expired", by)


@transaction.atomic
def override(procedure: Procedure, *, hours: str, address: str, contact: str, by: Officer) -> None:
    """What the unit says of its own, also in the province's procedure; three empty fields take it back."""
    two_people.require(by, Permission.PROCEDURE_EDIT)
    if not Procedure.objects.visible_to(by).filter(pk=procedure.pk).exists():
        raise PermissionDenied
    values = {"hours": hours, "address": address, "contact": contact}
    rows = UnitOverride.objects.filter(unit=by.unit, procedure=procedure)
    if any(values.values()):
        rows.update_or_create(unit=by.unit, procedure=procedure, defaults=values)
    else:
        rows.delete()
    log.append("procedure.override_saved", procedure, by=by, unit=by.unit.pk, said=any(values.values()))
