"""Ready sentences for officers: published text of ``templates/zalo`` (design D26), to be read and sent by a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tips import forms
from zalopolice.gateway import outbox


@dataclass(frozen=True)
class Canned:
    name: str
    label: str | Promise


REPLIES = (
    Canned("reply_received", _("Đã nhận, đang xác minh")),
    Canned("reply_place", _("Hỏi thêm địa điểm")),
    Canned("reply_safe", _("Dặn an toàn")),
    Canned("reply_office", _("Mời tới trụ sở")),
)


def filled(posted: QueryDict) -> forms.Reply | None:
    """The composer with the chosen sentence after what was typed; None when no sentence was asked for."""
    chosen = posted.get("mau")
    if chosen not in {one.name for one in REPLIES}:
        return None
    typed = posted.get("text", "").rstrip()
    words = outbox.words(str(chosen))
    text = typed if words in typed else f"{typed}\n{words}" if typed else words
    form = forms.Reply(initial={"text": text}, auto_id="reply_%s")
    form.fields["text"].widget.attrs["autofocus"] = True
    return form
