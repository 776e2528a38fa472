"""The catalogue as a file, out and in again: the shape of ``data/procedures.json``, judged by the editors' own forms.

A file is read whole before anything is written; one broken row and nothing is. What comes in is a draft."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BaseForm
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import carried, difference, forms
from procedures.carried import Problem, at
from procedures.change import Change, Reading
from procedures.importing import CONTENT
from procedures.models import Procedure, Version
from zalopolice.units.models import Officer

State = Version.State
OVER = (State.SUPERSEDED, State.DISCARDED)
MOST = 150  # procedures of one file
LINES = ("notes_vi", "synonyms_vi", "sources")
TEXTS = ("who_can_apply", "where", "result_vi", "redirect_slug", "explanation", "checked_on", "review_due")
_BROKEN = re.compile("[\x00\ud800-\udfff]")  # JSON can say them, the database cannot keep them


class Unreadable(Exception):
    """The file as a whole cannot be read; the words say why."""


# --- out -------------------------------------------------------------------------------------------------------------


def entries(by: Officer) -> list[dict[str, Any]]:
    """Of every procedure the unit may write: what is published, else its newest text."""
    rows = Version.objects.visible_to(by).filter(unit=by.unit).exclude(state__in=OVER).order_by("number")
    chosen: dict[Any, Version] = {}
    for row in rows.select_related("procedure"):
        kept = chosen.get(row.procedure_id)
        if kept is None or kept.state != State.PUBLISHED:
            chosen[row.procedure_id] = row
    found = sorted(chosen.values(), key=lambda row: (row.procedure.position, row.procedure.slug))
    return [entry_of(row) for row in found]


def entry_of(row: Version) -> dict[str, Any]:
    own, content = row.procedure, {name: row.content.get(name) for name in CONTENT}
    return {
        "slug": own.slug, "code": own.code or None, "field": own.field, "position": own.position,
        "name_vi": row.name, **content, "synonyms_vi": row.synonyms, "sources": row.sources,
        "confidence": None if row.confidence is None else float(row.confidence),
        "checked_on": row.checked_on, "review_due": row.review_due,
        **carried.out(row.content),
        "number": row.number, "state": row.state, "is_reviewed": row.is_reviewed,
    }  # fmt: skip


def to_json(found: list[dict[str, Any]]) -> str:
    data = {"exported_on": timezone.localdate(), "procedures": found}
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


# --- in --------------------------------------------------------------------------------------------------------------


def of_json(text: str) -> list[dict[str, Any]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(_("Tệp này không phải JSON đọc được.")) from None
    for words in _texts(data):
        if found := _BROKEN.search(words):
            near = _BROKEN.sub("\ufffd", words[max(0, found.start() - 30) : found.end() + 30])
            raise Unreadable(_("Tệp có ký tự hỏng ở “%(words)s”. Xóa ký tự đó rồi lưu lại.") % {"words": near})
    rows = data.get("procedures") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable(_("Tệp JSON phải có danh sách “procedures”, như tệp xuất ra từ trang này."))
    return rows


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for one in [*data, *data.values()] if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _texts(one)


def read(rows: list[dict[str, Any]], problems: Iterable[Problem] = (), *, by: Officer) -> Reading:
    """What the entries would do, and everything that is wrong with them, in the order of the file."""
    if len(rows) > MOST:
        raise Unreadable(_("Tệp có quá %(most)s thủ tục. Chia làm nhiều tệp.") % {"most": MOST})
    if not rows:
        raise Unreadable(_("Tệp này không có thủ tục nào."))
    reading, known = Reading(problems=list(problems)), _known(by)
    names = {slug: slug for slug in known} | {str(row.get("slug")): "" for row in rows}
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        place = row.get("_at") or _("Thủ tục %(n)s") % {"n": number}
        change = _entry(row, str(place), known, names, reading.problems, by)
        if change is None:
            continue
        if change.slug in seen:
            reading.problems.append(
                Problem(str(place), _("Tên “%(slug)s” có hai lần trong tệp.") % {"slug": change.slug})
            )
        seen.add(change.slug)
        reading.changes.append(change)
    return reading


def _known(by: Officer) -> dict[str, tuple[Procedure, list[Version]]]:
    """Procedures the unit sees by slug, each with its versions, newest first; the upper unit's hide the own."""
    found: dict[str, tuple[Procedure, list[Version]]] = {}
    own = {row.pk: row for row in Procedure.objects.visible_to(by)}
    for row in sorted(own.values(), key=lambda row: row.unit_id != by.unit.pk):
        found[row.slug] = (row, [])
    for version in Version.objects.visible_to(by).exclude(state__in=OVER).order_by("-number"):
        slug = own[version.procedure_id].slug if version.procedure_id in own else ""
        if slug and found[slug][0].pk == version.procedure_id:
            found[slug][1].append(version)
    return found


def _entry(
    row: dict[str, Any],
    place: str,
    known: Mapping[str, tuple[Procedure, list[Version]]],
    names: Mapping[str, str],
    problems: list[Problem],
    by: Officer,
) -> Change | None:
    procedure, versions = known.get(str(_text(row.get("slug"))), (None, []))
    ours = procedure is None or procedure.unit_id == by.unit.pk
    shown = _change(row, place, procedure, _shown(versions), names, [])
    if shown is not None and (shown.same or (procedure and ours and not shown.differs)):
        return shown  # as it went out, also when somebody is writing a next text meanwhile
    before = len(problems)
    change = _change(row, place, procedure, _start(versions), names, problems)
    if refused := _refused(procedure, versions, by):
        problems.append(Problem(place, refused))
    if change is not None:
        change.older = carried.older(
            row.get("number"), [one.number for one in versions if one.state == State.PUBLISHED]
        )
    return change if len(problems) == before else None


def _change(
    row: dict[str, Any], place: str, procedure: Procedure | None, version: Version | None, names: Mapping[str, str],
    problems: list[Problem],
) -> Change | None:  # fmt: skip
    """What the entry would make of this text."""
    flat, before = _flat(row), len(problems)
    head, slug = forms.Spot(flat), str(flat["slug"])
    start = version or Version(procedure=procedure or Procedure(slug=slug), content={})
    texts, rows = forms.Texts(flat, version=start, names=names), {}
    problems += _complaints(head, place) + _complaints(texts, place)
    for kind, (form, label, _hint) in forms.KINDS.items():
        rows[kind] = _rows(row.get(kind), form, at(place, label), problems)
    problems += carried.wrong(row, start.content, place)
    if len(problems) > before:
        return None
    words = texts.words(start, rows)
    words["content"] = carried.merged(row, words["name"], words["content"])
    problems += carried.uneven(row, words["name"], start.content, words["content"], place)
    if len(problems) > before:
        return None
    if (sure := _confidence(row.get("confidence"))) is not None:
        words["confidence"] = sure
    position = head.cleaned_data["position"]
    if position is None:
        position = procedure.position if procedure else 0
    spot = {name: head.cleaned_data[name] for name in ("field", "code")} | {"position": position}
    differs = [section.title for section in difference.between(start, Version(**words))] if procedure else []
    if procedure and not differs and any(getattr(start, name) != value for name, value in words.items()):
        differs = [_("phần người dân không thấy")]
    lost = carried.taken_out(start.content, words["content"])
    return Change(
        slug, words["name"], spot, words, procedure, differs, lost, difference.of_fees(start.content, words["content"])
    )


def _shown(versions: list[Version]) -> Version | None:
    """The text that goes out: what is published, else the newest."""
    return next((one for one in versions if one.state == State.PUBLISHED), versions[0] if versions else None)


def _start(versions: list[Version]) -> Version | None:
    """The text that would be written on in: an open one, else the published, else the newest."""
    for state in ({State.DRAFT, State.IN_REVIEW}, {State.PUBLISHED}):
        if found := [one for one in versions if one.state in state]:
            return found[0]
    return versions[0] if versions else None


def _refused(procedure: Procedure | None, versions: list[Version], by: Officer) -> str:
    if procedure is None:
        return ""
    if procedure.unit_id != by.unit.pk:
        return _("Thủ tục này do cấp trên soạn; đơn vị chỉ ghi phần riêng.")
    going = next((one for one in versions if one.state in {State.DRAFT, State.IN_REVIEW}), None)
    if going is None or not set(going.writers) - {by.pk} and going.state == State.DRAFT:
        return ""
    if going.state == State.IN_REVIEW:
        return _("Bản %(n)s đang chờ thẩm định. Nhập lại khi đã công bố hoặc trả lại.") % {"n": going.number}
    return _("Đồng chí khác đang soạn bản %(n)s. Nhập sẽ ghi đè, nên chưa nhập.") % {"n": going.number}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """An entry as the fields of the editors' forms post it."""
    given = row.get("processing_time")
    time: dict[str, Any] = given if isinstance(given, dict) else {}
    found = {name: _text(row.get(name)) for name in (*TEXTS, "slug", "field", "code", "position")}
    found |= {"name": _text(row.get("name_vi")), "time": _text(time.get("text")), "days": _text(time.get("days"))}
    found |= {"synonyms": _text(row.get("synonyms_vi")), "notes_vi": _text(row.get("notes_vi"))}
    return found | {"sources": _text(row.get("sources")), "working_days": "on" if time.get("working_days") else ""}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_text(one) for one in value)
    return "" if value is None else str(value)


def _rows(given: Any, form: type[forms.Row], place: str, problems: list[Problem]) -> list[dict[str, Any]]:
    found = []
    rows = given if isinstance(given, list) else []
    if given is not None and not isinstance(given, list):
        problems.append(Problem(place, _("Ghi thành danh sách.")))
    if len(rows) > forms.MOST:
        problems.append(Problem(place, _("Tối đa %(most)s dòng.") % {"most": forms.MOST}))
    for number, one in enumerate(rows[: forms.MOST], 1):
        row = one if isinstance(one, dict) else {"text": one}
        filled = form({name: _text(row.get(name)) for name in form.base_fields})
        at = row.get("_at") or f"{place} {number}"
        problems += _complaints(filled, str(at))
        if filled.is_valid() and forms.said(filled):
            found.append(filled.found)
    return found


def _complaints(form: BaseForm, place: str) -> list[Problem]:
    return [
        Problem(at(place, form.fields[name].label), str(sentence))
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]


def _confidence(value: Any) -> Decimal | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return Decimal(f"{value:.2f}") if known else None
