"""Articles, broadcasts, allowances, followers (Zalo page sections 3.4, 3.6, 5.1, 6 and 12)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.simulator.conftest import OAS, Simulator

JPG = b"\xff\xd8\xff\xe0" + bytes(200)
FILES = {"/bia.jpg": JPG, "/to.jpg": JPG + bytes(1024 * 1024), "/trang.jpg": b"<html></html>"}
NOON, NIGHT = "2026-11-20T12:00:00", "2026-11-20T22:00:00"


@pytest.fixture(scope="module")
def pictures() -> Iterator[str]:
    """A host of ours with a cover; everything else on it is missing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = FILES.get(self.path)
            self.send_response(200 if data else 404)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.sim("clock", {"now": NOON})
    simulator.grant()
    return simulator


def article(cover: str, **changes: Any) -> dict[str, Any]:
    body = [{"type": "text", "content": "<p>Khóa xe hai lớp.</p><script>alert(1)</script>"}]
    whole = {"type": "normal", "title": "Cảnh giác trộm xe", "author": "Công an xã", "description": "Ba vụ trong tuần"}
    whole |= {"cover": {"cover_type": "photo", "photo_url": cover, "status": "show"}, "body": body, "status": "show"}
    return {key: value for key, value in (whole | changes).items() if value is not None}


def post(sim: Simulator, path: str, body: Any, **more: Any) -> Any:
    return sim.call("POST", f"/v2.0/{path}", json=body, **more).json()


def verified(sim: Simulator, body: dict[str, Any], path: str = "article/create") -> str:
    token = post(sim, path, body)["data"]["token"]
    answers = [post(sim, "article/verify", {"token": token}) for _ in range(3)]
    assert [answer["error"] for answer in answers] == [-214, -214, 0]
    return str(answers[-1]["data"]["id"])


def message(article_id: str, **target: str) -> dict[str, Any]:
    element = {"media_type": "article", "attachment_id": article_id}
    payload = {"template_type": "media", "elements": [element]}
    return {"recipient": {"target": target}, "message": {"attachment": {"type": "template", "payload": payload}}}


def send(sim: Simulator, article_id: str, **more: Any) -> Any:
    return post(sim, "oa/message", message(article_id, gender="0"), **more)


def seen(sim: Simulator) -> list[tuple[str, str]]:
    return [(row["citizen"], row["text"]) for row in sim.sim("ledger")["seen"] if row["type"] == "article"]


def test_from_article_to_the_phone_of_a_follower(sim: Simulator, pictures: str) -> None:
    sim.say("", kind="follow")
    sim.say("tôi chỉ hỏi", citizen="hoa")
    article_id = verified(sim, article(f"{pictures}/bia.jpg"))
    answer = send(sim, article_id)
    assert answer["error"] == 0 and len(answer["data"]["message_id"]) == 20

    ledger = sim.sim("ledger")
    (broadcast,) = ledger["broadcasts"]
    assert (broadcast["oa_id"], broadcast["title"]) == (OAS[0], "Cảnh giác trộm xe")
    assert (broadcast["article_id"], broadcast["recipients"], broadcast["answered"]) == (article_id, 1, True)
    assert [(row["state"], row["polls"]) for row in ledger["articles"]] == [("done", 2)]
    assert seen(sim) == [("dung", "Cảnh giác trộm xe")]
    shown = sim.sim(f"chat?oa_id={OAS[0]}&citizen=dung")["messages"][-1]
    assert shown["type"] == "article" and shown["payload"]["description"] == "Ba vụ trong tuần"
    assert requests.get(sim.url + shown["payload"]["cover"], timeout=5).content == JPG
    page = requests.get(sim.url + shown["payload"]["link"], timeout=5).text
    assert "<p>Khóa xe hai lớp.</p>" in page and "Ba vụ trong tuần" in page and "alert" not in page
    assert sim.portal.named("oa_send_text") == []
    history = sim.history(sim.user())["data"][0]
    assert (history["type"], history["links"][0]["title"]) == ("links", "Cảnh giác trộm xe")


def test_pictures_are_fetched_at_verify(sim: Simulator, pictures: str) -> None:
    for address, why in [
        (f"{pictures}/khong-co.jpg", "cannot download"),
        ("http://127.0.0.1:9/a.jpg", "cannot download"),
        (f"{pictures}/to.jpg", "size exceeds 1MB"),
        (f"{pictures}/trang.jpg", "only jpg/png"),
    ]:
        sim.sim("oas", {"oa_id": OAS[0], "article_pending": 0})
        token = post(sim, "article/create", article(address))["data"]["token"]
        for _ in range(2):
            answer = post(sim, "article/verify", {"token": token})
            assert (answer["error"], answer["message"]) == (-200, f"Upload media failed: {why}")
    inside = article(f"{pictures}/bia.jpg", body=[{"type": "image", "url": f"{pictures}/khong-co.jpg"}])
    token = post(sim, "article/create", inside)["data"]["token"]
    assert post(sim, "article/verify", {"token": token})["error"] == -200
    assert {row["state"] for row in sim.sim("ledger")["articles"]} == {"failed"}


def test_bodies_that_are_refused(sim: Simulator, pictures: str) -> None:
    cover = f"{pictures}/bia.jpg"
    bad_cover = {"cover_type": "photo", "photo_url": cover}
    cases = [
        (article(cover, type="notice"), "type accept only 2 value normal and video."),
        (article(cover, type="video"), "video_id is invalid!"),
        (article(cover, title="a" * 141), "title allow 1 to 140 characters"),
        (article(cover, title=None), "title is invalid!"),
        (article(cover, author="a" * 51), "author allow 0 to 50 characters"),
        (article(cover, description="a" * 251), "description allow 0 to 250 characters"),
        ({**article(cover), "cover": bad_cover}, "cover value is invalid"),
        (article(f"{pictures}/bìa.jpg"), "cover value is invalid"),
        (article("/bia.jpg"), "cover value is invalid"),
        (article(cover, body=[]), "body is invalid!"),
        (article(cover, body=[{"type": "table"}]), "body is invalid!"),
        (article(cover, body=[{"type": "text", "content": "a \ud800"}]), "data is invalid!"),
        (article(cover, status="draft"), "status is invalid!"),
        ([], "data is invalid!"),
    ]
    for body, why in cases:
        answer = post(sim, "article/create", body)
        assert (answer["error"], answer["message"]) == (-201, why)
    assert post(sim, "article/verify", {"token": "x"})["error"] == -201
    assert sim.call("POST", "/v3.0/article/create", json=article(cover)).status_code == 404
    assert sim.sim("ledger")["articles"] == []


def test_update_remove_and_the_list(sim: Simulator, pictures: str) -> None:
    cover = f"{pictures}/bia.jpg"
    first = verified(sim, article(cover))
    second = verified(sim, article(cover, title="Bài hai", status="hide", tracking_link="https://a.vn/2"))
    assert verified(sim, {**article(cover, title="Bài một, sửa"), "id": first}, "article/update") == first

    page = sim.call("GET", "/v2.0/article/getslice", params={"offset": 0, "limit": 10, "type": "normal"}).json()["data"]
    assert page["total"] == 2
    assert [(row["id"], row["title"], row["status"]) for row in page["medias"]] == [
        (second, "Bài hai", "hide"),
        (first, "Bài một, sửa", "show"),
    ]
    assert requests.get(page["medias"][1]["link_view"], timeout=5).status_code == 200
    many = sim.call("GET", "/v2.0/article/getslice", params={"limit": 11}).json()
    assert (many["error"], many["message"]) == (-201, "maximum limit is 10")
    detail = sim.call("GET", "/v2.0/article/getdetail", params={"id": second}).json()["data"]
    assert (detail["id"], detail["tracking_link"]) == (second, "https://a.vn/2")
    assert post(sim, "article/remove", {"id": first}) == {"error": 0, "message": "Success"}
    assert post(sim, "article/remove", {"id": first})["error"] == -201
    assert send(sim, first)["error"] == -201
    assert requests.get(f"{sim.url}/articles/{first}", timeout=5).status_code == 404
    sim.grant(OAS[1])
    assert sim.call("GET", "/v2.0/article/getdetail", OAS[1], params={"id": second}).json()["error"] == -201


def test_what_may_be_broadcast(sim: Simulator, pictures: str) -> None:
    good = verified(sim, article(f"{pictures}/bia.jpg"))
    hidden = verified(sim, article(f"{pictures}/bia.jpg", status="hide"))
    assert [send(sim, article_id)["error"] for article_id in ("0b5c00000000000000aa", "", hidden)] == [-201] * 3
    text = {"recipient": {"target": {}}, "message": {"text": "Chào"}}
    assert post(sim, "oa/message", text)["error"] == -233
    wrong = [{"gender": "3"}, {"ages": 2}, {"cities": "1,,2"}, {"telco": "1"}, {"platform": "0"}]
    assert [post(sim, "oa/message", message(good, **target))["error"] for target in wrong] == [-201] * 5
    fits = {"gender": "0", "ages": "2,3,4", "cities": "20", "platform": "1,2", "locations": "1"}
    assert post(sim, "oa/message", message(good, **fits))["error"] == 0
    assert sim.sim("ledger")["broadcasts"][0]["target"] == fits


@pytest.mark.parametrize(("now", "code"), [("05:59:50", -234), ("06:00:00", 0), ("21:59:50", 0), ("22:00:00", -234)])
def test_not_at_night(sim: Simulator, pictures: str, now: str, code: int) -> None:
    article_id = verified(sim, article(f"{pictures}/bia.jpg"))
    sim.sim("clock", {"now": f"2026-11-20T{now}"})
    sim.grant()
    assert send(sim, article_id)["error"] == code


def test_allowances_per_month_and_per_follower_and_day(sim: Simulator, pictures: str) -> None:
    sim.say("", kind="follow")
    user = sim.user()
    sim.sim("oas", {"oa_id": OAS[0], "broadcast_month_total": 2})
    article_id = verified(sim, article(f"{pictures}/bia.jpg"))

    def left() -> Any:
        return sim.call("POST", "/v3.0/oa/quota/message", json={"user_id": user}).json()["data"]["promotion"]

    assert left() == {"daily_remain": 1, "daily_total": 1, "monthly_remain": 2, "monthly_total": 2}
    assert [send(sim, article_id)["error"] for _ in range(3)] == [0, 0, -211]
    assert left() == {"daily_remain": 0, "daily_total": 1, "monthly_remain": 0, "monthly_total": 2}
    assert len(seen(sim)) == 1  # the second of a day reaches nobody who had the first
    legacy = post(sim, "oa/quota/message", {"user_id": user, "type": "promotion"})["data"]
    assert legacy == {"type": "promotion", "remain": 0, "total": 2}
    sim.sim("clock", {"now": "2026-12-01T07:00:00"})
    sim.grant()
    assert left()["monthly_remain"] == 2 and send(sim, article_id)["error"] == 0
    assert len(seen(sim)) == 2


def test_quota_of_the_package_and_of_a_person(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    quota = "/v3.0/oa/quota/message"
    person = sim.call("POST", quota, json={"user_id": user}).json()["data"]
    assert person["cs_reply"] == {"remain": 8, "total": 8} and person["last_interaction"].isdecimal()
    body = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
    (asset,) = sim.call("POST", quota, json=body).json()["data"]
    assert (asset["total"], asset["remain"], asset["quota_type"]) == (2000, 2000, "sub_quota")
    assert sim.call("POST", quota, json=body | {"quota_type": "reward_quota"}).json()["data"] == []
    assert [sim.call("POST", quota, json=bad).json()["error"] for bad in ({}, {"user_id": "1"}, [])] == [-201] * 3
    assert sim.call("POST", "/v2.0/oa/quota/message").json()["data"] == {
        "type": "sub_quota",
        "remain": 2000,
        "total": 2000,
    }


def test_followers(sim: Simulator) -> None:
    sim.say("", kind="follow")
    sim.say("chào", citizen="hoa")

    def people(**data: Any) -> Any:
        return sim.call("GET", "/v3.0/oa/user/getlist", params={"data": json.dumps(data)}).json()

    assert people(offset=0, count=50)["data"]["total"] == 2
    followers = people(offset=0, count=1, is_follower=True)["data"]
    assert followers == {"total": 1, "count": 1, "offset": 0, "users": [{"user_id": sim.user()}]}
    assert sim.call("GET", "/v2.0/oa/getoa").json()["data"]["num_follower"] == 1
    assert [people(offset=0, count=51)["error"], people(offset=9952, count=1)["error"]] == [-210, -210]
    assert people(offset=-1, count=1)["error"] == -201
    assert people(tag_name="tổ 3")["data"]["total"] == 0


def test_switches_that_close_articles(sim: Simulator, pictures: str) -> None:
    cover = f"{pictures}/bia.jpg"
    article_id = verified(sim, article(cover))
    sim.sim("oas", {"oa_id": OAS[0], "article_quota": 1})
    full = post(sim, "article/create", article(cover))
    assert (full["error"], full["message"]) == (-223, "Your OA has reach the limit quota create article")
    sim.sim("oas", {"oa_id": OAS[0], "article_refusal": -224})
    assert [post(sim, "article/create", article(cover))["error"], send(sim, article_id)["error"]] == [-224, -224]
    assert (
        sim.http.post(f"{sim.url}/sim/oas", json={"oa_id": OAS[0], "article_refusal": -1}, timeout=5).status_code == 400
    )


def test_faults_and_a_lost_answer(sim: Simulator, pictures: str) -> None:
    cover = f"{pictures}/bia.jpg"
    article_id = verified(sim, article(cover))
    sim.sim("faults", {"http_500": 1})
    assert sim.call("POST", "/v2.0/oa/message", json=message(article_id)).status_code == 500
    sim.sim("faults", {"reset": 1})
    with pytest.raises(requests.ConnectionError):
        send(sim, article_id)
    assert sim.sim("ledger")["broadcasts"] == []
    sim.sim("faults", {"timeout_after_accept": 1, "timeout_mode": "close"})
    with pytest.raises(requests.ConnectionError):
        send(sim, article_id)
    with pytest.raises(requests.ConnectionError):
        post(sim, "article/create", article(cover))
    ledger = sim.sim("ledger")
    assert [row["answered"] for row in ledger["broadcasts"]] == [False]
    assert [row["answered"] for row in ledger["articles"]] == [True, False]


def test_a_delayed_broadcast_survives_a_restart(sim: Simulator, pictures: str) -> None:
    sim.say("", kind="follow")
    sim.sim("oas", {"oa_id": OAS[0], "broadcast_delay_s": 1800})
    article_id = verified(sim, article(f"{pictures}/bia.jpg"))
    assert send(sim, article_id)["error"] == 0 and seen(sim) == []
    sim.stop(kill=True)
    sim.start()
    sim.sim("clock", {"advance_s": 1801})
    sim.wait(lambda: seen(sim) == [("dung", "Cảnh giác trộm xe")])
    (row,) = sim.sim("ledger")["broadcasts"]
    assert row["delivered"] and row["recipients"] == 1
    assert "Cảnh giác trộm xe" in requests.get(f"{sim.url}/ledger", timeout=5).text
