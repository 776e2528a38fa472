"""Two people for every published word: the steps a procedure's text and a menu take alike.

The row is locked and its unit's when these are called. Each moves the state, writes the audit entry and rings the bell;
the database holds the same (``migrations/0007_second_thoughts.sql``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.models import Flow, MissCluster, Procedure, Version
from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Alert, Membership, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

Text = Version | Flow


def require(by: Officer, permission: Permission, row: Text | Procedure | MissCluster | None = None) -> None:
    """What the province publishes a commune may read, not touch."""
    if not by.may(permission) or (row is not None and row.unit_id != by.unit.pk):
        raise PermissionDenied


def move(row: Text, state: str, **changes: Any) -> None:
    try:
        with transaction.atomic():
            move_to(row, state, field="state", **changes)
    except WrongState as error:
        raise Refused(str(error)) from None
    except IntegrityError:
        raise Refused(_("Cơ sở dữ liệu không nhận bước này. Tải lại trang rồi xem lại.")) from None


def note(row: Text, act: str, by: Officer) -> None:
    log.append(f"{'flow' if isinstance(row, Flow) else 'procedure'}.{act}", row, by=by, number=row.number)


def fingerprint(row: Model, names: Iterable[str]) -> str:
    """Of the words somebody has on the screen: they may have changed by the time a button is pressed."""
    words = json.dumps([getattr(row, name) for name in names], cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def submit(row: Text, by: Officer) -> None:
    move(row, row.State.IN_REVIEW, submitted_by=by, submitted_at=timezone.now())
    note(row, "submitted", by)
    tell(Alert.Kind.PROCEDURE_SUBMITTED, row.unit_id, row.pk, permission=Permission.PROCEDURE_REVIEW, by=by)


def handed_in(row: Text, by: Officer) -> str:
    """What who hands it in reads: only somebody of the unit who wrote nothing of it may publish it."""
    if Membership.objects.visible_to(by).others_who_may(Permission.PROCEDURE_REVIEW, by, row.writers).exists():
        return _("Đã trình thẩm định. Người thẩm định được báo.")
    return _(
        "Đã trình thẩm định. Trong đơn vị chưa có ai khác được thẩm định bản này: Trưởng đơn vị vào “Cán bộ và vai "
        "trò” giao vai trò Biên tập nội dung cho một đồng chí không soạn bản này."
    )


def is_authors(row: Text, by: Officer) -> bool:
    """Who began the draft, or handed it in."""
    return by.pk in {row.written_by_id, row.submitted_by_id}


def withdraw(row: Text, by: Officer) -> None:
    """Before anybody has judged it; whoever wrote still counts as a writer."""
    if row.state == row.State.IN_REVIEW and not is_authors(row, by):
        raise Refused(_("Chỉ người soạn hoặc người trình rút được bản này. Người thẩm định thì trả lại."))
    move(row, row.State.DRAFT, submitted_by=None, submitted_at=None)
    note(row, "withdrawn", by)


def _still_waits(row: Text) -> None:
    """A writer may have been quicker than the reviewer whose page is still open."""
    if row.state == row.State.DRAFT and row.submitted_by_id is None:
        raise Refused(_("Người soạn vừa rút bản này về để sửa tiếp."))


def return_with_reason(row: Text, reason: str, by: Officer) -> None:
    _still_waits(row)
    told = row.submitted_by
    move(row, row.State.DRAFT, returned_by=by, returned_at=timezone.now(), reason=reason)
    note(row, "returned", by)
    if told is not None:
        tell(Alert.Kind.PROCEDURE_RETURNED, row.unit_id, row.pk, officer=told, by=by)


def publish(row: Text, *, seen: str, now: str, before: Text | None, over: str, by: Officer) -> None:
    """``seen`` and ``now``: fingerprints of what the reviewer has read and of what is there; ``before``: the text it
    takes the place of, which becomes ``over``."""
    if by.pk in row.writers or by.pk == row.submitted_by_id:
        raise Refused(_("Đồng chí đã soạn hoặc trình bản này, nên cần người khác thẩm định và công bố."))
    _still_waits(row)
    if seen != now and row.state == row.State.IN_REVIEW:
        raise Refused(_("Bản này đã đổi sau khi đồng chí mở trang. Đọc lại bản dưới đây rồi công bố."))
    at = timezone.now()
    if before is not None:
        move(before, over, ended_by=by, ended_at=at)
    move(row, row.State.PUBLISHED, published_by=by, published_at=at)
    note(row, "published", by)
