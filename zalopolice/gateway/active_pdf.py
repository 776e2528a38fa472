"""What a PDF must not carry (``active_content.py``): the bytes as they are, and whatever in them is packed with Flate.

The work is bounded by the size of the file, whatever the file says of itself."""

from __future__ import annotations

import bisect
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024
UNPACKED_MAX, OBJECTS_MAX = 200 * MEGABYTE, 16 * MEGABYTE
"""Of a PDF. A scanned page of 1 MB may be 26 MB of points; only the objects of a document are kept while it is read."""
OPENINGS_MAX, STREAMS_MAX, NUMBERS_MAX = 20, 20_000, 100_000
READ_TIMES = 4
"""How often a PDF may be read over: packing can be made of blocks that hold nothing, one stream inside another."""

_END = rb"(?![^\s\0/<>\[\](){}%])"
_RUNS = re.compile(
    rb"/(?:JavaScript|Launch|SubmitForm|ImportData|Rendition|GoToR|GoToE)" + _END
    + rb"|/(?:AA|XFA)[\s\0]*(?:<<|%|\[|\d+[\s\0%])"
)  # fmt: skip
_ATTACHED = re.compile(rb"/(?:EmbeddedFiles?|RichMedia\w*|FileAttachment)" + _END)
_LOCKED = re.compile(rb"/Encrypt" + _END)
_OPENING = re.compile(rb"/OpenAction[\s\0]*(?:(\[)|(\d{1,10})[\s\0]+\d+[\s\0]+R|(<<))?")
_ACTION = re.compile(rb"/S[\s\0]*/(\w+)")
_FIRST = re.compile(rb"/First[\s\0]+(\d{1,10})[\s\0]*(?=[/>])")
_COUNT = re.compile(rb"/N[\s\0]+\d")
_FLAT = re.compile(rb"[\s\0]*<<[^<>()%]*>>[\s\0]*")
_LINE = re.compile(rb"[\r\n][^\r\n]*\Z")
_NUMBER = re.compile(rb"\d{1,10}")
_FLATE = re.compile(rb"/Filter[\s\0]*(?:/FlateDecode(?=[\s\0/>])|\[[\s\0]*/FlateDecode[\s\0]*\])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream[ \t]*(?:\r\n|\n|\r)?")
_PIECE, _OVERLAP, _BODY = 8192, 128, 4096


class _Packed(NamedTuple):
    """An object stream, unpacked."""

    data: bytes
    places: dict[int, set[int]]  # where what is written under a number begins
    ends: list[int]


@dataclass
class _Room:
    """What is left of the work one PDF may make."""

    read: int
    unpacked: int = UNPACKED_MAX
    objects: int = OBJECTS_MAX
    numbers: int = NUMBERS_MAX

    def check(self) -> None:
        if min(self.read, self.unpacked, self.objects, self.numbers) < 0:
            raise _pdf_unread()


def _pdf_runs() -> ValidationError:
    return ValidationError(_("Tệp PDF này có lệnh tự chạy. In lại thành PDF mới rồi chọn bản mới."))


def _pdf_holds() -> ValidationError:
    return ValidationError(_("Tệp PDF này có đính kèm tệp khác. In lại thành PDF mới rồi chọn bản mới."))


def _pdf_locked() -> ValidationError:
    said = _("Tệp PDF này có mật khẩu hoặc giới hạn quyền nên không kiểm tra được. In lại thành PDF mới.")
    return ValidationError(said)


def _pdf_unread() -> ValidationError:
    return ValidationError(_("Tệp PDF này nén quá nhiều hoặc bị hỏng nên không kiểm tra được. In lại thành PDF mới."))


def look(content: bytes) -> None:
    """Raises ValidationError with the sentence for the field. Only a reader knows which streams hold objects."""
    plain = _plain(content)
    _look_at_words(plain)
    if _LOCKED.search(plain):
        raise _pdf_locked()
    room, packed = _Room(READ_TIMES * len(content)), []
    for number, found in enumerate(_STREAM.finditer(content)):
        if number == STREAMS_MAX:
            raise _pdf_unread()
        begins = content.rfind(b"obj", max(0, found.start() - 1000), found.start())
        head = _plain(content[max(begins + 3, found.start() - 1000) : found.start()])
        holds_objects, kept, last = _holds_objects(head), [], b""
        if holds_objects and not _is_readable(content, begins, head):
            raise _pdf_unread()
        try:
            for piece in _unpacked(memoryview(content)[found.end() :], room):
                last += piece
                _look_at_words(_plain(last))
                last = last[-_OVERLAP:]
                if holds_objects:
                    room.objects -= len(piece)
                    kept.append(piece)
        except zlib.error:
            if holds_objects:
                raise _pdf_unread() from None
        if holds_objects:
            packed.append(_objects(b"".join(kept), head, room))
    if max(plain.count(b"/ObjStm"), len(_FIRST.findall(plain))) > len(packed):
        raise _pdf_unread()  # objects that no stream was found for
    _look_at_opening(plain, packed)


def _holds_objects(head: bytes) -> bool:
    """Some readers do without the type."""
    return b"/ObjStm" in head or (_COUNT.search(head) is not None and _FIRST.search(head) is not None)


def _is_readable(content: bytes, begins: int, head: bytes) -> bool:
    """Packed once, with Flate. Nothing in which "obj" could be written as a word, so that all of the head is seen."""
    if begins < 0:
        return False
    before = _LINE.search(content[max(0, begins - 1000) : begins])
    is_whole = before is not None and b"%" not in before[0] and _FLAT.fullmatch(head) is not None
    is_flate = head.count(b"/Filter") == 1 and _FLATE.search(head) is not None
    return is_whole and is_flate and b"/DecodeParms" not in head and b"/DP" not in head


def _objects(data: bytes, head: bytes, room: _Room) -> _Packed:
    _look_at_words(_plain(data))
    first = _FIRST.search(head)
    if first is None:
        raise _pdf_unread()
    start, numbers = int(first[1]), []
    for word in islice(re.finditer(rb"[^\s\0]+", data[:start]), room.numbers + 1):
        if not _NUMBER.fullmatch(word[0]):
            raise _pdf_unread()
        numbers.append(int(word[0]))
    room.numbers -= len(numbers)
    room.check()
    places: dict[int, set[int]] = {}
    for number, place in zip(numbers[::2], numbers[1::2], strict=False):
        places.setdefault(number, set()).add(start + place)
    return _Packed(data, places, sorted({start + place for place in numbers[1::2]}))


def _plain(content: bytes) -> bytes:
    """Names may be written with their letters as numbers: /J#61vaScript."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content) if b"#" in content else content


def _look_at_words(plain: bytes) -> None:
    if _RUNS.search(plain):
        raise _pdf_runs()
    if _ATTACHED.search(plain):
        raise _pdf_holds()


def _unpacked(data: memoryview, room: _Room) -> Iterator[bytes]:
    """Raises zlib.error where it is not packed with Flate, or not whole."""
    if len(data) < 2 or data[0] & 15 != 8 or (data[0] << 8 | data[1]) % 31:
        raise zlib.error
    unpacker = zlib.decompressobj()
    for at in range(0, len(data), _PIECE):
        rest = bytes(data[at : at + _PIECE])
        while rest and not unpacker.eof:
            room.check()
            room.read -= len(rest)  # before: what comes to nothing costs, too
            piece = unpacker.decompress(rest, 8 * _PIECE)
            rest = unpacker.unconsumed_tail
            room.read += len(rest) + len(unpacker.unused_data)
            room.unpacked -= len(piece)
            if piece:
                yield piece
        if unpacker.eof:
            return
    raise zlib.error


def _look_at_opening(plain: bytes, packed: list[_Packed]) -> None:
    """A page to begin with is no harm; anything else that happens by opening is."""
    texts = (plain, *(_plain(one.data) for one in packed))
    said = list(islice((found for one in texts for found in _OPENING.finditer(one)), OPENINGS_MAX + 1))
    if len(said) > OPENINGS_MAX:
        raise _pdf_unread()
    for found in said:
        place, number, inline = found.groups()
        bodies = [b"["] if place else []
        if inline:
            bodies = [found.string[found.start(3) : found.start(3) + 1000].partition(b">>")[0]]
        elif number:
            bodies = list(islice(_defined(int(number), plain, packed), OPENINGS_MAX + 1))
        if not 0 < len(bodies) <= OPENINGS_MAX or not all(map(_only_turns_to_a_page, bodies)):
            raise _pdf_runs()


def _only_turns_to_a_page(body: bytes) -> bool:
    body = body.strip(b" \t\r\n\f\0")
    is_turn = body.startswith(b"<<") and set(_ACTION.findall(body)) == {b"GoTo"} and b"/Next" not in body
    return body.startswith(b"[") or is_turn


def _defined(number: int, plain: bytes, packed: list[_Packed]) -> Iterator[bytes]:
    """What is written under this number: a file that was changed carries more than one."""
    for found in re.finditer(rb"(?<!\d)0*%d[\s\0]+\d+[\s\0]+obj" % number, plain):
        yield _short(plain[found.end() : found.end() + _BODY].partition(b"endobj")[0])
    for one in packed:
        for place in one.places.get(number, ()):
            after = bisect.bisect_right(one.ends, place)
            end = one.ends[after] if after < len(one.ends) else len(one.data)
            yield _plain(_short(one.data[place : min(end, place + _BODY)]))


def _short(body: bytes) -> bytes:
    """What goes on behind the piece that is read is no page to turn to."""
    return body if len(body) < _BODY else b""
