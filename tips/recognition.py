"""What the spine can tell about a first message: that somebody says they want to report. The procedures issue brings
real understanding; until then everything else is asked back."""

from __future__ import annotations

import re

from tips.danger import fold

_TIP = re.compile(
    r"\b(bao tin|to giac|to cao|tin bao|trinh bao|bao cong an|muon bao|phan anh|phat hien|nghi (van|co)"
    r"|(bi|mat) trom|mat cap|lua dao|danh bac|ma tuy|co bac|da ga|tin dung den|doi no)\b"
)


def wants_to_report(text: str) -> bool:
    return bool(_TIP.search(fold(text)))
