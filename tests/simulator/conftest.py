"""The real simulator in a process of its own, and a portal that is only a webhook receiver. No Django here."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bench.rig.stage import free_port

ROOT = Path(__file__).parents[2]
APP = "1234509876543210987"
OAS = ["2720105559876543210", "2720105559876543211", "2720105559876543212"]
CALLBACK = "http://127.0.0.1:9/zalo/callback"
APP_SECRET, OA_SECRET = "appSecretDemo456", "oaSecretKeyDemo123"


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # of a crowd, five would be let in and the rest be delivered by a retry
    daemon_threads = True


class Portal:
    """Takes webhooks: keeps what came, answers what the test wants."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.answer = 200
        self.slow_s = 0.0
        self._lock = threading.Lock()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                status = portal.take(raw, dict(self.headers), self.path)
                time.sleep(portal.slow_s)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook/zalo/{APP}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, raw: bytes, headers: dict[str, str], path: str) -> int:
        with self._lock:
            status = self.answers.pop(0) if self.answers and raw != b"{}" else self.answer
            self.got.append({"raw": raw, "body": json.loads(raw), "headers": headers, "path": path, "status": status})
        return status

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in list(self.got) if event["body"].get("event_name") == name]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Simulator:
    """One running simulator and short ways to talk to it."""

    def __init__(self, directory: Path, portal: Portal) -> None:
        self.directory, self.portal = directory, portal
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = requests.Session()
        self.tokens: dict[str, str] = {}
        (directory / "config.json").write_text(json.dumps(self._config()), encoding="utf-8")

    def _config(self) -> dict[str, Any]:
        app = {"app_id": APP, "app_secret": APP_SECRET, "oa_secret_key": OA_SECRET, "redirect_uri": CALLBACK}
        names = ["Công an xã Bình Minh", "Công an xã Hòa Lạc", "Công an phường Tân An"]
        return {
            "apps": [app | {"webhook_url": self.portal.url, "name": "Cổng Công an xã"}],
            "oas": [{"oa_id": oa, "name": name, "app_id": APP} for oa, name in zip(OAS, names, strict=True)],
            "citizens": [{"key": "dung", "name": "Trần Văn Dũng"}, {"key": "hoa", "name": "Nguyễn Thị Hoa"}],
        }

    def start(self) -> None:
        log = (self.directory / "log").open("ab")
        arguments = ["--port", str(self.port), "--state", str(self.directory), "--config"]
        command = [sys.executable, "-m", "zalopolice.simulator", *arguments, str(self.directory / "config.json")]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        log.close()
        self.wait(self._answers, 60)

    def _answers(self) -> bool:
        assert self.process and self.process.poll() is None, (self.directory / "log").read_text()
        try:
            return self.http.get(f"{self.url}/sim/clock", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self, *, kill: bool = False) -> None:
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(15)
        self.http.close()

    def sim(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """GET or POST /sim/…; fails on anything but 200."""
        answer = self.http.request("GET" if body is None else "POST", f"{self.url}/sim/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def grant(self, oa_id: str = OAS[0]) -> str:
        self.tokens[oa_id] = self.sim("grant", {"oa_id": oa_id})["access_token"]
        return self.tokens[oa_id]

    def say(self, text: str = "Chào", citizen: str = "dung", oa_id: str = OAS[0], **more: Any) -> Any:
        return self.sim("send", {"oa_id": oa_id, "citizen": citizen, "text": text, **more})

    def user(self, citizen: str = "dung", oa_id: str = OAS[0]) -> str:
        people = {person["key"]: person for person in self.sim("state")["citizens"]}
        return str(people[citizen]["user_ids"][oa_id])

    def call(self, method: str, path: str, oa_id: str = OAS[0], timeout: float = 10, **more: Any) -> requests.Response:
        headers = {"access_token": self.tokens.get(oa_id, "")} | more.pop("headers", {})
        return self.http.request(method, f"{self.url}/openapi{path}", headers=headers, timeout=timeout, **more)

    def cs(self, user_id: str, message: Any, oa_id: str = OAS[0], **more: Any) -> Any:
        body = {"recipient": {"user_id": user_id}, "message": message}
        return self.call("POST", "/v3.0/oa/message/cs", oa_id, json=body, **more).json()

    def history(self, user_id: str, **page: int) -> Any:
        data = json.dumps({"user_id": user_id, "offset": 0, "count": 10} | page)
        return self.call("GET", "/v2.0/oa/conversation", params={"data": data}).json()

    def consent(self, oa_id: str = OAS[0], verifier: str = "", state: str = "s1") -> dict[str, str]:
        """The administrator's click; answers the parameters of the callback."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if verifier else ""
        form = {"app_id": APP, "redirect_uri": CALLBACK, "code_challenge": challenge, "state": state, "oa_id": oa_id}
        answer = self.http.post(f"{self.url}/oauth/v4/oa/permission", data=form, allow_redirects=False, timeout=10)
        assert answer.status_code == 302 and answer.headers["location"].startswith(CALLBACK), answer.text
        return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def token(self, secret: str = APP_SECRET, **form: str) -> Any:
        address = f"{self.url}/oauth/v4/oa/access_token"
        answer = self.http.post(address, data={"app_id": APP} | form, headers={"secret_key": secret}, timeout=10)
        assert answer.status_code == 200
        return answer.json()

    def wait(self, until: Callable[[], Any], seconds: float = 8) -> Any:
        """Poll until something true comes back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := until():
                return found
            time.sleep(0.03)
        raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawing the sample photos once is enough."""
    return tmp_path_factory.mktemp("samples") / "samples"


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    yield made
    made.close()


@pytest.fixture
def simulator(tmp_path: Path, portal: Portal, samples: Path) -> Iterator[Simulator]:
    if samples.exists():
        shutil.copytree(samples, tmp_path / "samples")
    made = Simulator(tmp_path, portal)
    try:
        made.start()
        if not samples.exists():
            shutil.copytree(tmp_path / "samples", samples)
        yield made
    finally:
        made.stop()
