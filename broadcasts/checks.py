"""What the machine reads before a person approves. Pure functions; a finding warns, a person decides.

A police account that prints a private number, names a suspect or promises money has done harm that no correction
mends (BLHS and the data law aside), so each rule would rather warn once too often."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from broadcasts.article import blocks
from broadcasts.models import PostVersion

UPPER = "A-ZĐÀ-ÖØ-ÝĂƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸĨŨ"
NAME = rf"[{UPPER}]\w*(?:\s+[{UPPER}]\w*){{1,4}}"
BODY_MAX = 5000
BODY_MIN = 60


@dataclass(frozen=True)
class Finding:
    """``field`` and, in the body, the number of the paragraph; ``start``/``end`` in the text given to the rule."""

    kind: str
    sentence: str
    field: str
    paragraph: int = 0
    line: int = 0
    start: int = 0
    end: int = 0


Hit = tuple[int, int, str]
Rule = Callable[[str], Iterator[Hit]]


def review(
    version: PostVersion, *, own_phones: Collection[str] = (), cover: tuple[int, int] | None = None
) -> list[Finding]:
    """Findings in reading order. ``own_phones``: digits of the numbers the unit itself publishes."""
    found: list[Finding] = []
    rules = {**RULES, "phone": _phones(own_phones)}
    for field in ("title", "description"):
        found += [Finding(kind, said, field, 0, 0, a, b) for kind, a, b, said in _run(rules, getattr(version, field))]
    for block in blocks(version.body):
        for number, line in enumerate(block.lines):
            found += [Finding(kind, said, "body", block.number, number, a, b) for kind, a, b, said in _run(rules, line)]
    return [*found, *_whole(version), *_shape(cover)]


def _run(rules: dict[str, Rule], text: str) -> Iterator[tuple[str, int, int, str]]:
    hits = [(kind, *hit) for kind, rule in rules.items() for hit in rule(text)]
    yield from sorted(hits, key=lambda hit: hit[1])


# --- rules over one piece of text --------------------------------------------------------------------------------

MOBILE = re.compile(r"(?<!\d)(?:\+?84|0)[ .-]?[35789](?:[ .-]?\d){8}(?!\d)")
ID_CARD = re.compile(r"(?<!\d)0\d{2}(?:[ .-]?\d){9}(?!\d)")
OLD_ID_CARD = re.compile(r"(?i:cmnd|chứng minh(?: nhân dân)?)\D{0,12}(\d{9})(?!\d)")
PLATE = re.compile(r"(?<![\w-])[1-9]\d[ -]?[A-ZĐ]{1,2}\d?[ .-]{0,3}(?:\d{3}[ .]?\d{2}|\d{4})(?!\w)")
SUSPECT = re.compile(
    rf"(?i:đối tượng|nghi phạm|nghi can|bị can|bị cáo|hung thủ|kẻ gian|tên (?:trộm|cướp))(?: tên| là)?,?\s+({NAME})"
)
BORN = re.compile(rf"({NAME})[\s,(]*(?i:sinh năm|sn|sinh ngày)[\s:]*\d{{2,4}}")
CHILD = re.compile(rf"\b(?i:cháu|bé|em)\s+({NAME})")
REWARD = re.compile(r"(?i)\b(?:thưởng nóng|trao thưởng|tiền thưởng|phần thưởng|treo thưởng|hậu tạ|được thưởng)\b")
PROMISE = re.compile(r"(?i)\b(?:cam kết|chắc chắn|đảm bảo|bảo đảm)\s+(?:sẽ\s+)?(?:bắt|xử lý|tìm ra|xử phạt|khởi tố)\b")
LINK = re.compile(r"(?i)\b(?:https?://|www\.)[^\s<>]+|\b(?:bit\.ly|tinyurl\.com)/\S+")
WORDS = {
    "đối tượng": "“người lạ”, “kẻ xấu”",
    "nghi phạm": "“người bị nghi”",
    "hung thủ": "“người gây ra vụ việc”",
    "con nghiện": "“người sử dụng ma túy”",
    "bọn chúng": "“nhóm này”",
    "tên trộm": "“người lấy trộm”",
    "tên cướp": "“người cướp”",
}
LOADED = re.compile("|".join(rf"\b{word}\b" for word in WORDS), re.IGNORECASE)


def digits(number: str) -> str:
    found = re.sub(r"\D", "", number)
    return "0" + found[2:] if found.startswith("84") else found


def _phones(own: Collection[str]) -> Rule:
    known = {digits(number) for number in own}

    def rule(text: str) -> Iterator[Hit]:
        for hit in MOBILE.finditer(text):
            if digits(hit[0]) not in known:
                said = _("Có số điện thoại cá nhân: “%(what)s”. Đề nghị thay bằng số trực ban.")
                yield hit.start(), hit.end(), said % {"what": hit[0]}

    return rule


def _identity(text: str) -> Iterator[Hit]:
    said = _("Có số căn cước: “%(what)s”. Bỏ số này đi.")
    for pattern, group in ((ID_CARD, 0), (OLD_ID_CARD, 1)):
        for hit in pattern.finditer(text):
            yield hit.start(group), hit.end(group), said % {"what": hit[group]}


def _plates(text: str) -> Iterator[Hit]:
    for hit in PLATE.finditer(text):
        said = _("Có biển số xe: “%(what)s”. Chỉ giữ lại khi có văn bản truy tìm.")
        yield hit.start(), hit.end(), said % {"what": hit[0]}


def _names(text: str) -> Iterator[Hit]:
    said = _("Có tên người bị nghi: “%(what)s”. Chưa có kết luận thì không nêu tên.")
    taken: set[int] = set()
    for pattern in (SUSPECT, BORN):
        for hit in pattern.finditer(text):
            if hit.start(1) not in taken:
                taken.add(hit.start(1))
                yield hit.start(1), hit.end(1), said % {"what": hit[1]}


def _children(text: str) -> Iterator[Hit]:
    for hit in CHILD.finditer(text):
        said = _("Có thể là tên trẻ em: “%(what)s”. Chỉ nêu khi tìm trẻ lạc và gia đình đồng ý.")
        yield hit.start(1), hit.end(1), said % {"what": hit[1]}


def _rewards(text: str) -> Iterator[Hit]:
    for hit in REWARD.finditer(text):
        said = _("Có lời hứa thưởng: “%(what)s”. Không hứa tiền hay quà cho người báo tin.")
        yield hit.start(), hit.end(), said % {"what": hit[0]}


def _promises(text: str) -> Iterator[Hit]:
    for hit in PROMISE.finditer(text):
        said = _("Có lời hứa kết quả: “%(what)s”. Chỉ nêu việc đã làm.")
        yield hit.start(), hit.end(), said % {"what": hit[0]}


def _links(text: str) -> Iterator[Hit]:
    for hit in LINK.finditer(text):
        host = _host(hit[0])
        if host != "gov.vn" and not host.endswith(".gov.vn"):
            said = _("Có đường dẫn ngoài .gov.vn: “%(what)s”. Bà con được dặn không bấm đường dẫn lạ.")
            yield hit.start(), hit.end(), said % {"what": hit[0]}


def _host(link: str) -> str:
    """Empty where the address is none: a strange link as well."""
    try:
        return urlsplit(link if "//" in link else f"https://{link}").hostname or ""
    except ValueError:
        return ""


def _loaded(text: str) -> Iterator[Hit]:
    for hit in LOADED.finditer(text):
        better = WORDS[hit[0].lower()]
        said = _("Chữ “%(what)s” dễ bị hiểu là đã kết luận. Gợi ý: %(better)s.") % {"what": hit[0], "better": better}
        yield hit.start(), hit.end(), said


def _shouting(text: str) -> Iterator[Hit]:
    for hit in re.finditer(rf"(?<!\w)[{UPPER}]{{2,}}(?:[ ,]+[{UPPER}]{{2,}}){{3,}}(?!\w)", text):
        yield hit.start(), hit.end(), _("Viết hoa cả câu khó đọc và giống tin lừa đảo. Viết thường, chỉ hoa chữ đầu.")


RULES: dict[str, Rule] = {
    "phone": _phones(()),
    "identity": _identity,
    "plate": _plates,
    "suspect_name": _names,
    "child_name": _children,
    "reward": _rewards,
    "promise": _promises,
    "link": _links,
    "wording": _loaded,
    "capitals": _shouting,
}

# --- rules over the whole ----------------------------------------------------------------------------------------


def _whole(version: PostVersion) -> Iterator[Finding]:
    long = len(version.body)
    if long > BODY_MAX:
        said = _("Bài dài %(now)d chữ. Trên điện thoại, bài quá %(limit)d chữ ít người đọc hết.")
        yield Finding("length", said % {"now": long, "limit": BODY_MAX}, "body")
    if 0 < long < BODY_MIN:
        yield Finding("length", _("Bài rất ngắn. Nói rõ bà con cần làm gì và hỏi ở đâu."), "body")


def _shape(cover: tuple[int, int] | None) -> Iterator[Finding]:
    if cover and not 1.3 <= cover[0] / max(cover[1], 1) <= 2.1:
        yield Finding("cover", _("Ảnh bìa không phải ảnh ngang cỡ 16:9 nên Zalo sẽ cắt bớt."), "cover")


def passed(found: Collection[Finding]) -> list[str]:
    """What was looked for and not found, in whole sentences."""
    kinds = {finding.kind for finding in found}
    said = {
        "phone": _("Không có số điện thoại cá nhân."),
        "identity": _("Không có số căn cước."),
        "plate": _("Không có biển số xe."),
        "suspect_name": _("Không có tên người bị nghi."),
        "reward": _("Không hứa thưởng."),
        "link": _("Không có đường dẫn lạ."),
        "cover": _("Ảnh bìa đúng cỡ."),
    }
    return [sentence for kind, sentence in said.items() if kind not in kinds]
