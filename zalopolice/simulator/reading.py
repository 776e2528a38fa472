"""The page of an article as a citizen reads it, made from the body the OA sent."""

import json
from html import escape
from html.parser import HTMLParser

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .clock import moment

TAGS = ("p", "b", "strong", "i", "em", "u", "ul", "ol", "li", "h2", "h3", "h4", "blockquote")
SKIPPED = ("script", "style")


class _Cleaner(HTMLParser):
    """Keeps words and the plainest marks; whatever else an OA writes is not a page of this host."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self._open: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        if tag in SKIPPED:
            self._skipping += 1
        elif tag == "br":
            self.kept.append("<br>")
        elif tag == "a" and address.startswith(("http://", "https://", "tel:")):
            self.kept.append(f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">')
            self._open.append(tag)
        elif tag in TAGS:
            self.kept.append(f"<{tag}>")
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag in self._open:
            while self._open:
                last = self._open.pop()
                self.kept.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.kept.append(escape(data))


def clean(content: str) -> str:
    cleaner = _Cleaner()
    cleaner.feed(content)
    cleaner.close()
    return "".join([*cleaner.kept, *(f"</{tag}>" for tag in reversed(cleaner._open))])


def _picture(address: str, caption: str = "") -> str:
    if not address:
        return ""
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{escape(address)}" alt="{escape(caption)}">{words}</figure>'


def _part(part: dict[str, str], pictures: dict[str, str]) -> str:
    if part["type"] == "text":
        return clean(part["content"])
    if part["type"] == "image":
        return _picture(pictures.get(part["url"], ""), part.get("caption") or "")
    if part["type"] == "video":
        return f'<p><a href="{escape(part["url"])}" target="_blank" rel="noopener noreferrer">Xem video</a></p>'
    return ""


def _page(title: str, inner: str) -> str:
    return (
        '<!doctype html><html lang="vi"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        '<link rel="stylesheet" href="/static/article.css"></head>'
        f'<body><main data-testid="article">{inner}</main></body></html>'
    )


async def article(request: Request) -> Response:
    """GET /articles/<id>: what `link_view` points to; a removed article says so."""
    world = request.app.state.world
    row = world.state.one("SELECT * FROM articles WHERE id=? AND removed=0", request.path_params["article_id"])
    if row is None:
        return HTMLResponse(_page("Không còn bài viết", "<h1>Bài viết không còn</h1>"), 404)
    world.state.run("UPDATE articles SET views=views+1 WHERE id=?", row["id"])
    body, pictures = json.loads(row["body"]), json.loads(row["pictures"])
    oa, at = world.config.oas.get(row["oa_id"]), moment(row["updated"])
    cover = _picture(pictures.get(body["cover"]["photo_url"], "")) if body["cover"]["status"] == "show" else ""
    author = body.get("author") or (oa.name if oa else "")
    lead = f'<p class="lead">{escape(body["description"])}</p>' if body.get("description") else ""
    parts = "".join(_part(part, pictures) for part in body["body"])
    head = f'<h1>{escape(body["title"])}</h1><p class="by">{escape(author)} · {at:%H:%M %d/%m/%Y}</p>'
    return HTMLResponse(_page(body["title"], f"{cover}{head}{lead}{parts}"))
