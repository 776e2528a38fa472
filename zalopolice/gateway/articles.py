"""Articles and broadcasts: the calls of zalo-oa-api.md 3.4 and 6, and what their errors mean here. Zone vault.

Making an article may be repeated: nobody is told of one. A broadcast may not: it reaches everybody, and nothing calls
it back (design D6); whatever is not surely unsent is ``UNCLEAR``.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from zalopolice.gateway import client
from zalopolice.gateway.client import Account, Outcome, Verdict

PAGE = 10
PROCESSING, PICTURE, BAD_FIELD, NIGHT, EXHAUSTED = -214, -200, -201, -234, -211

# A person must change something at Zalo; the article itself is in order, so the post can go on afterwards.
MENDABLE = {
    -204: gettext_noop("OA đã bị khóa hoặc bị xóa trên Zalo. Liên hệ Zalo để mở lại."),
    -205: gettext_noop("Zalo báo không có OA này. Kiểm tra mã OA với quản trị hệ thống."),
    -209: gettext_noop("Ứng dụng trên Zalo chưa bật. Quản trị hệ thống bật ứng dụng trong trang của Zalo."),
    -211: gettext_noop("OA đã hết lượt gửi bài của tháng này. Chờ sang tháng hoặc mua thêm gói của Zalo."),
    -212: gettext_noop("Ứng dụng chưa đăng ký dùng chức năng bài viết của Zalo. Báo quản trị hệ thống."),
    -219: gettext_noop("Ứng dụng đã bị gỡ khỏi OA. Trưởng đơn vị kết nối lại OA."),
    -221: gettext_noop("OA chưa được Zalo xác thực. Hoàn tất xác thực rồi cho gửi tiếp."),
    -223: gettext_noop("OA chưa cấp quyền đăng bài hoặc đã hết lượt tạo bài viết của Zalo."),
    -224: gettext_noop("Gói dịch vụ của OA không cho đăng bài. Nâng gói trên Zalo rồi cho gửi tiếp."),
    -235: gettext_noop("Zalo không cho loại OA này gửi bài. Liên hệ Zalo."),
    PICTURE: gettext_noop("Zalo không tải được ảnh bìa từ trang công khai. Kiểm tra trang công khai rồi cho gửi tiếp."),
}
REFUSED = {
    BAD_FIELD: gettext_noop("Zalo không nhận nội dung bài này. Sửa bài rồi gửi duyệt lại."),
    -210: gettext_noop("Bài dài quá mức Zalo cho phép. Sửa bài rồi gửi duyệt lại."),
    -233: gettext_noop("Zalo không nhận loại bài này. Báo quản trị hệ thống."),
    -248: gettext_noop("Zalo cho rằng bài trái tiêu chuẩn cộng đồng. Sửa bài rồi gửi duyệt lại."),
}


def reason(code: int) -> str:
    known = MENDABLE.get(code) or REFUSED.get(code)
    return _(known) if known else _("Zalo từ chối (mã %(code)s). Báo quản trị hệ thống.") % {"code": code}


def create(account: Account, article: dict[str, Any]) -> Outcome:
    """Hands an article in; ``data["token"]`` is what :func:`verify` asks with."""
    return _firm(client.call(account, "/v2.0/article/create", article), "token")


def verify(account: Account, token: str) -> Outcome:
    """``data["id"]`` once Zalo has looked at the article and fetched its pictures; -214 until then."""
    return _firm(client.call(account, "/v2.0/article/verify", {"token": token}), "id")


def _firm(outcome: Outcome, key: str) -> Outcome:
    """A success that lacks what it is for tells nothing."""
    known = outcome.data.get(key)
    if outcome.verdict is Verdict.SENT and not (isinstance(known, str) and known):
        return Outcome(Verdict.UNCLEAR)
    return outcome


def broadcast(account: Account, article_id: str, target: dict[str, str]) -> Outcome:
    """One article to every follower in ``target``. "Send message failed" does not say that nobody got it."""
    element = {"media_type": "article", "attachment_id": article_id}
    payload = {"template_type": "media", "elements": [element]}
    body = {
        "recipient": {"target": target},
        "message": {"attachment": {"type": "template", "payload": payload}},
    }
    outcome = client.call(account, "/v2.0/oa/message", body)
    return Outcome(Verdict.UNCLEAR, code=outcome.code) if outcome.code == PICTURE else outcome


def find(account: Account, article: dict[str, Any], known: set[str]) -> str:
    """The id of the newest article on Zalo with just these words and cover that is none of ``known``; "" if none.

    Raises Unreachable when the list cannot be read."""
    listed = _read(account, "/v2.0/article/getslice", offset=0, limit=PAGE, type="normal").get("medias")
    for media in listed if isinstance(listed, list) else []:
        article_id = str(media.get("id") or "") if isinstance(media, dict) else ""
        if not article_id or article_id in known or media.get("title") != article["title"]:
            continue
        if _same(_read(account, "/v2.0/article/getdetail", id=article_id), article):
            return article_id
    return ""


def _read(account: Account, path: str, **query: Any) -> dict[str, Any]:
    outcome = client.call(account, path, **query)
    if outcome.verdict is not Verdict.SENT:
        raise client.Unreachable
    return outcome.data


def _same(detail: dict[str, Any], article: dict[str, Any]) -> bool:
    return all(detail.get(name) == article[name] for name in ("title", "description", "body", "cover", "status"))
