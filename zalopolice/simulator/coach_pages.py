"""/coach: the exercises with what a good officer does. Server-made HTML, forms that work without JavaScript."""

import time
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from . import coach
from .cases import Case
from .coach import Coach, Seen
from .pages import page

TITLE = "Bài tập huấn"
MARK = '<p class="training" role="note"><b>TẬP HUẤN – không phải tin thật</b></p>'


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} phút" if seconds >= 60 else f"{int(seconds)} giây"


def _button(key: str, act: str, label: str, css: str = "") -> str:
    return f'<button class="{css}" name="{act}" value="{escape(key)}">{escape(label)}</button>'


def _form(inner: str) -> str:
    return f'<form method="post" action="/coach">{inner}</form>'


def _state(case: Case, run: dict[str, Any] | None, seen: list[Seen]) -> str:
    if run is None:
        return "Chưa làm"
    done, since = sum(one.done for one in seen), time.time() - run["began"]
    if done == len(seen):
        return "Đã đủ các bước"
    late = "" if since <= case.within else ", quá hạn"
    return f"Đang làm: {done} trong {len(seen)} bước, đã {_minutes(since)}{late}"


def _step(number: int, one: Seen) -> str:
    words = escape(one.step.text)
    if one.by_hand:
        box = f'<input type="checkbox" name="step" value="{number}"{" checked" if one.done else ""}>'
        return f'<li><label class="step">{box}<span>{words}</span></label></li>'
    mark, told = ("✓", "máy đã thấy") if one.done else ("○", "máy chưa thấy")
    return (
        f'<li class="step seen"><span class="mark" aria-hidden="true">{mark}</span>'
        f"<span>{words} <small>({told})</small></span></li>"
    )


def _card(case: Case, run: dict[str, Any] | None, seen: list[Seen], number: int) -> str:
    steps = "".join(_step(place, one) for place, one in enumerate(seen))
    phone = ""
    if run is not None:
        address = urlencode({"oa": run["oa_id"], "citizen": run["people"][case.who]})
        phone = f'<a href="/phone?{escape(address)}">Xem điện thoại của {escape(case.who)}</a>'
    start = _button(case.key, "start", "Bắt đầu" if run is None else "Làm lại từ đầu", "" if run else "main")
    keep = "" if run is None else _button(case.key, "tick", "Lưu các bước đã đánh dấu", "main")
    end = "" if run is None else _button(case.key, "end", "Thôi bài này")
    inner = f'<ol class="steps">{steps}</ol><p class="row">{keep}{start}{end}{phone}</p>'
    return (
        f'<section id="{escape(case.key)}"><h2>{number}. {escape(case.title)}</h2>'
        f"<p>{escape(_state(case, run, seen))} · Nên nhận trong {_minutes(case.within)}</p>"
        f"<details{' open' if run else ''}><summary>Các bước và lời người hướng dẫn</summary>"
        f'<p class="said">{escape(case.coach)}</p>{_form(inner)}</details>'
        f"{'' if run else _form(start)}</section>"
    )


def _body(found: Coach) -> str:
    if found.account is None:
        return (
            f"{MARK}<p>Máy mô phỏng này chưa có tài khoản tập huấn. Quản trị chạy "
            "<code>manage.py make_training_unit</code> rồi mở lại máy mô phỏng.</p>"
        )
    name = found.scenario.accounts["lop"]
    runs = found.runs
    cards = "".join(
        _card(case, runs.get(case.key), found.seen(case), number)
        for number, case in enumerate(found.cases.values(), start=1)
    )
    return (
        f'{MARK}<nav class="row"><a href="/phone">Điện thoại</a><a href="/">Máy mô phỏng</a>'
        '<a href="/coach">Xem lại</a></nav>'
        f"<p>Trên cổng, đồng chí chọn làm việc tại <b>{escape(name)}</b>. Bấm “Bắt đầu” ở đây: người dân nhắn tới, "
        "đồng chí xử lý trên cổng như thật. Người dân trả lời đồng chí một lần. Bước nào máy thấy được trên điện thoại "
        f"người dân thì máy tự đánh dấu; bước khác đồng chí tự đánh dấu.</p>{cards}"
    )


async def show(request: Request) -> Response:
    return HTMLResponse(page(TITLE, _body(coach.of(request.app.state.world))))


async def act(request: Request) -> Response:
    """Only from our own page, so that no other site can start anything here."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("Forbidden", 403)
    found, form = coach.of(request.app.state.world), await request.form()
    wish = next(((name, str(form[name])) for name in ("start", "tick", "end") if name in form), ("", ""))
    if wish[1] not in found.cases:
        return PlainTextResponse("Not Found", 404)
    if wish[0] == "start":
        found.start(wish[1])
    elif wish[0] == "end":
        found.end(wish[1])
    else:
        found.tick(wish[1], [int(number) for number in map(str, form.getlist("step")) if number.isdecimal()])
    return RedirectResponse(f"/coach#{wish[1]}", 303)


routes = [Route("/coach", show), Route("/coach", act, methods=["POST"])]
