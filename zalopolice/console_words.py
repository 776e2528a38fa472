"""What the test console calls labels, actions and rules, and its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from procedures.topics import SERVICES
from zalopolice.forms import Plain, Words
from zalopolice.gateway import outbox
from zalopolice.reading import Reading

ACTIONS = {
    "answer": _("trả thẻ thủ tục"),
    "ask_back": _("hỏi lại"),
    "tip": _("nhận là tin báo"),
    "emergency": _("báo động khẩn cấp"),
    "handoff": _("chuyển cán bộ"),
    "smalltalk": _("trả lời ngắn"),
}
LABELS = {
    "tip": _("Tin báo"),
    "emergency": _("Khẩn cấp"),
    "other": _("Việc khác, cán bộ trả lời"),
    "greeting_thanks": _("Chào hỏi, cảm ơn"),
}
AT_ONCE = {
    "genuine": _("trả lời ngay: có phải công an thật không"),
    "on_duty": _("trả lời ngay: ai đang trực"),
    "news": _("trả lời ngay: tin mới của đơn vị"),
}
RULES = {
    "named": _("Đúng từng chữ tên hoặc cách gọi của một thủ tục."),
    "clear": _("Một thủ tục gần hơn hẳn các thủ tục khác."),
    "perhaps danger": _("Có nói tới nguy hiểm, nên máy hỏi lại có phải báo tin không."),
    "close": _("Vài khả năng gần nhau, nên máy hỏi lại."),
    "weak": _("Không khả năng nào đủ gần, nên máy hỏi lại."),
    "topic": _("Có từ của việc này, và không việc nào khác gần hơn."),
    "report": _("Có dấu hiệu của một tin báo."),
    "learned": _("Giống các tin báo máy đã học."),
    "perhaps a report": _("Có thể là tin báo, nên máy hỏi lại trước khi trả lời."),
    "elsewhere": _("Việc của cơ quan khác, hoặc chỉ cán bộ trả lời được."),
    "no words": _("Không có chữ nào để đọc."),
    "a name and a number": _("Chỉ có tên và dãy số: máy không đoán."),
    "danger": _("Có lời nói về nguy hiểm; máy báo động trước mọi việc khác."),
    "new": _("Thủ tục mới, máy chưa học: nhận ra bằng tên và các cách gọi."),
}
"""By the rule's name, or by its first word."""
SILENT = {
    "emergency": _("câu này là báo động khẩn cấp."),
    "tip": _("câu này là tin báo."),
    "report": _("câu này có thể là tin báo, nên máy hỏi lại trước."),
    "wanted_missing": _("câu này nói về người bị tìm hay mất tích, để cán bộ trả lời."),
    "lookup_id_result": _("câu này hỏi hồ sơ của riêng một người, để cán bộ trả lời."),
    "named": _("câu này gọi đúng tên một thủ tục, nên máy trả thẻ của thủ tục đó."),
}
"""By what ``flows.listens`` refuses: the kind of a reading, its topic, its rule."""


def silence(read: Reading) -> Any:
    """Why no menu answers what was read so; "" when one may."""
    return next((SILENT[what] for what in (read.kind, read.topic, read.rule) if what in SILENT), "")


def why(rule: str) -> Any:
    return RULES.get(rule) or RULES.get(rule.split(":")[0].split(" ")[0], "")


def named(label: str, names: Mapping[str, str]) -> Any:
    if label in names:
        return names[label]
    return outbox.words(f"choice_{label}") if label in SERVICES else LABELS.get(label, label)


class SampleForm(Plain):
    sentence = Words(label=_("Câu người dân có thể nhắn"), limit=2000, rows=3, missing=_("Gõ một câu."))
    label = forms.ChoiceField(label=_("Lẽ ra phải hiểu là"), required=False)

    def __init__(self, *args: Any, names: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fixed = [(label, named(label, {})) for label in (*LABELS, *SERVICES)]
        field: Any = self.fields["label"]
        field.choices = [("", "—"), (gettext("Không phải thủ tục"), fixed), (gettext("Thủ tục"), list(names.items()))]
        field.error_messages["invalid_choice"] = _("Chọn một việc trong danh sách.")

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if not label:
            raise forms.ValidationError(_("Chọn câu này lẽ ra phải hiểu là gì."))
        return label
