"""A version as fields and rows: papers, fees, steps, laws each in rows with a few empty ones at the end.

Works without scripts; what was typed comes back with every complaint. A row left empty is no row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from procedures import actions, fees
from procedures.fields import Addresses, Day, LawNumber, Lines, Number
from procedures.models import LawChange, Version
from zalopolice.forms import Plain, Words
from zalopolice.gateway.models import SharedFile

SPARE = 2
MOST = 40  # rows of one kind


class Row(Plain):
    """One row of a kind. ``needs``: what a row that is not empty must say; ``dropped``: keys left out when empty."""

    needs: ClassVar[dict[str, Any]] = {}
    dropped: ClassVar[tuple[str, ...]] = ()

    def clean(self) -> dict[str, Any]:
        for name, sentence in self.needs.items() if said(self) else ():
            if name not in self.errors and self.cleaned_data.get(name) in (None, ""):
                self.add_error(name, sentence)
        return self.cleaned_data

    @property
    def found(self) -> dict[str, Any]:
        row = {name: _plain(value) for name, value in self.cleaned_data.items() if name != "ORDER"}
        return {name: value for name, value in row.items() if value is not None or name not in self.dropped}


class Paper(Row):
    name_vi = Words(label=_("Tên giấy tờ"), limit=300, rows=2)
    copies = Number(99, label=_("Số bản"))
    form_code = Words(label=_("Mẫu"), limit=20)
    note = Words(label=_("Ghi chú"), limit=400, rows=2)
    needs: ClassVar[dict[str, Any]] = {"name_vi": _("Ghi tên giấy tờ.")}


class Form(Row):
    code = Words(label=_("Ký hiệu"), limit=20)
    name_vi = Words(label=_("Tên biểu mẫu"), limit=300)
    needs: ClassVar[dict[str, Any]] = {"name_vi": _("Ghi tên biểu mẫu.")}


class Fee(Row):
    case = Words(label=_("Trường hợp"), limit=400, rows=2)
    amount_vnd = Number(100_000_000, label=_("Số tiền (đồng)"))
    valid_from = Day(label=_("Áp dụng từ"))
    valid_until = Day(label=_("Đến hết"))
    needs: ClassVar[dict[str, Any]] = {"case": _("Ghi trường hợp nào nộp mức này.")}
    dropped: ClassVar[tuple[str, ...]] = ("valid_from", "valid_until")

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        since, until = given.get("valid_from"), given.get("valid_until")
        if since and until and until < since:
            self.add_error("valid_until", _("Ngày hết phải từ ngày bắt đầu trở đi."))
        if not self.errors and not since and not until:
            self._read_days(given)
        return given

    def _read_days(self, given: dict[str, Any]) -> None:
        """A sentence like "nộp từ 1/7/2026 đến 31/12/2026" dates the amount too."""
        try:
            given["valid_from"], given["valid_until"] = fees.validity({"case": given["case"]}) or (None, None)
        except ValueError:
            self.add_error("case", _("Ngày ghi trong câu này không có trong lịch."))


class Step(Row):
    text = Words(label=_("Việc phải làm"), limit=600, rows=2)


class Law(Row):
    name = Words(label=_("Văn bản"), limit=400, rows=2)
    number = LawNumber(label=_("Số hiệu"))
    effective_date = Day(label=_("Hiệu lực từ"))
    needs: ClassVar[dict[str, Any]] = {"name": _("Ghi tên văn bản."), "number": _("Ghi số hiệu văn bản.")}


class Rows(forms.BaseFormSet):
    """Rows in the order of their numbers; one with nothing in it is dropped, one half filled says what is missing."""

    title: Any = ""
    hint: Any = ""

    def add_fields(self, form: Plain, index: int | None) -> None:
        super().add_fields(form, index)
        form.empty_permitted = False  # else a row that nobody touched would count as left empty
        order = form.fields["ORDER"]
        order.label, order.widget = _("TT"), forms.TextInput(attrs={"inputmode": "numeric"})
        order.initial = index + 1 if index is not None else None
        order.error_messages["invalid"] = _("Ghi số thứ tự.")

    @property
    def found(self) -> list[dict[str, Any]]:
        rows = [form for form in self.forms if said(form)]
        rows.sort(key=lambda form: MOST + 1 if (place := form.cleaned_data.get("ORDER")) is None else place)
        return [form.found for form in rows]


def said(form: forms.Form) -> bool:
    """Anything at all, also what could not be read."""
    values = getattr(form, "cleaned_data", {})
    return bool(form.errors) or any(value not in (None, "") for name, value in values.items() if name != "ORDER")


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else None if value == "" else value


KINDS: dict[str, tuple[type[Row], Any, Any]] = {
    "documents": (Paper, _("Giấy tờ cần mang"), ""),
    "fee": (Fee, _("Lệ phí"), _("Ghi 0 đồng là miễn phí; để trống số tiền là chưa rõ mức thu. Phí sắp đổi thì "
                                "giữ dòng cũ, thêm dòng mới ghi cùng trường hợp và ngày bắt đầu; đến ngày máy đổi.")),
    "steps": (Step, _("Các bước"), ""),
    "legal_basis": (Law, _("Căn cứ pháp lý"), ""),
    "forms": (Form, _("Biểu mẫu"), _("Tên và ký hiệu. Tệp docx, pdf để người dân tải thì đính ở trang của bản này.")),
}  # fmt: skip


def rows_of(version: Version, data: Any = None) -> dict[str, Rows]:
    """A formset for each kind; ``data`` with ``more`` set shows that kind with empty rows added."""
    sets: dict[str, Rows] = {}
    for name, (form, label, hint) in KINDS.items():
        make: Any = forms.formset_factory(
            form, formset=Rows, extra=SPARE, can_order=True, max_num=MOST, absolute_max=MOST, validate_max=True
        )
        known = version.content.get(name) or []
        initial = [{"text": one} if isinstance(one, str) else one for one in known]
        sets[name] = make(data, prefix=name, initial=initial)
        sets[name].title, sets[name].hint = label, hint
    return sets


def with_more(data: Any) -> Any:
    """The posted fields with a few rows more of the kind whose button was pressed."""
    data, kind = data.copy(), data.get("more")
    key = f"{kind}-TOTAL_FORMS"
    if kind in KINDS and re.fullmatch(r"\d{1,3}", data.get(key, "")):
        data[key] = str(min(int(data[key]) + SPARE + 1, MOST))
    return data


def compared(law: LawChange) -> str:
    words = {"number": law.number, "by": law.changed_by, "day": f"{law.effective_on:%d/%m/%Y}"}
    return gettext("%(number)s đổi theo %(by)s từ %(day)s: đã đối chiếu, không phải sửa") % words


class Texts(Plain):
    """What is not a row. ``base``: a digest of the draft as it was drawn; somebody else may have saved since."""

    base = forms.CharField(widget=forms.HiddenInput, required=False)
    name = Words(label=_("Tên thủ tục"), limit=160, missing=_("Ghi tên thủ tục."))
    who_can_apply = Words(label=_("Ai được làm"), limit=600, rows=2)
    where = Words(label=_("Nơi nộp"), limit=400, rows=2)
    time = Words(label=_("Thời gian giải quyết"), limit=400)
    days = Number(3650, label=_("Số ngày (nếu có)"))
    working_days = forms.BooleanField(label=_("Ngày làm việc"), required=False)
    result_vi = Words(label=_("Kết quả"), limit=400, rows=2)
    notes_vi = Lines(label=_("Lưu ý (mỗi dòng một ý)"), each=600)
    synonyms = Lines(
        label=_("Người dân hay gọi là (mỗi dòng một cách)"), each=120, rows=6,
        help_text=_("Cả cách viết không dấu, viết tắt. Máy dùng để hiểu câu hỏi; người dân không thấy."),
    )  # fmt: skip
    redirect_slug = forms.ChoiceField(
        label=_("Tên cũ: nay làm thủ tục nào"), required=False,
        help_text=_("Chỉ chọn khi thủ tục này không còn, mà người dân vẫn gọi tên cũ."),
        error_messages={"invalid_choice": _("Không có thủ tục này. Chọn một thủ tục trong danh sách.")},
    )  # fmt: skip
    explanation = Words(label=_("Tên cũ: giải thích cho người dân"), limit=600, rows=2)
    sources = Addresses(label=_("Nguồn (mỗi dòng một địa chỉ)"), each=500, rows=3)
    checked_on = Day(label=_("Đối chiếu văn bản ngày"))
    review_due = Day(label=_("Xem lại trước ngày"))

    def __init__(
        self, *args: Any, version: Version, names: Mapping[str, str], laws: Sequence[LawChange] = (), **kwargs: Any
    ) -> None:
        """``names``: of the procedures by slug, which an old name may stand for; ``laws``: changes of what it cites."""
        content, time = version.content, version.content.get("processing_time") or {}
        initial = {name: content.get(name) for name in ("who_can_apply", "where", "result_vi", "explanation")}
        initial |= {"name": version.name, "time": time.get("text"), "days": time.get("days")}
        initial |= {"working_days": time.get("working_days"), "redirect_slug": content.get("redirect_slug")}
        initial |= {"notes_vi": "\n".join(content.get("notes_vi") or []), "synonyms": "\n".join(version.synonyms)}
        initial |= {"sources": "\n".join(version.sources), "base": actions.fingerprint(version)}
        initial |= {"checked_on": version.checked_on, "review_due": version.review_due}
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        others = [(slug, name or slug) for slug, name in names.items() if slug != version.procedure.slug]
        field: Any = self.fields["redirect_slug"]
        field.choices = [("", _("Không phải tên cũ")), *others]
        self.laws, checked = {f"law_{law.pk}": law for law in laws}, content.get("laws_checked") or []
        for key, law in self.laws.items():
            said = {"number": law.number, "changed_by": law.changed_by} in checked
            self.fields[key] = forms.BooleanField(label=compared(law), required=False, initial=said)

    OTHER: ClassVar[tuple[str, ...]] = (
        "notes_vi", "synonyms", "redirect_slug", "explanation", "sources", "checked_on", "review_due",
    )  # fmt: skip

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in {*self.OTHER, *self.laws}]

    @property
    def law_fields(self) -> list[forms.BoundField]:
        return [self[key] for key in self.laws]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OTHER]

    def clean_redirect_slug(self) -> str | None:
        return self.cleaned_data["redirect_slug"] or None

    def words(self, version: Version, rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """What ``actions.save_draft`` takes; keys of the content no field shows are kept."""
        given = self.cleaned_data
        content = version.content | {
            name: given[name] or None for name in ("who_can_apply", "where", "result_vi", "explanation")
        }
        working = given["working_days"] if given["days"] is not None else None
        content |= {
            "processing_time": {"text": given["time"], "days": given["days"], "working_days": working},
            "notes_vi": given["notes_vi"],
            "redirect_slug": given["redirect_slug"],
            "status": "abolished_redirect" if given["redirect_slug"] else "in_force",
        }
        if self.laws:
            asked = {key: {"number": law.number, "changed_by": law.changed_by} for key, law in self.laws.items()}
            kept = [one for one in content.get("laws_checked") or [] if one not in asked.values()]
            content["laws_checked"] = kept + [one for key, one in asked.items() if given[key]]
        content |= {name: rows[name] for name in KINDS} | {"steps": [one["text"] for one in rows["steps"]]}
        names = ("name", "synonyms", "sources", "checked_on", "review_due")
        return {name: given[name] for name in names} | {"content": content}


class New(Plain):
    name = Words(label=_("Tên thủ tục"), limit=160, missing=_("Ghi tên thủ tục."))
    slug = forms.SlugField(
        label=_("Tên trong địa chỉ trang"), max_length=64, help_text=_("Chữ không dấu và gạch nối, ví dụ tach-ho."),
        error_messages={"required": _("Ghi tên trong địa chỉ trang."),
                        "invalid": _("Chỉ gồm chữ không dấu, số và gạch nối.")},
    )  # fmt: skip
    field = Words(label=_("Lĩnh vực"), limit=120, missing=_("Ghi lĩnh vực."))
    code = Words(label=_("Mã thủ tục quốc gia (nếu có)"), limit=16)
    position = Number(9999, label=_("Thứ tự trong danh mục"))


class Arrange(Plain):
    field, code, position = New.base_fields["field"], New.base_fields["code"], New.base_fields["position"]


class Spot(Arrange):
    slug = New.base_fields["slug"]


class Reason(Plain):
    reason = Words(label=_("Lý do"), limit=500, rows=2, missing=_("Ghi lý do để người soạn biết sửa gì."))


class End(Reason):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].error_messages["required"] = _("Ghi lý do, ví dụ văn bản nào thay thế.")


class Attach(Plain):
    upload = forms.FileField(
        label=_("Tệp"), error_messages={"required": _("Chọn tệp."), "empty": _("Tệp này trống.")},
        help_text=_("Mẫu đơn: docx, pdf. Ảnh: jpg, png. Bản đọc: mp3, m4a. Tối đa 5 MB."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Loại tệp"), choices=SharedFile.Kind.choices)
    title = Words(label=_("Tên người dân thấy"), limit=100, missing=_("Ghi tên, ví dụ Tờ khai CT01."))


class Own(Plain):
    """What the unit says of its own: hours, address, contact, and nothing else."""

    hours = Words(label=_("Giờ nhận hồ sơ"), limit=240)
    address = Words(label=_("Nơi nhận hồ sơ"), limit=240)
    contact = Words(label=_("Người liên hệ, điện thoại"), limit=160)
