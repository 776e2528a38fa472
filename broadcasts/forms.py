"""What editors and leaders type. Every complaint is a sentence that says what to do; nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts import audience, pictures, schedule
from broadcasts.guards import account_trouble
from broadcasts.models import Draft, PostImage, PostVersion
from zalopolice.forms import Plain, Words
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Officer

BODY_MAX = 10_000
TIMES = ("%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M", "%H:%M %d/%m/%Y", "%H:%M, %d/%m/%Y")
"""What browsers send, and what people type where the browser has no picker."""


class Hidden(forms.IntegerField):
    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__()
        said = gettext_lazy("Trang này đã cũ. Tải lại rồi bấm lại.")
        self.error_messages |= dict.fromkeys(("required", "invalid"), said)


class Several(forms.TypedMultipleChoiceField):
    """Ticks; a number nobody offered is refused in our words."""

    def __init__(self, choices: Any, label: Any, **kwargs: Any) -> None:
        kwargs |= {"choices": choices, "label": label, "coerce": int, "required": False}
        super().__init__(widget=forms.CheckboxSelectMultiple, **kwargs)
        self.error_messages |= {"invalid_choice": gettext_lazy("Có mục không còn trong danh sách. Chọn lại.")}


class PostForm(Plain):
    """An article, whom it goes to, through which accounts, and when."""

    revision = Hidden()
    kept_cover = forms.CharField(widget=forms.HiddenInput, required=False)
    title = Words(
        label=gettext_lazy("Tiêu đề"),
        help_text=gettext_lazy("Nhiều nhất 140 ký tự. Không nêu tên người bị nghi."),
        missing=gettext_lazy("Ghi tiêu đề để lưu được bài."),
        limit=140,
    )
    description = Words(
        label=gettext_lazy("Mô tả ngắn"),
        help_text=gettext_lazy("Dòng bà con thấy trước khi mở bài, nhiều nhất 250 ký tự."),
        limit=250,
        rows=2,
    )
    author = Words(
        label=gettext_lazy("Dòng tác giả"),
        help_text=gettext_lazy("Nhiều nhất 50 ký tự, thường là tên đơn vị."),
        limit=50,
    )
    body = Words(
        label=gettext_lazy("Nội dung"),
        help_text=gettext_lazy(
            "Cách một dòng trống là đoạn mới. Dòng bắt đầu bằng “## ” là đầu mục, bằng “- ” là gạch đầu dòng."
        ),
        limit=BODY_MAX,
        rows=14,
    )
    cover = forms.FileField(
        label=gettext_lazy("Chọn ảnh"),
        help_text=gettext_lazy("Ảnh ngang JPG hoặc PNG dưới 10 MB, đẹp nhất là 1280 × 720."),
        required=False,
        allow_empty_file=True,
    )
    oas = forms.MultipleChoiceField(label=gettext_lazy("Chọn OA"), widget=forms.CheckboxSelectMultiple, required=False)
    whom = forms.ChoiceField(
        label=gettext_lazy("Gửi cho ai"),
        widget=forms.RadioSelect,
        choices=[
            ("all", gettext_lazy("Tất cả người quan tâm OA")),
            ("part", gettext_lazy("Chỉ một phần, chọn ở dưới")),
        ],
    )
    gender = forms.TypedChoiceField(
        label=gettext_lazy("Giới tính"), choices=PostVersion.Gender.choices, coerce=int, required=False
    )
    ages = Several(audience.AGES, gettext_lazy("Độ tuổi"), help_text=gettext_lazy("Không chọn ô nào là mọi độ tuổi."))
    cities = Several(
        audience.CITIES,
        gettext_lazy("Tỉnh, thành phố"),
        help_text=gettext_lazy("Theo danh sách của Zalo, tên trước 01/7/2025. Không chọn ô nào là mọi nơi."),
    )
    when = forms.ChoiceField(
        label=gettext_lazy("Khi nào gửi"),
        widget=forms.RadioSelect,
        choices=[
            ("now", gettext_lazy("Ngay khi được duyệt, trong giờ Zalo cho gửi")),
            ("at", gettext_lazy("Vào giờ đã chọn")),
        ],
    )
    at = forms.DateTimeField(
        label=gettext_lazy("Ngày và giờ"),
        required=False,
        input_formats=TIMES,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "short"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, by: Officer, accounts: Sequence[OfficialAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.accounts = by, accounts
        fields: dict[str, Any] = self.fields
        self.dead = [(account, why) for account in accounts if (why := account_trouble(account))]
        self.dead_ids = {account.oa_id for account, _why in self.dead}
        fields["oas"].choices = [(account.oa_id, account.name) for account in accounts]
        fields["at"].error_messages["invalid"] = _("Máy không đọc được giờ này. Ghi theo mẫu 06:30 22/11/2026.")
        for name in ("whom", "when", "oas", "gender"):
            fields[name].error_messages |= dict.fromkeys(
                ("required", "invalid_choice"), _("Có mục không còn trong danh sách. Chọn lại.")
            )

    @classmethod
    def of(cls, version: PostVersion | None, *, by: Officer, accounts: Sequence[OfficialAccount]) -> PostForm:
        """The form as the version has it; a new post goes to everybody through every account that works."""
        if version is None:
            working = [account.oa_id for account in accounts if not account_trouble(account)]
            fresh = {"revision": 0, "author": by.unit.name[:50], "oas": working, "whom": "all", "when": "now"}
            return cls(by=by, accounts=accounts, initial=fresh)
        narrowed = bool(version.gender or version.ages or version.cities)
        known = {name: getattr(version, name) for name in ("title", "description", "author", "body", "gender")}
        known |= {"revision": version.revision, "ages": version.ages, "cities": version.cities}
        known |= {"kept_cover": version.cover_sha256, "oas": version.oa_ids, "whom": "part" if narrowed else "all"}
        at = timezone.localtime(version.send_at).replace(tzinfo=None) if version.send_at else None
        return cls(by=by, accounts=accounts, initial=known | {"when": "at" if at else "now", "at": at})

    def clean_kept_cover(self) -> str:
        """A picture of the unit, stored by an earlier try; anything else is no picture at all."""
        sha256 = self.cleaned_data["kept_cover"]
        own = PostImage.objects.visible_to(self.by).filter(sha256=sha256)
        return sha256 if sha256 and own.exists() else ""

    def clean_cover(self) -> str:
        """Kept at once, whatever else is wrong, because a browser never fills a file field again."""
        if file := self.cleaned_data.get("cover"):
            try:
                return pictures.keep_cover(file, by=self.by).sha256
            except pictures.Unfit as unfit:
                raise ValidationError(str(unfit)) from None
        return ""

    def clean_oas(self) -> list[str]:
        dead = {account.oa_id: (account.name, why) for account, why in self.dead}
        for oa_id in self.cleaned_data["oas"]:
            if oa_id in dead:
                name, why = dead[oa_id]
                raise ValidationError(_("OA %(name)s chưa gửi được: %(why)s") % {"name": name, "why": why})
        if not self.cleaned_data["oas"]:
            raise ValidationError(_("Chọn ít nhất một OA để gửi bài."))
        return sorted(self.cleaned_data["oas"])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        narrowed = any(given.get(name) for name in ("gender", "ages", "cities"))
        if given.get("whom") == "part" and not narrowed and not {"gender", "ages", "cities"} & self.errors.keys():
            self.add_error(
                "whom", _("Chưa chọn gửi cho ai. Chọn giới tính, độ tuổi hoặc tỉnh, thành; hoặc gửi tất cả.")
            )
        if given.get("when") == "at" and "at" not in self.errors and (wrong := _wrong_time(given.get("at"))):
            self.add_error("at", wrong)
        return given

    @property
    def cover_sha256(self) -> str:
        """The picture the page shows: the new one, else the one kept."""
        if not self.is_bound:
            return str(self.initial.get("kept_cover") or "")
        given = getattr(self, "cleaned_data", {})
        return given.get("cover") or given.get("kept_cover") or ""

    def draft(self) -> Draft:
        given, part = self.cleaned_data, self.cleaned_data["whom"] == "part"
        return Draft(
            **{name: given[name] for name in ("title", "description", "author", "body")},
            cover_sha256=self.cover_sha256,
            gender=given["gender"] or PostVersion.Gender.ALL if part else PostVersion.Gender.ALL,
            ages=sorted(given["ages"]) if part else [],
            cities=sorted(given["cities"]) if part else [],
            oa_ids=given["oas"],
            send_at=given["at"] if given["when"] == "at" else None,
        )


def _wrong_time(at: datetime | None) -> str:
    if at is None:
        return _("Chọn ngày và giờ gửi.")
    if at <= timezone.now():
        return _("Giờ này đã qua. Chọn giờ khác.")
    if not schedule.allowed(at):
        first, last = schedule.hours(at)
        said = {"first": f"{first:%H:%M}", "last": f"{last:%H:%M}"}
        return _("Zalo chỉ cho gửi từ %(first)s đến %(last)s. Chọn giờ khác.") % said
    return ""


class Decide(Plain):
    """An approval names what was read."""

    seen = forms.CharField(
        widget=forms.HiddenInput, error_messages={"required": gettext_lazy("Trang này đã cũ. Tải lại rồi bấm lại.")}
    )


class Submit(Plain):
    revision = Hidden()


class Reason(Plain):
    reason = Words(
        label=gettext_lazy("Lý do"), missing=gettext_lazy("Ghi lý do để người soạn biết sửa gì."), limit=1000, rows=3
    )


class Say(Plain):
    text = Words(
        label=gettext_lazy("Trao đổi với đồng nghiệp"), missing=gettext_lazy("Viết lời trao đổi."), limit=2000, rows=2
    )


class Settle(Plain):
    sent = forms.ChoiceField(
        label=gettext_lazy("Trong OA Manager, bài này"),
        widget=forms.RadioSelect,
        choices=[("yes", gettext_lazy("đã gửi")), ("no", gettext_lazy("không có trong danh sách đã gửi"))],
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), gettext_lazy("Mở OA Manager xem bài đã gửi chưa, rồi chọn.")
        ),
    )
    reason = Words(
        label=gettext_lazy("Đã xem ở đâu, lúc nào"),
        missing=gettext_lazy("Ghi đã xem ở đâu, lúc nào, để người sau tin được kết luận này."),
        limit=1000,
        rows=2,
    )
