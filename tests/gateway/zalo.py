"""A Zalo of a few lines on a real socket: it answers as it is told, burns tokens as Zalo does, and counts.

The simulator judges whole stories; here every single way a call can end must be forced exactly."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Zalo:
    """``script`` holds the answers of the next sends; without one a send is accepted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.script: deque[Any] = deque()
        self.oauth: deque[Any] = deque()
        self.gate: threading.Barrier | None = None  # nobody hears of a dead token before all have come
        self.allows: Callable[[dict[str, Any]], bool] | None = None  # asked before each send; no: -32
        self.sent: list[dict[str, Any]] = []  # what the citizens' phones show
        self.calls: list[str] = []
        self.gets: list[str] = []
        self.refreshes: list[str] = []
        self.access, self.refresh = "access-1", "refresh-1"
        self.refresh_delay = 0.0
        self.history: Any = None  # rows; None: what was sent; "down": no answer
        self.chats: dict[str, list[dict[str, Any]]] = {}  # by citizen, as they were said; what a walk reads
        self.files: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.scripts: defaultdict[str, deque[Any]] = defaultdict(deque)  # by the last part of an address
        self.articles: dict[str, dict[str, Any]] = {}  # by token; the article's id is the token with an "a" before
        self.broadcasts: list[str] = []  # article ids, as often as their followers got them
        self.targets: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.uploads: dict[str, tuple[str, str, bytes]] = {}  # by token: kind, name, content

    def texts(self) -> list[str]:
        return [row["message"] for row in self.sent]

    def accept(self, body: dict[str, Any], *, id: str = "") -> dict[str, Any]:
        with self.lock:
            row = {
                "src": 0,
                "time": int(time.time() * 1000),
                "message": self.words(body["message"]),
                "body": body["message"],
                "message_id": id or f"m{len(self.sent) + 1}",
                "to": body["recipient"],
            }
            self.sent.append(row)
        return {"error": 0, "message": "Success", "data": {"message_id": row["message_id"]}}

    def words(self, message: dict[str, Any]) -> str:
        """What the phone shows: the text, or the name of the file."""
        if "text" in message:
            return str(message["text"])
        return self.uploads[message["attachment"]["payload"]["token"]][1]

    def take(self, kind: str, content_type: str, raw: bytes) -> dict[str, Any]:
        """An upload of one part called "file"."""
        form = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw, policy=default)
        part = next(form.iter_parts())
        assert part.get_param("name", header="content-disposition") == "file"
        with self.lock:
            token = f"{kind}-{len(self.uploads) + 1}"
            self.uploads[token] = (kind, str(part.get_filename()), part.get_payload(decode=True))
        key = "token" if kind == "file" else "attachment_id"
        return {"error": 0, "message": "Success", "data": {key: token}}

    def about_posts(self, name: str, content: dict[str, Any]) -> dict[str, Any]:
        """Articles, broadcasts, allowance, followers: what happens when the script says nothing else."""
        done = {"error": 0, "message": "Success"}
        with self.lock:
            if name == "create":
                token = f"t{len(self.articles) + 1}"
                self.articles[token] = content
                return done | {"data": {"token": token}}
            if name == "verify":
                return done | {"data": {"id": "a" + content["token"]}}
            if name == "broadcast":
                element = content["message"]["attachment"]["payload"]["elements"][0]
                self.broadcasts.append(element["attachment_id"])
                self.targets.append(content["recipient"]["target"])
                return done | {"data": {"message_id": f"b{len(self.broadcasts)}"}}
            if name == "getslice":
                rows = [{"id": "a" + token, "title": body["title"]} for token, body in reversed(self.articles.items())]
                return done | {"data": {"medias": rows[:10], "total": len(rows)}}
            if name == "getdetail":
                return done | {"data": {"id": content["id"], **self.articles[content["id"][1:]]}}
            if name == "getlist":
                return done | {"data": {"total": 1234, "count": 1, "offset": 0, "users": [{"user_id": "55"}]}}
            if name == "getoa":
                return done | {"data": {"oa_id": "1", "num_follower": "1200", "package_name": "Tiêu chuẩn"}}
        promotion = {"daily_remain": 1, "daily_total": 1, "monthly_remain": 3, "monthly_total": 4}
        return done | {"data": {"last_interaction": "0", "promotion": promotion}}

    def grant(self, fields: dict[str, str]) -> Any:
        with self.lock:
            self.refreshes.append(fields.get("refresh_token", ""))  # none with the code of a consent
            if self.oauth:
                return self.oauth.popleft()
            if fields["refresh_token"] != self.refresh:
                return {"error": -14014, "error_name": "Invalid refresh token."}
            number = int(self.access.split("-")[1]) + 1
            self.access, self.refresh = f"access-{number}", f"refresh-{number}"
            return {"access_token": self.access, "refresh_token": self.refresh, "expires_in": "90000"}


class Handler(BaseHTTPRequestHandler):
    zalo: Zalo
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(raw))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def hang_up(self) -> None:
        """RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def do_POST(self) -> None:
        raw, zalo = self.body(), self.zalo
        if self.path.endswith("/access_token"):
            fields = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
            time.sleep(zalo.refresh_delay)
            answer = zalo.grant(fields)
            self.say(*answer) if isinstance(answer, tuple) else self.say(answer)
            return
        if "/upload/" in self.path:
            self.answer_upload(raw)
            return
        content = json.loads(raw)
        if name := self.post_call(content):
            self.answer_about_posts(name, content)
            return
        with zalo.lock:
            zalo.calls.append(zalo.words(content["message"]))
            answer = zalo.script.popleft() if zalo.script else "ok"
        if self.headers["access_token"] != zalo.access:
            if zalo.gate:
                zalo.gate.wait(30)
            self.say({"error": -216, "message": "Access token is invalid"})
        elif zalo.allows and not zalo.allows(content):
            self.say({"error": -32, "message": "Your application has reached limit call api"})
        elif callable(answer):
            answer(self, content)
        elif answer == "ok":
            self.say(zalo.accept(content))
        else:
            self.say(*answer) if isinstance(answer, tuple) else self.say(answer)

    def answer_upload(self, raw: bytes) -> None:
        zalo = self.zalo
        with zalo.lock:
            answer = zalo.scripts["upload"].popleft() if zalo.scripts["upload"] else "ok"
        if self.headers["access_token"] != zalo.access:
            self.say({"error": -216, "message": "Access token is invalid"})
        elif callable(answer):
            answer(self, raw)
        elif answer == "ok":
            self.say(zalo.take(self.path.rpartition("/")[2], str(self.headers["Content-Type"]), raw))
        else:
            self.say(*answer) if isinstance(answer, tuple) else self.say(answer)

    def post_call(self, content: dict[str, Any]) -> str:
        last = self.path.rpartition("/")[2]
        if "/article/" in self.path:
            return last
        if self.path.endswith("/quota/message"):
            return "quota"
        return "broadcast" if "target" in content.get("recipient", {}) else ""

    def answer_about_posts(self, name: str, content: dict[str, Any]) -> None:
        zalo = self.zalo
        with zalo.lock:
            zalo.asked.append(name)
            answer = zalo.scripts[name].popleft() if zalo.scripts[name] else "ok"
        if self.headers["access_token"] != zalo.access:
            self.say({"error": -216, "message": "Access token is invalid"})
        elif callable(answer):
            answer(self, content)
        elif answer == "ok":
            self.say(zalo.about_posts(name, content))
        else:
            self.say(*answer) if isinstance(answer, tuple) else self.say(answer)

    def do_GET(self) -> None:
        parts, zalo = urlsplit(self.path), self.zalo
        zalo.gets.append(parts.path)
        if (name := parts.path.rpartition("/")[2]) in ("getslice", "getdetail", "getlist", "getoa"):
            self.answer_about_posts(name, {key: values[0] for key, values in parse_qs(parts.query).items()})
            return
        if parts.path in zalo.files:
            status, headers, content = zalo.files[parts.path]
            self.say(content, status, headers)
        elif parts.path.endswith("/listrecentchat"):
            query = json.loads(parse_qs(parts.query)["data"][0])
            rows = sorted((chat[-1] for chat in zalo.chats.values()), key=lambda row: -row["time"])
            self.say({"error": 0, "data": rows[query["offset"] : query["offset"] + query["count"]]})
        elif parts.path.endswith("/conversation"):
            query = json.loads(parse_qs(parts.query)["data"][0])
            rows = zalo.history
            if query["user_id"] in zalo.chats:
                rows = zalo.chats[query["user_id"]][::-1]
            if rows is None:
                rows = [row for row in reversed(zalo.sent) if row["to"]["user_id"] == query["user_id"]]
            self.say({"error": 0, "data": rows[query["offset"] : query["offset"] + query["count"]]})
        else:
            self.say({"error": -209}, 404)


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # five would turn a crowd away with resets
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that did not wait for its answer is what some tests want."""


@contextmanager
def running() -> Any:
    zalo = Zalo()
    server = Server(("127.0.0.1", 0), type("Of", (Handler,), {"zalo": zalo}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield zalo, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
