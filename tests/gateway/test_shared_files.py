"""Files for citizens: what may be attached, who sees it, and the public page."""

from __future__ import annotations

import hashlib
import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import ProgrammingError
from PIL import Image

from tests.gateway import attaching
from tests.gateway.attaching import MP3, PDF, docx, picture
from tests.procedures.scenes import Citizen
from zalopolice.gateway import shared_files
from zalopolice.gateway.models import SharedFile
from zalopolice.refusals import Refused
from zalopolice.units.models import Unit

MB = 1024 * 1024


def test_what_is_kept_is_what_the_bytes_are(commune, zone):
    kept = {
        kind: attaching.keep(commune, name, content, kind=kind)
        for name, content, kind in (
            ("C:\\Mẫu\\Tờ khai  CT01.DOCX", docx(), "form"),
            ("so do.png", picture(size=(3000, 2000)), "picture"),
            ("huong dan.mp3", MP3, "voice"),
        )
    }
    pdf = attaching.keep(commune, "khong duoi", PDF)

    assert {kind: (row.name, row.content_type) for kind, row in kept.items()} == {
        "form": ("Tờ khai CT01.docx", shared_files.DOCX),
        "picture": ("so do.jpg", "image/jpeg"),
        "voice": ("huong dan.mp3", "audio/mpeg"),
    }
    assert (pdf.name, pdf.content_type) == ("khong duoi.pdf", "application/pdf")
    assert kept["form"].path == f"/tep/{kept['form'].pk}/to-khai-ct01.docx"
    with commune.acting("giang") as editor:
        rows = {row.pk: row for row in SharedFile.objects.visible_to(editor)}
        assert "content" in rows[pdf.pk].get_deferred_fields()
        for row in rows.values():
            content = bytes(row.content)
            assert (row.size, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        drawn = Image.open(io.BytesIO(bytes(rows[kept["picture"].pk].content)))
        assert (drawn.format, drawn.size) == ("JPEG", (1600, 1067))
        assert attaching.keep(commune, "khong duoi", PDF).pk == pdf.pk  # the same once more


REFUSED = {
    "empty": ("a.pdf", b"", "form", "Tệp rỗng"),
    "too heavy": ("a.pdf", PDF + b" " * 5 * MB, "form", "Tệp nặng 6 MB. Chọn tệp không quá 5 MB."),
    "a photo too heavy": ("a.jpg", picture("JPEG") + b" " * 10 * MB, "picture", "không quá 10 MB"),
    "a page of HTML": ("a.pdf", b"<html><script>", "form", "không phải PDF hoặc DOCX"),
    "a program": ("a.docx", b"MZ\x90\x00" * 50, "form", "không phải PDF hoặc DOCX"),
    "any archive": ("a.docx", b"PK\x03\x04" + b"\x00" * 50, "form", "không phải PDF hoặc DOCX"),
    "macros": ("a.docx", docx("word/vbaProject.bin"), "form", "có macro hoặc lệnh tự chạy"),
    "a script": ("a.pdf", PDF + b"2 0 obj <</S/JavaScript/JS(x)>>", "form", "có lệnh tự chạy"),
    "the old format": ("a.doc", b"\xd0\xcf\x11\xe0" * 50, "form", "không phải PDF hoặc DOCX"),
    "a picture as a form": ("a.pdf", picture("JPEG"), "form", "không phải PDF hoặc DOCX"),
    "a form as a picture": ("a.jpg", PDF, "picture", "không phải ảnh"),
    "half a picture": ("a.jpg", picture("JPEG")[:40], "picture", "Ảnh bị hỏng"),
    "no sound": ("a.mp3", PDF, "voice", "MP3 hoặc M4A"),
    "another ending": ("a.exe", PDF, "form", "Tệp mang đuôi .exe nhưng bên trong là pdf"),
    "two endings": ("a.pdf.docx", PDF, "form", "Tệp mang đuôi .docx nhưng bên trong là pdf"),
}


def test_disguised_and_heavy_files_are_refused_in_words(commune):
    with commune.acting("giang") as editor:
        for case, (name, content, kind, words) in REFUSED.items():
            with pytest.raises(ValidationError) as refused:
                shared_files.keep(SimpleUploadedFile(name, content), kind=kind, by=editor)
            assert words in refused.value.messages[0], case
        assert not SharedFile.objects.exists()


def test_a_name_is_fit_for_a_header(commune):
    row = attaching.keep(commune, 'Mẫu "A"\r\nSet-Cookie: x=1;' + "dài" * 60 + ".pdf", PDF)

    assert len(row.name) <= 100 and row.name.endswith(".pdf")
    assert not set(row.name) & set('"\r\n;:')


def test_a_commune_sees_its_own_files_and_those_of_its_province(commune, other_commune, zone):
    foreign = attaching.keep(other_commune)
    own = attaching.keep(commune)
    with zone("owner"):
        above = SharedFile.objects.create(
            unit=Unit.objects.get(pk=commune.unit.parent_id), name="a.pdf", content_type="application/pdf", size=1,
            sha256="0" * 64, content=b"x", kind="form", added_by=commune.giang,
        )  # fmt: skip

    with commune.acting("giang") as editor:
        assert set(SharedFile.objects.visible_to(editor)) == {own, above}
        assert not SharedFile.objects.filter(pk=foreign.pk).exists()  # the database, not the filter
        for file in (foreign, above):
            with pytest.raises(Refused):
                shared_files.retire(file, by=editor)
    with commune.acting("an") as officer:
        assert not SharedFile.objects.visible_to(officer).exists()
        with pytest.raises(PermissionDenied):
            shared_files.retire(own, by=officer)
    with pytest.raises(PermissionDenied):
        attaching.keep(commune, by="an")
    with commune.acting("giang"), pytest.raises(ProgrammingError):
        SharedFile.objects.filter(pk=own.pk).update(content=b"another")  # what was kept stays as it is


def test_the_public_page_gives_the_file_and_nothing_else(commune, zone):
    file, citizens = attaching.keep(commune), Citizen(zone)
    wrong = (file.path + "x", file.path.replace("to-khai", "thong-bao"), f"/tep/{commune.unit.pk}/a.pdf")
    with citizens.there() as client:
        answer = client.get(file.path)
        assert client.get(file.path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
        head = client.head(file.path)
        assert client.post(file.path).status_code == 405
        assert [client.get(other).status_code for other in wrong] == [404] * 3

    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == file.sha256
    assert {name: answer[name] for name in ("Content-Type", "X-Content-Type-Options", "ETag", "Cache-Control")} == {
        "Content-Type": shared_files.DOCX,
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{file.sha256}"',
        "Cache-Control": "public, max-age=86400",
    }
    assert answer["Content-Disposition"] == (
        "attachment; filename=\"to-khai-ct01.docx\"; filename*=UTF-8''T%E1%BB%9D%20khai%20CT01.docx"
    )
    assert "sandbox" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(file.size), b"")

    with commune.acting("giang") as editor:
        shared_files.retire(file, by=editor)
        with pytest.raises(Refused):
            shared_files.retire(file, by=editor)
    with citizens.there() as client:
        assert client.get(file.path).status_code == 404
