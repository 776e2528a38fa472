"""A version as Zalo wants it: the article (zalo-oa-api.md 6) and the target of the broadcast (3.4).

Editors write plain text; the markup is ours, so nothing an editor pastes can become markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.html import escape

from broadcasts.models import PostVersion


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading (a line that begins with "##") or a list (lines that begin with "- ")."""

    kind: str
    lines: tuple[str, ...]
    number: int  # from 1, headings included


def blocks(body: str) -> list[Block]:
    found: list[Block] = []
    for chunk in body.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in chunk.split("\n") if line.strip()]
        while lines and lines[0].startswith("##"):
            found.append(Block("heading", (lines.pop(0).lstrip("#").strip(),), len(found) + 1))
        if lines:
            is_list = all(line.startswith("- ") for line in lines)
            kind, words = ("list", [line[2:] for line in lines]) if is_list else ("paragraph", lines)
            found.append(Block(kind, tuple(words), len(found) + 1))
    return found


def article(version: PostVersion) -> dict[str, Any]:
    """The body of ``POST /v2.0/article/create``. Shown on the account's page; nobody comments under a police notice."""
    return {
        "type": "normal",
        "title": version.title,
        "author": version.author,
        "cover": {"cover_type": "photo", "photo_url": picture_url(version.cover_sha256), "status": "show"},
        "description": version.description,
        "body": [{"type": "text", "content": html(version.body)}],
        "status": "show",
        "comment": "hide",
    }


def html(body: str) -> str:
    return "".join(_html(block) for block in blocks(body))


def _html(block: Block) -> str:
    if block.kind == "heading":
        return f"<p><b>{escape(block.lines[0])}</b></p>"
    if block.kind == "list":
        return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in block.lines) + "</ul>"
    return "<p>" + "<br>".join(escape(line) for line in block.lines) + "</p>"


def picture_url(sha256: str) -> str:
    return f"{settings.PUBLIC_URL}/anh/{sha256}.jpg"


def target(version: PostVersion) -> dict[str, str]:
    """Who gets it. A key that is left out means everybody, people whose age Zalo does not know included."""
    found = {"gender": str(version.gender)}
    if version.ages:
        found["ages"] = ",".join(map(str, sorted(version.ages)))
    if version.cities:
        found["cities"] = ",".join(map(str, sorted(version.cities)))
    return found
