"""Browsers, forms as a browser would send them, and pictures made for the test."""

from __future__ import annotations

import io
import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from broadcasts.models import PostVersion
from tests import cast
from tests.broadcasts.scenes import BODY, TITLE, tomorrow

PLUMBING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT current_setting", "SELECT set_config")


def client_of(commune: cast.Commune, name: str, *, fresh: bool = False) -> Client:
    client = Client()
    client.force_login(commune.officers[name])
    if fresh:
        cast.make_fresh(client)
    return client


def picture(kind: str = "JPEG", size: tuple[int, int] = (1280, 720), name: str = "bia.jpg") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", size, (30, 90, 60)).save(out, kind)
    return SimpleUploadedFile(name, out.getvalue(), content_type=f"image/{kind.lower()}")


def filled(commune: cast.Commune, **more: Any) -> dict[str, Any]:
    """What the editor's form sends."""
    fields = {
        "revision": "0",
        "kept_cover": "",
        "title": TITLE,
        "description": "Công an không làm việc qua gọi video.",
        "author": "Công an phường Trần Hưng Đạo",
        "body": BODY,
        "oas": [commune.oa.oa_id],
        "whom": "all",
        "gender": "0",
        "when": "at",
        "at": f"{tomorrow():%Y-%m-%dT%H:%M}",
    }
    return {name: value for name, value in {**fields, **more}.items() if value is not None}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', text(page))
    assert found, name
    return found[1]


def queries(client: Client, url: str) -> int:
    """Statements of one page, without those of transactions and of the unit context."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len([query for query in captured.captured_queries if not query["sql"].startswith(PLUMBING)])


def url(version: PostVersion, act: str = "") -> str:
    return f"/bai-dang/{version.post_id}/{act}"
