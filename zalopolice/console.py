"""The editors' test console: how a sentence is read and why, and what typed names or menus would change.

It brings together what no feature may know of another: the reading of messages, the catalogue, menus and keywords."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import catalogue, flow_actions, flow_models, flow_pages, flows, forms, version_pages
from procedures.admin import EDITORS
from procedures.catalogue import Entry
from procedures.flow_models import Flow, SampleQuestion
from procedures.models import Version
from zalopolice import judging, small_talk, trial
from zalopolice.console_words import ACTIONS, AT_ONCE, SampleForm, named, silence, why
from zalopolice.judging import Line, Phrases
from zalopolice.paging import page
from zalopolice.refusals import Refused
from zalopolice.trial import Caught, Change, Differences, Row
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seated_admin import SeatedAdmin
from zalopolice.units.seats import OfficerRequest

LONGEST = 2000
SHOWN = 12


@dataclass
class Decided:
    """One sentence: what it is taken for and why, and which menu or keyword would answer instead."""

    line: Line
    names: dict[str, str]
    hits: list[tuple[str, Flow]]

    @property
    def action(self) -> Any:
        return ACTIONS[judging.action(self.line.read)]

    @property
    def label(self) -> Any:
        return named(self.line.read.label, self.names)

    @property
    def why(self) -> Any:
        """Of what the machine will do, which is not always what it reads."""
        if self.hits and self.listens:
            return _("Menu và từ khóa trả lời trước khi máy đoán thủ tục.")
        return _("Câu hỏi này có câu trả lời sẵn.") if self.at_once else why(self.line.read.rule)

    @property
    def silence(self) -> Any:
        return silence(self.line.read)

    @property
    def candidates(self) -> list[tuple[Any, float]]:
        return [(named(label, self.names), score) for label, score in self.line.read.candidates]

    @property
    def listens(self) -> bool:
        return flows.listens(self.line.read)

    @property
    def at_once(self) -> Any:
        """What the bot says for these words whatever they are taken for (``small_talk.asked``)."""
        return AT_ONCE.get(small_talk.asked(self.line.text), "") if self.listens else ""

    @property
    def is_long(self) -> bool:
        return len(self.line.text.split()) > flows.LONGEST


@dataclass
class Trial:
    """What the editors' page shows below the form: of one sentence, and of the stored ones."""

    sentence: str = ""
    before: Decided | None = None
    after: Decided | None = None
    found: Differences | None = None
    caught: Caught | None = None
    above: str = ""  # what the unit above publishes under the same slug: its words stand
    names: dict[str, str] | None = None

    @property
    def changes(self) -> list[tuple[Change, Any, Any, Any]]:
        return [self._told(change) for change in self.found.changes[:SHOWN]] if self.found else []

    @property
    def moved(self) -> list[tuple[Change, Any, Any, Any]]:
        return [self._told(change) for change in self.found.moved[:5]] if self.found else []

    @property
    def answered(self) -> list[tuple[str, Line, Any]]:
        lines = self.caught.lines[:SHOWN] if self.caught else []
        return [(phrase, line, named(line.label, self.names or {})) for phrase, line in lines]

    @property
    def labels(self) -> list[tuple[Any, int]]:
        return [(named(label, self.names or {}), count) for label, count in (self.caught.labels if self.caught else [])]

    def _told(self, change: Change) -> tuple[Change, Any, Any, Any]:
        return change, self._outcome(change.before), self._outcome(change.after), self._name(change.before.label)

    def _outcome(self, line: Line) -> str:
        said = {"action": ACTIONS[judging.action(line.read)], "label": self._name(line.read.label)}
        return _("%(action)s: %(label)s") % said

    def _name(self, label: str) -> Any:
        return named(label, self.names or {})


def _sentence(request: HttpRequest) -> str:
    return request.POST.get("sentence", "").replace("\0", "").strip()[:LONGEST]


def decide(text: str, entries: Sequence[Phrases], rows: Sequence[Flow], names: dict[str, str]) -> Decided:
    line = judging.judge([{"text": text}], entries).lines[0]
    return Decided(line, names, flows.heard(text, rows))


def own_rows(by: Officer) -> list[Row]:
    rows = SampleQuestion.objects.visible_to(by)
    return [{"text": row.text, "label": row.label, "style": ""} for row in rows]


# --- before saving, and before publishing -------------------------------------------------------------------------


def _moved_on(request: OfficerRequest, row: Version | Flow) -> bool:
    """The page asks of a text that has been handed in, returned or published since it was drawn."""
    wanted = row.State.IN_REVIEW if "judged" in request.POST else row.State.DRAFT
    if row.state != wanted:
        messages.info(request, _("Bản này vừa sang bước khác nên chưa thử. Đây là bản bây giờ."))
    return row.state != wanted


def try_version(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of the draft again, nothing saved, with what its typed name and synonyms would change; for who judges a
    version, the same of the version as it stands."""
    standing = version_pages.version_of(request, pk)
    if _moved_on(request, standing):
        return redirect("content:procedures_version_change", pk)
    if standing.state == Version.State.IN_REVIEW:
        shown = _version_trial(request, standing, standing.name, standing.synonyms)
        return version_pages.version_page(request, standing, trial=shown)
    row = version_pages.own(request, pk)
    words = forms.Texts(request.POST, version=row, names={})
    if words["name"].errors or words["synonyms"].errors:
        return version_pages.form_page(request, row, request.POST, status=422)
    typed = words.cleaned_data
    shown = _version_trial(request, row, typed["name"], typed["synonyms"])
    return version_pages.form_page(request, row, request.POST, status=200, trial=shown)


def _version_trial(request: OfficerRequest, row: Version, name: str, synonyms: Sequence[str]) -> Trial:
    by = request.user
    entries = catalogue.published(by.unit.pk)
    before = trial.phrases(entries)
    draft = Phrases(row.procedure.slug, name, tuple(synonyms))
    namesakes = (entry for entry in entries if entry.slug == draft.slug)
    if above := next((entry.name for entry in namesakes if entry.procedure_id != row.procedure_id), ""):
        return _hidden_trial(request, above, entries)
    after = trial.with_draft(before, draft)
    chosen = trial.sample(draft.slug, trial.changed(before, after))
    found = trial.differences([*own_rows(by), *chosen], before, after)
    names = catalogue.for_editors(entries)
    names_after = names | {draft.slug: catalogue.unreviewed(draft.name)}
    shown = Trial(_sentence(request), found=found, names=names_after)
    if shown.sentence:
        rows = flow_models.published(by.unit.pk)
        shown.before = decide(shown.sentence, before, rows, names)
        shown.after = decide(shown.sentence, after, rows, names_after)
    return shown


def _hidden_trial(request: OfficerRequest, above: str, published: Sequence[Entry]) -> Trial:
    """Of words that citizens would not get: nothing changes."""
    shown = Trial(_sentence(request), above=above)
    if shown.sentence:
        entries, names = trial.phrases(published), catalogue.for_editors(published)
        shown.after = decide(shown.sentence, entries, flow_models.published(request.user.unit.pk), names)
    return shown


def try_flow(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of the draft again, nothing saved, with the sentences it would answer; for who judges it, the same of
    the menu as it stands."""
    standing = flow_pages.flow_of(request, pk)
    if _moved_on(request, standing):
        return redirect("content:procedures_flow_change", pk)
    if standing.state == Flow.State.IN_REVIEW:
        return flow_pages.flow_page(request, standing, trial=_flow_trial(request, standing))
    draft, by = flow_pages.editing(request, pk, request.POST), request.user
    if not draft.is_valid:
        return flow_pages.edit_page(request, draft, 422)
    if said := flows.trouble(draft.typed, flow_actions.standing(draft.flow, by=by)):
        draft.said = said
    return flow_pages.edit_page(request, draft, trial=_flow_trial(request, draft.typed))


def _flow_trial(request: OfficerRequest, flow: Flow) -> Trial:
    by = request.user
    published = catalogue.published(by.unit.pk)
    entries, names = trial.phrases(published), catalogue.for_editors(published)
    others = [row for row in flow_models.published(by.unit.pk) if row.slug != flow.slug]
    rows = flow_models.in_order([flow, *others], by.unit.pk)
    shown = Trial(_sentence(request), caught=trial.caught(flow, rows, own_rows(by), entries), names=names)
    if shown.sentence:
        shown.after = decide(shown.sentence, entries, rows, names)
    return shown


# --- the console -----------------------------------------------------------------------------------------------------


def console(request: OfficerRequest) -> HttpResponse:
    by, sentence = request.user, _sentence(request)
    published = catalogue.published(by.unit.pk)
    entries, names = trial.phrases(published), catalogue.for_editors(published)
    wrong = request.method == "POST" and ("keep" in request.POST or not sentence)
    form = SampleForm(request.POST if wrong else None, initial={"sentence": sentence}, names=names)
    if "keep" in request.POST and form.is_valid() and _keep(request, form):
        return redirect("content:procedures_samplequestion_changelist")
    found = page(SampleQuestion.objects.visible_to(by), ("-created_at", "pk"), request.GET.get("sau"))
    context = {
        "at": "procedures",
        "form": form,
        "decided": decide(sentence, entries, flow_models.published(by.unit.pk), names) if sentence else None,
        "page": found,
        "samples": [(row, *_judged(row, entries, names)) for row in found.rows],
        "may_keep": by.may(Permission.PROCEDURE_EDIT),
    }
    return render(request, "procedures/admin/console.html", context, status=422 if wrong else 200)


def _keep(request: OfficerRequest, form: SampleForm) -> bool:
    given = form.cleaned_data
    try:
        flow_actions.keep_sample(text=given["sentence"], label=given["label"], by=request.user)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("Đã giữ câu thử."))
    return True


def _judged(row: SampleQuestion, entries: Sequence[Phrases], names: dict[str, str]) -> tuple[Line, Any, Any]:
    line = judging.judge([{"text": row.text, "label": row.label}], entries).lines[0]
    return line, named(row.label, names), named(line.read.label, names)


def drop(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    flow_actions.drop_sample(get_object_or_404(SampleQuestion.objects.visible_to(request.user), pk=pk), by=request.user)
    messages.success(request, _("Đã bỏ câu thử."))
    return redirect("content:procedures_samplequestion_changelist")


class SampleAdmin(SeatedAdmin):
    rights = EDITORS
    title = _lazy("thử máy trả lời")
    about = _lazy("Gõ một câu, xem máy hiểu là gì, vì sao, và menu hay từ khóa nào trả lời. Giữ câu để thử lại.")

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("thu/", "changelist", console, "GET", "POST"),
            self._path("thu/<uuid:pk>/bo/", "delete", drop, "POST"),
            self._path("thu/ban/<uuid:pk>/", "version", try_version, "POST"),
            self._path("thu/menu/<uuid:pk>/", "flow", try_flow, "POST"),
        ]
