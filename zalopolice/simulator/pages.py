"""The plain pages: consent, control, ledger. Server-made HTML, forms that work without JavaScript."""

import json
from html import escape
from typing import Any

from .config import App, OfficialAccount
from .faults import PROBABILITIES


def page(title: str, body: str, *, narrow: bool = False) -> str:
    """One page in the simulator's own look; `body` is HTML."""
    return (
        '<!doctype html><html lang="vi"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · Máy mô phỏng Zalo OA</title><link rel="icon" href="/static/icon.svg">'
        f'<link rel="stylesheet" href="/static/pages.css"></head><body class="{"narrow" if narrow else ""}">'
        f'<main id="main"><h1>{escape(title)}</h1>{body}</main></body></html>'
    )


def _hidden(fields: dict[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in fields.items())


def _table(label: str, heads: list[str], rows: str) -> str:
    """A table that scrolls sideways on a phone, by keyboard too."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


# -- consent ---------------------------------------------------------------------------------------


def permission(app: App, oas: list[OfficialAccount], asked: dict[str, str], problem: str = "") -> str:
    """Which app asks for which OA; "Cho phép" posts back to the same address (Zalo page 1.2)."""
    choices = "".join(
        f'<label class="choice"><input type="radio" name="oa_id" value="{escape(oa.oa_id)}" required'
        f"{' checked' if len(oas) == 1 else ''}> <span><strong>{escape(oa.name)}</strong><br>"
        f"<small>Mã OA {escape(oa.oa_id)}</small></span></label>"
        for oa in oas
    )
    alert = f'<p class="note bad" role="alert">{escape(problem)}</p>' if problem else ""
    return page(
        "Cấp quyền cho ứng dụng",
        f'{alert}<p>Ứng dụng <strong class="app">{escape(app.name)}</strong> xin quyền quản lý Official Account:</p>'
        f'<form method="post" action="/oauth/v4/oa/permission">{_hidden(asked)}'
        f"<fieldset><legend>Chọn Official Account</legend>{choices}</fieldset>"
        "<ul><li>Gửi tin nhắn và thông báo</li><li>Đọc tin nhắn người dùng gửi đến</li>"
        "<li>Xem thông tin Official Account</li></ul>"
        '<p class="row"><button class="main" type="submit">Cho phép</button></p></form>'
        '<p class="quiet">Đây là máy mô phỏng, không phải Zalo.</p>',
        narrow=True,
    )


def permission_error(code: str, reason: str) -> str:
    return page(
        "Không thể cấp quyền",
        f'<p class="note bad" role="alert">error_code={escape(code)} · {escape(reason)}</p>'
        "<p>Địa chỉ nhận kết quả (callback) hoặc mã ứng dụng không khớp với cấu hình trong trang quản trị Zalo.</p>",
        narrow=True,
    )


# -- control ---------------------------------------------------------------------------------------


def _form(action: str, inner: str) -> str:
    return f'<form method="post" action="/panel"><input type="hidden" name="action" value="{action}">{inner}</form>'


def _clock(state: dict[str, Any]) -> str:
    clock = state["clock"]
    jumps = "".join(
        f'<button name="advance_s" value="{seconds}">{label}</button>'
        for seconds, label in ((3600, "+1 giờ"), (86_400, "+1 ngày"), (176_400, "+49 giờ"), (691_200, "+8 ngày"))
    )
    return (
        '<section id="clock"><h2>Đồng hồ</h2>'
        f"<p><strong>{escape(clock['now'][:19].replace('T', ' '))}</strong> giờ Việt Nam, "
        f"tốc độ ×{clock['speed']:g}</p>"
        + _form("clock", f'<p class="row">{jumps}</p>')
        + _form("clock", '<button name="reset" value="1">Về giờ thật</button>')
        + _form(
            "clock",
            f'<span class="inline"><label>Tốc độ <input name="speed" type="number" min="0.1" step="any"'
            f' value="{clock["speed"]:g}"></label><button>Đặt tốc độ</button></span>',
        )
        + "</section>"
    )


def _webhooks(state: dict[str, Any]) -> str:
    rows = ""
    for app in state["apps"]:
        word = "Đang bật" if app["enabled"] else "ĐÃ TẮT sau các lần gửi thất bại"
        counts = ", ".join(f"{escape(k)}: {v}" for k, v in app["events"].items()) or "chưa có sự kiện"
        verb = "Kiểm tra" if app["enabled"] else "Bật lại"
        button = f'<button name="app_id" value="{escape(app["app_id"])}">{verb}</button>'
        rows += (
            f"<tr><td>{escape(app['name'])}<br><small>{escape(app['url'])}</small></td>"
            f'<td class="{"good" if app["enabled"] else "bad"}">{word}</td><td>{app["failures"]}</td>'
            f"<td>{escape(str(app['probe_status'] or '–'))}</td><td>{counts}</td>"
            f"<td>{_form('webhook', button)}</td></tr>"
        )
    steps = ", ".join(f"{step:g}" for step in state["retry_steps"])
    heads = ["Ứng dụng", "Trạng thái", "Lần lỗi liên tiếp", "Lần thử gần nhất", "Sự kiện", "Thao tác"]
    return (
        f'<section id="webhook"><h2>Webhook</h2>{_table("Bảng webhook", heads, rows)}'
        f'<p class="quiet">Gửi lại sau {steps} giây, rồi tắt webhook.</p></section>'
    )


def _oas(state: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(oa['name'])}</td><td><code>{escape(oa['oa_id'])}</code></td>"
        f"<td>{oa['settings']['sub_quota_used']} / {oa['settings']['sub_quota_total']}</td>"
        f"<td>{oa['broadcasts']} / {oa['settings']['broadcast_month_total']}</td><td>"
        + _form("expire", f'<button name="oa_id" value="{escape(oa["oa_id"])}">Cho hết hạn ngay</button>')
        + "</td></tr>"
        for oa in state["oas"]
    )
    table = _table(
        "Bảng Official Account", ["Tên", "Mã", "Tin trả phí đã dùng", "Bài phát tháng này", "Thẻ truy cập"], rows
    )
    return f'<section id="oas"><h2>Official Account</h2>{table}</section>'


def _faults(state: dict[str, Any], problem: str) -> str:
    now = state["faults"]
    fields = "".join(
        f'<label class="fault"><span><code>{name}</code><br><small>{escape(text)}</small></span>'
        f'<input name="{name}" type="number" min="0" max="1" step="0.01" value="{now[name]:g}"></label>'
        for name, text in PROBABILITIES.items()
    )
    settings = {key: now[key] for key in now if key not in PROBABILITIES and key != "hits"}
    alert = f'<p class="note bad" role="alert">{escape(problem)}</p>' if problem else ""
    return (
        f'<section id="faults"><h2>Lỗi cố ý</h2>{alert}<p>Xác suất từ 0 đến 1; mọi lần rút đều theo hạt giống.</p>'
        + _form(
            "faults",
            f'<div class="grid">{fields}</div><label class="block">Thiết lập khác (JSON)'
            f'<textarea name="settings" rows="6" spellcheck="false">{escape(json.dumps(settings, ensure_ascii=False))}'
            '</textarea></label><p class="row"><button class="main">Áp dụng</button>'
            '<button name="clear" value="1">Xóa mọi lỗi</button></p>',
        )
        + "</section>"
    )


def control(state: dict[str, Any], problem: str = "") -> str:
    """The first page: where everything is, and forms for clock, webhook, tokens and faults."""
    return page(
        "Máy mô phỏng Zalo OA",
        '<nav class="row"><a class="main" href="/phone">Mở điện thoại</a><a href="/ledger">Sổ cái</a>'
        '<a href="#clock">Đồng hồ</a><a href="#faults">Lỗi cố ý</a><a href="/sim/ledger">Sổ cái (JSON)</a>'
        '<a href="/sim/state">Trạng thái (JSON)</a></nav>'
        + _webhooks(state)
        + _clock(state)
        + _oas(state)
        + _faults(state, problem),
    )


def _broadcast(row: dict[str, Any]) -> str:
    outcome = "đã phát" if row["delivered"] else "đang chờ phát"
    outcome += "" if row["answered"] else ", cổng không được báo"
    link = f'<a href="/articles/{escape(row["article_id"])}">{escape(row["title"])}</a>'
    return (
        f"<tr><td>{escape(row['at'][:19].replace('T', ' '))}</td><td><code>{escape(row['oa_id'])}</code></td>"
        f"<td>{link}</td><td>{row['recipients']}</td><td>{outcome}</td></tr>"
    )


def ledger(rows: dict[str, Any]) -> str:
    """The last messages of both directions, newest first; the complete ledger is JSON."""
    entries = sorted(rows["received"] + rows["seen"], key=lambda entry: -entry["seq"])[:200]
    lines = ""
    for entry in entries:
        inbound = "msg_id" in entry
        outcome = (
            f"{'đã giao' if entry['delivered'] else entry['state']} · lần {entry['attempts']} · {entry['last_status']}"
            if inbound
            else ("đã nhận" if entry["answered"] else "đã nhận, cổng không được báo")
        )
        lines += (
            f"<tr><td>{entry['seq']}</td><td>{escape(str(entry.get('sent_at') or entry.get('at'))[11:19])}</td>"
            f"<td>{'Dân → OA' if inbound else 'OA → dân'}</td><td>{escape(entry['citizen'])}</td>"
            f"<td>{escape(entry['type'])}</td><td>{escape(entry['text'][:160])}</td><td>{escape(outcome)}</td></tr>"
        )
    posts = "".join(_broadcast(row) for row in reversed(rows["broadcasts"][-100:]))
    ok = sum(1 for refresh in rows["refreshes"] if refresh["ok"])
    return page(
        "Sổ cái",
        '<nav class="row"><a href="/">Trang đầu</a><a href="/sim/ledger">JSON đầy đủ</a></nav>'
        f"<p>{len(rows['received'])} tin người dân gửi, {len(rows['seen'])} tin điện thoại nhận được, "
        f"{ok} lần đổi thẻ thành công trong {len(rows['refreshes'])} lần.</p>"
        + _table("Sổ cái", ["Số", "Giờ", "Chiều", "Người dân", "Loại", "Nội dung", "Kết quả"], lines)
        + "<h2>Bài đã phát</h2>"
        + _table("Bài đã phát", ["Giờ", "OA", "Bài viết", "Người nhận", "Kết quả"], posts),
    )
