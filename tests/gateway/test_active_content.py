"""Files that go out under the police's name: nothing that runs, nothing from elsewhere, no other files inside."""

from __future__ import annotations

import contextlib
import io
import time
import tracemalloc
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError

from tests.gateway.attaching import PDF, docx
from zalopolice.gateway import active_content

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "word/_rels/document.xml.rels"
TYPES = "[Content_Types].xml"
LINK = f'<Relationship Id="a" Type="{OFFICE}/hyperlink" Target="https://dichvucong.gov.vn" TargetMode="External"/>'


def word(**parts: str | bytes) -> bytes:
    """A document with other parts; ``__`` stands for a slash."""
    out = io.BytesIO()
    given = {TYPES: "<Types/>", "word/document.xml": "<w:document/>"}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (given | parts).items():
            archive.writestr(name, content)
    return out.getvalue()


def rels(kind: str, target: str, mode: str = ' TargetMode="External"') -> bytes:
    row = f'<Relationship Id="x" Type="{OFFICE}/{kind}" Target="{target}"{mode}/>'
    return word(**{RELS: f"<Relationships>{LINK}{row}</Relationships>"})


def field(words: str) -> bytes:
    return word(**{"word/document.xml": f'<w:document xmlns:w="w">{words}</w:document>'})


def packed(objects: bytes, about: bytes = b"/Type/ObjStm/N 1/First 4") -> bytes:
    body = zlib.compress(b"7 0 " + objects)
    return PDF + b"5 0 obj <<" + about + b"/Filter/FlateDecode>> stream\r\n" + body + b"\nendstream endobj\n"


def pdf(objects: str) -> bytes:
    return PDF + objects.encode()


def typed(given: str) -> bytes:
    """A document whose words stand in a part that is called a picture."""
    types = f'<Types><{given} ContentType="{WORDS}"/></Types>'
    return word(**{TYPES: types, "word/main.png": field(code("DDEAUTO c:/cmd"))})


def code(words: str) -> str:
    """A field as Word writes it."""
    return f'<w:fldChar w:fldCharType="begin"/><w:instrText>{words}</w:instrText><w:fldChar w:fldCharType="end"/>'


def stream(about: bytes, content: bytes) -> bytes:
    return PDF + b"6 0 obj" + about + b"stream\n" + content + b"\nendstream endobj\n"


def one_by_one(text: bytes) -> bytes:
    """Packed so that each letter comes out of a piece of its own: blocks that hold nothing between them."""
    stored = b"".join(b"\0\1\0\xfe\xff%c" % letter + b"\0\0\0\xff\xff" * 1700 for letter in text)
    return b"\x78\x01" + stored + b"\1\0\0\xff\xff" + zlib.adler32(text).to_bytes(4, "big")


def behind(start: bytes) -> bytes:
    """Packed twice, and something written before the second half of the head, which says once."""
    head = b"<</Filter[/FlateDecode/FlateDecode]" + start + HEAD + b"/Filter/FlateDecode>>"
    return stream(head, zlib.compress(zlib.compress(SCRIPT)))


SCRIPT = b"5 0 <</S/JavaScript/JS(a)>>"
HEX = SCRIPT.hex().encode() + b">"
HEAD = b"/Type/ObjStm/N 1/First 4"
DECOY = b"7 0 obj<</Type/ObjStm/N 0/First 0>>stream\n  stream    \nendstream endobj\n"
HIDDEN = stream(b"<<" + HEAD + b"/Filter/ASCIIHexDecode>>", HEX)
HALF = zlib.compress(b"5 0 " + bytes(70_000) + SCRIPT)[:-4] + b"\0\0\0\0"
REORDERED = stream(b"<<" + HEAD + b"/Filter/FlateDecode/DecodeParms 9 0 R>>", zlib.compress(SCRIPT[::-1]))
WORDS = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"

RUNS, LOADS, HOLDS, UNREAD = "lệnh tự chạy", "lấy nội dung từ nơi khác", "tệp khác", "không kiểm tra được"
MACRO_TYPE = '<Types><Override PartName="/word/a.xml" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
SPLIT = "<w:instrText> DD</w:instrText><w:instrText>EAUTO c:\\cmd</w:instrText>"
REFUSED = {
    "a template from elsewhere": ("docx", rels("attachedTemplate", "https://x.vn/a.dotm"), LOADS),
    "an object from elsewhere": ("docx", rels("oleObject", "file:///c:/a.xls"), LOADS),
    "a picture from elsewhere": ("docx", rels("image", "http://x.vn/a.png"), LOADS),
    "no mode, and yet elsewhere": ("docx", rels("image", "\\\\10.0.0.1\\a.png", ""), LOADS),
    "a link that is no page": ("docx", rels("hyperlink", "file://10.0.0.1/a.exe"), LOADS),
    "another encoding": ("docx", word(**{RELS: (
        f'<?xml version="1.0" encoding="UTF-16"?><Relationships><Relationship Type="{OFFICE}/frame" '
        'Target="http://x.vn" TargetMode="&#69;xternal"/></Relationships>').encode("utf-16")}), LOADS),
    "entities": ("docx", word(**{RELS: '<!DOCTYPE a [<!ENTITY b "External">]><Relationships/>'}), UNREAD),
    "broken XML": ("docx", word(**{RELS: "<Relationships>"}), UNREAD),
    "macros": ("docx", docx("word/vbaProject.bin"), RUNS),
    "macros under another name": ("docx", word(**{TYPES: MACRO_TYPE, "word/a.xml": "<a/>"}), RUNS),
    "controls": ("docx", docx("word/activeX/activeX1.xml"), RUNS),
    "a command in a field": ("docx", field('<w:fldSimple w:instr="DDE excel a"/>'), RUNS),
    "a command in pieces": ("docx", field(SPLIT), RUNS),
    "a picture by a field": ("docx", field("<w:instrText>INCLUDEPICTURE x</w:instrText>"), LOADS),
    "a command after another field": ("docx", field(code("PAGE") + code("DDEAUTO c:/cmd")), RUNS),
    "a picture after another field": ("docx", field(code("PAGE") + code("INCLUDEPICTURE x")), LOADS),
    "words in a picture": ("docx", typed('Override PartName="/word/main.png"'), UNREAD),
    "words in all pictures": ("docx", typed('Default Extension="png"'), UNREAD),
    "a template of another machine": ("docx", rels("attachedTemplate", "file://10.0.0.1/a.dotm"), LOADS),
    "a template of another machine, escaped": ("docx", rels("attachedTemplate", "%5C%5C10.0.0.1%5Ca.dotm"), LOADS),
    "a template behind a drive": ("docx", rels("attachedTemplate", "\\\\10.0.0.1\\c:\\a.dotm"), LOADS),
    "a program among the pictures": ("docx", word(**{"word/media/a.tmp": b"MZ"}), HOLDS),
    "a signature that is a file": ("docx", word(**{"_xmlsignatures/origin.sigs": b"MZ"}), HOLDS),
    "an object": ("docx", docx("word/embeddings/oleObject1.bin"), HOLDS),
    "a workbook": ("docx", docx("word/embeddings/a.xlsx"), HOLDS),
    "a page of HTML": ("docx", rels("aFChunk", "a.xml", ""), HOLDS),
    "a program": ("docx", docx("word/media/a.exe"), HOLDS),
    "much in little": ("docx", word(**{"word/a.xml": "<a>" + " " * 17_000_000 + "</a>"}), UNREAD),
    "JavaScript": ("pdf", pdf("1 0 obj << /S /JavaScript /JS (x) >>"), RUNS),
    "escaped letters": ("pdf", pdf("1 0 obj << /S /J#61vaScr#69pt /JS (x) >>"), RUNS),
    "in an object stream": ("pdf", packed(b"<< /S /JavaScript /JS (x) >>"), RUNS),
    "escaped in an object stream": ("pdf", packed(b"<< /S /#4Caunch /F (cmd.exe) >>"), RUNS),
    "in a stream that says nothing": ("pdf", packed(b" " * 70_000 + b"<</S/Launch/F(a)>>", b"/Subtype/Image"), RUNS),
    "at the edge of two pieces": ("pdf", packed(b" " * (1024 * 1024 - 8) + b"<</S/JavaScript/JS(a)>>", b""), RUNS),
    "Launch": ("pdf", pdf("1 0 obj <</S/Launch/F(cmd.exe)>>"), RUNS),
    "a form that sends": ("pdf", pdf("1 0 obj <</S/SubmitForm/F(http://x.vn)>>"), RUNS),
    "at every page": ("pdf", pdf("1 0 obj <</Type/Page/AA <</O 5 0 R>>>>"), RUNS),
    "forms with scripts": ("pdf", pdf("1 0 obj <</XFA [(a) 5 0 R]>>"), RUNS),
    "opens an address": ("pdf", pdf("1 0 obj <</OpenAction <</S/URI/URI(http://x.vn)>>>>"), RUNS),
    "opens an address elsewhere": ("pdf", pdf("1 0 obj <</OpenAction 3 0 R>> endobj 3 0 obj <</S/URI>> endobj"), RUNS),
    "opens what is packed": ("pdf", packed(b"<</S/URI/URI(a)>>") + b"1 0 obj <</OpenAction 7 0 R>>", RUNS),
    "opens a page, then more": ("pdf", pdf("1 0 obj <</OpenAction <</S/GoTo/D[1]/Next 9 0 R>>>>"), RUNS),
    "opens what is nowhere": ("pdf", pdf("1 0 obj <</OpenAction 9 0 R>>"), RUNS),
    "a file": ("pdf", pdf("1 0 obj <</Type/EmbeddedFile>>"), HOLDS),
    "names of files": ("pdf", pdf("1 0 obj <</Names<</EmbeddedFiles 3 0 R>>>>"), HOLDS),
    "a film": ("pdf", pdf("1 0 obj <</Subtype/RichMedia>>"), HOLDS),
    "a password": ("pdf", pdf("trailer <</Encrypt 5 0 R>>"), "có mật khẩu hoặc giới hạn quyền"),
    "hidden, and another counted twice": ("pdf", PDF + DECOY + HIDDEN, UNREAD),
    "hidden behind a string": ("pdf", stream(b"<</Filter/ASCIIHexDecode/X(obj)" + HEAD + b">>", HEX), UNREAD),
    "hidden behind a comment": ("pdf", behind(b"%obj<<\n"), UNREAD),
    "hidden behind a dictionary": ("pdf", behind(b"/Xobj<<>>"), UNREAD),
    "hidden without a type": ("pdf", stream(b"<</N 1/First 4/Filter/ASCIIHexDecode>>", HEX), UNREAD),
    "hidden without a type, behind a string": (
        "pdf", stream(b"<</N 1/First 4/X(obj)/Filter/ASCIIHexDecode>>", HEX), UNREAD),
    "hidden by a broken end": ("pdf", stream(b"<<" + HEAD + b"/Filter/FlateDecode>>", HALF), UNREAD),
    "hidden by another order": ("pdf", REORDERED, UNREAD),
    "letter by letter": ("pdf", stream(b"<</Filter/FlateDecode>>", one_by_one(b"<</S/JavaScript>>")), RUNS),
    "a remark before it": ("pdf", pdf("1 0 obj <</Type/Page/AA% a\n<</O 5 0 R>>>>"), RUNS),
    "packed in another way": ("pdf", pdf("1 0 obj <</Type/ObjStm/Filter/ASCIIHexDecode>> stream\n41>"), UNREAD),
    "packed twice": ("pdf", pdf("1 0 obj <</Type/ObjStm/Filter[/FlateDecode/LZWDecode]>> stream\n41>"), UNREAD),
}  # fmt: skip
TAKEN = {
    "a plain document": ("docx", docx("word/media/a.png", "docProps/app.xml")),
    "links": ("docx", rels("hyperlink", "mailto:a@x.vn")),
    "a link beside it": ("docx", rels("hyperlink", "Mau%20so%201.doc")),
    "own pictures": ("docx", rels("image", "media/a.png", "")),
    "its own template": ("docx", rels("attachedTemplate", "Normal.dotm")),
    "its own template, named": ("docx", rels("attachedTemplate", "M%E1%BA%ABu%20CT01.dotm")),
    "its own template on a disk": ("docx", rels("attachedTemplate", "file:///C:\\Users\\a\\Normal.dotm")),
    "pictures as Word names them": ("docx", word(**{"word/media/a.tmp": b"\x89PNG\r\n", "word/media/b.webp": b"RIFF"})),
    "a signature": ("docx", word(**{"_xmlsignatures/origin.sigs": b"", "_xmlsignatures/sig1.xml": "<a/>"})),
    "fields": ("docx", field('<w:fldSimple w:instr="PAGE"/><w:t>DDE</w:t>')),
    "a plain page": ("pdf", PDF),
    "a link": ("pdf", pdf("1 0 obj <</S/URI/URI(https://dichvucong.gov.vn)>>")),
    "begins with a page": ("pdf", pdf("1 0 obj <</OpenAction [3 0 R /XYZ null null 0]>>")),
    "begins with a page, packed": ("pdf", packed(b"<</S/GoTo/D[3 0 R/Fit]>>") + b"1 0 obj <</OpenAction 7 0 R>>"),
    "a word like it": ("pdf", pdf("1 0 obj <</JavaScriptless 1 /Launcher 2>>")),
    "packed objects": ("pdf", packed(b"<</Type/Page>>")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_runs_loads_or_hides_is_refused_in_words(case):
    true, content, words = REFUSED[case]
    with pytest.raises(ValidationError) as refused:
        active_content.refuse(content, true)
    assert words in refused.value.messages[0]


@pytest.mark.parametrize("case", TAKEN)
def test_plain_forms_are_taken(case):
    true, content = TAKEN[case]
    active_content.refuse(content, true)


@pytest.mark.parametrize("about", [b"", b"/Type/ObjStm/N 1/First 4"])
def test_a_bomb_is_put_down_without_unpacking_it(about):
    packed = zlib.compress(bytes(210_000_000), 9)
    bomb = PDF + b"1 0 obj <<" + about + b"/Filter/FlateDecode>> stream\n" + packed + b"\nendstream"
    tracemalloc.start()
    with pytest.raises(ValidationError) as refused:
        active_content.refuse(bomb, "pdf")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert UNREAD in refused.value.messages[0] and len(bomb) < 300_000
    assert most < 24 * 1024 * 1024


def many_numbers() -> bytes:
    numbers = b"5 0 " * 40_000
    head = b"<</Type/ObjStm/N 40000/First %d/Filter/FlateDecode>>" % len(numbers)
    return stream(head, zlib.compress(numbers + b"[")) + b"1 0 obj<</OpenAction 5 0 R>>endobj"


def many_changes() -> bytes:
    return PDF + b"5 0 obj[" * 400_000 + b"1 0 obj<</OpenAction 5 0 R>>endobj"


def many_nothings() -> bytes:
    """A hundred streams that begin inside one another and all go on with empty blocks to the end."""
    nested = b"\0\x09\0\xf6\xffstream\nx\x01" * 100
    return PDF + b"1 0 obj<<>>stream\nx\1" + nested + b"\0\0\0\xff\xff" * 400_000


@pytest.mark.parametrize("made", [many_numbers, many_changes, many_nothings])
def test_a_small_file_does_not_make_long_work(made):
    content, before = made(), time.process_time()
    with contextlib.nullcontext() if made is many_numbers else pytest.raises(ValidationError):
        active_content.refuse(content, "pdf")
    assert time.process_time() - before < 3


def test_an_archive_packed_as_word_never_packs_is_refused_in_words():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", "<w:document/>" + " " * 5000)
    content = bytearray(out.getvalue())
    for at in range(60, 100):
        content[at] ^= 0x5A
    with pytest.raises(ValidationError, match=UNREAD):
        active_content.refuse(bytes(content), "docx")
