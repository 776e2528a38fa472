"""A flow as fields, its menu as rows. Whatever was typed comes back with every complaint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from procedures import flow_actions, flows
from procedures.fields import Lines
from procedures.flow_models import Flow
from procedures.topics import SERVICES
from procedures.turns import OFFICER, TIP
from zalopolice.forms import Plain, Words
from zalopolice.gateway.outbox import TEXT_MAX
from zalopolice.vietnamese import fold

Choices = list[tuple[str, Any]]
PHRASES = 40


def destinations(names: Mapping[str, str], rows: Sequence[Flow] = ()) -> Choices:
    """``names``: published procedures; ``rows``: flows a menu may lead to."""
    ready = [(where, flows.label_of(where, (), {})) for where in (OFFICER, TIP, *SERVICES)]
    own = [(f"flow:{row.slug}", _named(row)) for row in rows if row.does != Flow.Does.GOES]
    found: Choices = [("", "—"), (gettext("Việc có sẵn"), ready)]
    if own:
        found.append((gettext("Menu, câu trả lời của đơn vị"), own))
    return [*found, (gettext("Thủ tục"), list(names.items()))]


def _named(row: Flow) -> str:
    return row.name if row.state == Flow.State.PUBLISHED else gettext("%(name)s (chưa công bố)") % {"name": row.name}


class New(Plain):
    name = Words(
        label=_("Tên"), limit=100, missing=_("Ghi tên."), help_text=_("Ví dụ: Menu cư trú. Người dân không thấy tên.")
    )


class Item(Plain):
    label = Words(label=_("Dòng người dân đọc"), limit=100)
    goes_to = forms.ChoiceField(label=_("Dẫn tới"), required=False)

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["goes_to"]
        field.choices = choices
        field.error_messages["invalid_choice"] = _("Nơi này không còn. Chọn nơi khác.")

    def clean(self) -> None:
        said, where = self.cleaned_data.get("label"), self.cleaned_data.get("goes_to")
        if said and not where and "goes_to" not in self.errors:
            self.add_error("goes_to", _("Chọn nơi dòng này dẫn tới."))
        if where and not said and "label" not in self.errors:
            self.add_error("label", _("Ghi dòng người dân đọc."))


def items_of(flow: Flow, choices: Choices, data: Any = None) -> Any:
    make: Any = forms.formset_factory(
        Item, extra=flows.MOST_ITEMS - len(flow.items), max_num=flows.MOST_ITEMS, absolute_max=flows.MOST_ITEMS
    )
    return make(data, prefix="items", initial=flow.items, form_kwargs={"choices": choices})


class Texts(Plain):
    """``base``: a digest of the draft as it was drawn; somebody else may have saved since."""

    base = forms.CharField(widget=forms.HiddenInput, required=False)
    name = Words(label=_("Tên (người dân không thấy)"), limit=100, missing=_("Ghi tên."))
    phrases = Lines(
        label=_("Khi người dân nhắn (mỗi dòng một cụm từ)"), each=80, rows=4,
        help_text=_("Có dấu hay không đều nhận; phải đúng cả từ. Để trống nếu chỉ mở từ một menu."),
    )  # fmt: skip
    does = forms.ChoiceField(label=_("Máy làm gì"), choices=Flow.Does.choices, widget=forms.RadioSelect)
    text = Words(
        label=_("Câu trả lời, hoặc câu mở đầu menu"), limit=TEXT_MAX, rows=5,
        help_text=_("Máy gửi đúng chữ này."),
    )  # fmt: skip
    goes_to = forms.ChoiceField(
        label=_("Chuyển tới"), required=False, help_text=_("Chỉ dùng khi chọn chuyển tới thủ tục hoặc việc có sẵn.")
    )

    def __init__(
        self, *args: Any, flow: Flow, names: Mapping[str, str], others: Sequence[Flow], clash: str, **kwargs: Any
    ) -> None:
        initial = {name: getattr(flow, name) for name in ("name", "does", "text", "goes_to")}
        kwargs["initial"] = initial | {
            "phrases": "\n".join(flow.phrases),
            "base": flow_actions.fingerprint(flow),
        }
        super().__init__(*args, **kwargs)
        self.others, self.clash, self.old_name = others, clash, flow.name
        field: Any = self.fields["goes_to"]
        field.choices = destinations(names)
        field.error_messages["invalid_choice"] = _("Nơi này không còn. Chọn nơi khác.")
        self.fields["does"].error_messages["required"] = _("Chọn một việc.")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.clash and name == self.old_name:
            raise ValidationError(self.clash)
        return name

    def clean_phrases(self) -> list[str]:
        phrases: list[str] = self.cleaned_data["phrases"]
        if len(phrases) > PHRASES:
            raise ValidationError(_("Nhiều quá %(most)s cụm từ; tách thành hai mục.") % {"most": PHRASES})
        taken = {fold(phrase): row.name for row in self.others for phrase in row.phrases}
        for phrase in phrases:
            words = fold(phrase)
            if not any(char.isalpha() for char in words) or len(words) < 3:
                raise ValidationError(_("“%(phrase)s” ngắn quá: ghi ít nhất ba chữ cái.") % {"phrase": phrase})
            if len(words.split()) > flows.LONGEST:
                raise ValidationError(
                    _("“%(phrase)s” dài quá %(most)s từ.") % {"phrase": phrase, "most": flows.LONGEST}
                )
            if words in taken:
                said = {"phrase": phrase, "name": taken[words]}
                raise ValidationError(_("“%(phrase)s” đã có ở “%(name)s”. Bỏ ở một nơi.") % said)
        return list({fold(phrase): phrase for phrase in reversed(phrases)}.values())[::-1]

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("does") == Flow.Does.GOES and not given.get("goes_to") and "goes_to" not in self.errors:
            self.add_error("goes_to", _("Chọn nơi chuyển tới."))
        if (
            given.get("does") in {Flow.Does.TEXT, Flow.Does.MENU}
            and not given.get("text")
            and "text" not in self.errors
        ):
            self.add_error("text", _("Ghi câu máy gửi."))

    def words(self, items: Any) -> dict[str, Any]:
        """What ``flow_actions.save_draft`` takes: of what does not belong to the choice made, nothing is kept."""
        given, does = self.cleaned_data, self.cleaned_data["does"]
        rows = [{name: one[name] for name in ("label", "goes_to")} for one in items.cleaned_data if one.get("label")]
        return {
            "name": given["name"],
            "phrases": given["phrases"],
            "does": does,
            "text": "" if does == Flow.Does.GOES else given["text"],
            "goes_to": given["goes_to"] if does == Flow.Does.GOES else "",
            "items": rows if does == Flow.Does.MENU else [],
        }


def complain(words: Texts, items: Any) -> bool:
    """Everything is valid by itself: is the menu, too? False, with the complaint in the form, when it is not."""
    given = words.words(items)
    if given["does"] != Flow.Does.MENU:
        return True
    labels = [item["label"] for item in given["items"]]
    over = len(flows.menu_text(given["text"], labels)) - TEXT_MAX
    if len(labels) < 2:
        words.add_error("does", _("Menu cần ít nhất hai dòng."))
    elif len({fold(label) for label in labels}) < len(labels):
        words.add_error("does", _("Hai dòng của menu đọc giống nhau."))
    elif over > 0:
        words.add_error("text", _("Cả menu thừa %(over)s ký tự; viết gọn lại.") % {"over": over})
    return not words.errors
