"""The editors' page of one translation, beside the Vietnamese it follows. Mounted by ``procedures/admin.py``."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import actions, languages, sheet
from procedures.languages import OTHERS, Language
from procedures.models import Version
from zalopolice.forms import Plain, Words, attempt
from zalopolice.refusals import Refused
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


class Translation(Plain):
    """``base``: digest of the Vietnamese on the page; somebody may change it meanwhile. The cases of the fee are
    fields of their own, so that none can be said of another amount."""

    base = forms.CharField(widget=forms.HiddenInput, required=False)
    name = Words(label=_lazy("Tên thủ tục"), limit=160)
    papers = Words(label=_lazy("Giấy tờ cần mang (mỗi dòng một loại)"), limit=3000, rows=5)
    where = Words(label=_lazy("Nơi nộp"), limit=400, rows=2)
    steps = Words(label=_lazy("Các bước (mỗi dòng một bước)"), limit=3000, rows=5)
    note = Words(label=_lazy("Lưu ý (mỗi dòng một ý)"), limit=2000, rows=3)

    def __init__(self, *args: Any, version: Version, language: Language, **kwargs: Any) -> None:
        self.version, self.language, content = version, language, version.content
        kept = languages.written(content).get(language.code) or {}
        self.now = languages.digest(version.name, content)
        self.lags = bool(kept) and languages.lags(version.name, content, language.code)
        self.kept, self.kept_base = bool(kept), kept.get("base", "")
        kwargs["initial"] = {**kept, "base": self.now}
        super().__init__(*args, **kwargs)
        self.cases = list(dict.fromkeys(row.get("case") or "" for row in content.get("fee") or [] if row.get("case")))
        for number, case in enumerate(self.cases):
            said = (kept.get("cases") or {}).get(case, "")
            self.fields[f"case_{number}"] = Words(label=_("Trường hợp nộp phí"), limit=400, initial=said)
        if self.lags:
            label = _("Đã sửa theo bản tiếng Việt hiện nay")
            self.fields["follows"] = forms.BooleanField(label=label, required=False)
        for field in self.fields.values():
            field.widget.attrs["lang"] = language.code

    @property
    def pairs(self) -> list[tuple[list[str], forms.BoundField]]:
        """The Vietnamese, and the field beside it."""
        content = self.version.content
        said = {
            "name": [self.version.name],
            "papers": [_paper(row) for row in content.get("documents") or []],
            "where": [content.get("where") or ""],
            "steps": content.get("steps") or [],
            "note": content.get("notes_vi") or [],
        }
        amounts = {fee.case: f"{fee.case} · {fee.amount}" for fee in sheet.fees({"fee": content.get("fee")})}
        said |= {f"case_{number}": [amounts.get(case, case)] for number, case in enumerate(self.cases)}
        return [(lines, self[name]) for name, lines in said.items()]

    @property
    def words(self) -> dict[str, Any]:
        given = self.cleaned_data
        cases = {case: given.get(f"case_{number}") for number, case in enumerate(self.cases)}
        found = {name: "\n".join(filter(None, map(str.strip, given[name].splitlines()))) for name in languages.FIELDS}
        return found | {"cases": {case: said for case, said in cases.items() if said}}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        words = {} if self.errors else self.words
        if any(words.values()):
            behind = self.lags and not given.get("follows")
            short = {} if behind else languages.uneven(self.version.content, words)
            for place, sentence in (short | languages.wrong(self.language.code, words)).items():
                field = f"case_{self.cases.index(place)}" if place in self.cases else place
                self.add_error(field or None, sentence)
        return given


def _paper(row: dict[str, Any]) -> str:
    return " · ".join(filter(None, (row.get("name_vi"), row.get("form_code"), row.get("note"))))


def page(request: OfficerRequest, pk: uuid.UUID, code: str) -> HttpResponse:
    row = get_object_or_404(Version.objects.visible_to(request.user).select_related("procedure"), pk=pk)
    language = OTHERS.get(code)
    if language is None:
        raise Http404
    if row.unit_id != request.user.unit.pk or not request.user.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    if row.state != Version.State.DRAFT:
        return redirect("content:procedures_version_change", row.pk)
    form = Translation(request.POST if request.method == "POST" else None, version=row, language=language)
    status = attempt(form, lambda: _save(form, request)) if form.is_bound else 200
    if not status:
        _tell(form, request)
        return redirect("content:procedures_version_change", row.pk)
    context = {"version": row, "language": language, "form": form, "at": "procedures"}
    return render(request, "procedures/admin/translate.html", context, status=status)


def _tell(form: Translation, request: OfficerRequest) -> None:
    if any(form.words.values()):
        messages.success(request, _("Đã lưu bản dịch."))
    elif form.kept:
        messages.success(request, _("Đã bỏ bản dịch này."))
    else:
        messages.info(request, _("Chưa có bản dịch nào: mọi ô đều trống."))


def _save(form: Translation, request: OfficerRequest) -> None:
    if form.cleaned_data["base"] != form.now:
        raise Refused(_("Đ/c khác vừa sửa bản tiếng Việt. Mở trang này ở thẻ khác, so lại rồi lưu."))
    base = form.kept_base if form.lags and not form.cleaned_data["follows"] else ""
    actions.translate(form.version, form.language.code, form.words, base=base, by=request.user)
