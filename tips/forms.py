"""What officers type. Every complaint is a sentence that says what to do; nothing typed is ever lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tips.models import Case, TrayItem, colleagues
from zalopolice.forms import Plain, Words
from zalopolice.gateway import outbox
from zalopolice.gateway.models import Message
from zalopolice.units.models import Area, Officer


class Choice(forms.ChoiceField):
    def __init__(self, *, choices: Any, missing: Any, **kwargs: Any) -> None:
        super().__init__(choices=[("", _("Chọn…")), *choices], **kwargs)
        self.error_messages |= {"required": missing, "invalid_choice": missing}


class Pick(forms.ModelChoiceField):
    """One row; a value that is no id is as unknown as an id that is not there."""

    def __init__(self, *, missing: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages |= {"required": missing, "invalid_choice": missing}

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from None


class Chosen(forms.Field):
    """Messages ticked in a thread; the cleaned value is a list of rows."""

    widget = forms.MultipleHiddenInput
    rows: models.QuerySet[Message] = Message.objects.none()

    def clean(self, value: Any) -> list[Message]:
        if not value:
            raise ValidationError(_("Hãy chọn ít nhất một tin nhắn."))
        try:
            ids = {uuid.UUID(str(one)) for one in value}
        except ValueError:
            ids = {uuid.uuid4()}
        found = list(self.rows.filter(pk__in=ids).order_by("sent_at", "pk"))
        if len(found) != len(ids):
            raise ValidationError(_("Có tin nhắn không còn chờ ở đây. Xem lại rồi chọn lại."))
        return found


class Once(forms.UUIDField):
    """Made when the page is drawn and kept through every complaint, so that a second press is known as one."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(initial=uuid.uuid4)
        self.error_messages |= dict.fromkeys(("required", "invalid"), _("Trang này đã cũ. Xem lại rồi bấm lần nữa."))

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return self.to_python(data) or initial
        except ValidationError:
            return initial


class Shown(forms.Field):
    """The messages that were on the page, by id; nothing shown is an empty set."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> set[uuid.UUID]:
        try:
            return {uuid.UUID(one) for one in (value or "").split()}
        except ValueError:
            raise ValidationError(_("Trang này đã cũ. Tải lại rồi bấm lại.")) from None


def _case_name(case: dict[str, str]) -> str:
    return gettext("%(tip_code)s · Nguồn tin %(alias)s") % case


class Sort(Plain):
    """The acts on a thread: ``act`` says which button was pressed, hence which fields must be filled."""

    messages = Chosen()
    title = Words(
        label=_("Tiêu đề vụ việc"),
        help_text=_("Việc gì, ở đâu. Không ghi tên người bị nói tới."),
        missing=_("Ghi việc gì, ở đâu, để người nhận biết."),
        limit=160,
    )
    classification = Choice(
        label=_("Phân loại"), choices=Case.Classification.choices, missing=_("Chọn phân loại; sau này sửa được.")
    )
    area = Pick(
        label=_("Địa bàn (nếu biết)"),
        queryset=Area.objects.none(),
        required=False,
        empty_label=_("Chưa rõ"),
        missing=_("Địa bàn này không còn dùng. Chọn lại."),
    )
    case = Choice(label=_("Vụ việc đang mở của nguồn tin này"), choices=[], missing=_("Chọn vụ việc để thêm tin vào."))

    def __init__(self, *args: Any, item: TrayItem, by: Officer, act: str = "open", **kwargs: Any) -> None:
        kwargs["auto_id"] = "sort_%s"
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        # What somebody has sorted meanwhile too: whether this very act did it is for the verb to say.
        fields["messages"].rows = item.received_messages()
        listed: dict[str, Any] = vars(item)  # as page_rows.items reads it
        fields["area"].queryset = Area.objects.filter(unit=item.unit_id, is_active=True)
        fields["area"].choices = [("", _("Chưa rõ")), *((one["id"], one["name"]) for one in listed["areas"])]
        self.open_cases = Case.objects.visible_to(by).open().filter(citizen=item.citizen_id)
        self.cases = listed["open_cases"]
        fields["case"].choices = [("", _("Chọn…")), *((one["id"], _case_name(one)) for one in self.cases)]
        for name in ("title", "classification"):
            fields[name].required = act == "open"
        fields["case"].required = act == "add"

    def clean_case(self) -> Case | None:
        """None when it was closed a moment ago: then the choice itself is refused."""
        return self.open_cases.filter(pk=self.cleaned_data["case"]).first() if self.cleaned_data["case"] else None

    @property
    def ticked(self) -> list[str]:
        return self.data.getlist("messages") if self.is_bound else []  # type: ignore[attr-defined]  # a QueryDict


class PutAway(Plain):
    """A message that came after the page was drawn must be read before anything is put away."""

    seen = Shown()


class Confirm(PutAway):
    """A proposal written anew must be read before it is approved."""

    proposed_at = forms.DateTimeField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid"), _("Trang này đã cũ. Tải lại rồi bấm lại.")),
    )


class Reply(Plain):
    once = Once()
    text = Words(
        label=_("Trả lời"),
        missing=_("Viết nội dung trả lời trước khi gửi."),
        limit=outbox.TEXT_MAX,
        rows=4,
        attrs={"data-testid": "reply-text"},
    )


class Note(Plain):
    """To the browser one form with the reply beside it: what is half written comes along with either."""

    prefix = "note"
    once = Once()
    text = Words(label=_("Ghi chú"), missing=_("Viết nội dung ghi chú."), limit=4000, rows=3)


class Propose(Plain):
    result = Choice(label=_("Kết quả"), choices=Case.Result.choices, missing=_("Chọn kết quả."))
    summary = Words(
        label=_("Tóm tắt"),
        help_text=_("Đã làm gì, kết quả ra sao. Nguồn tin không thấy phần này."),
        missing=_("Viết tóm tắt để lãnh đạo duyệt."),
        limit=4000,
        rows=4,
    )


class Return(Plain):
    reason = Words(
        label=_("Lý do chưa đồng ý"), missing=_("Ghi lý do để người đề nghị biết làm gì tiếp."), limit=1000, rows=2
    )


class Assign(Plain):
    officer = Pick(
        label=_("Giao cho"), queryset=Officer.objects.none(), empty_label=_("Chọn…"), missing=_("Chọn cán bộ để giao.")
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["officer"].queryset = colleagues(case.unit_id)  # type: ignore[attr-defined]  # Pick


class Reassign(Assign):
    reason = Words(label=_("Lý do (nếu cần)"), limit=1000, rows=2)


COMPOSER = "tra-loi"
"""The id of the form in which reply and note are written."""


def half_written(posted: QueryDict) -> dict[str, str]:
    """What was typed into reply and note, whichever of them was sent."""
    typed = {"reply": posted.get("text", ""), "note": posted.get("note-text", "")}
    return {name: words for name, words in typed.items() if words.strip()}


def on_case(bound: dict[str, forms.Form], typed: dict[str, str], is_open: bool) -> dict[str, Any]:
    """The forms of a case's page: those that come back as they were sent, the others with what was typed so far."""
    kinds: dict[str, type[Plain]] = {"reply": Reply, "note": Note, "propose": Propose, "back": Return}
    page: dict[str, Any] = {}
    for name, kind in kinds.items():
        known = {"text": typed[name]} if name in typed else None
        page[name] = bound.pop(name, None) or kind(auto_id=f"{name}_%s", initial=known)
    page["composing"] = is_open or page["reply"].is_bound or bool(page["reply"].initial)
    if page["composing"]:
        for field in page["note"].fields.values():
            field.widget.attrs["form"] = COMPOSER
    return page


def kept_words(bound: Iterable[forms.Form], *others: str) -> str:
    """What was typed into forms whose place on the page is gone, to be copied before it is lost."""
    typed = [
        str(form.data.get(form.add_prefix(name), ""))
        for form in bound
        for name in ("text", "summary")
        if name in form.fields
    ]
    return "\n\n".join(dict.fromkeys(words.strip() for words in (*typed, *others) if words.strip()))
