"""Row 4: ten invented identities and their tips, in twelve encodings, looked for wherever a thief would look: the
database dump, Valkey, the media folder, all logs of the demo and of the suite."""

import base64
import codecs
import json
import os
import re
import subprocess
import unicodedata
import urllib.parse
import zlib
from pathlib import Path

import pytest
import redis

from tests.stack.running import OAS, Browserless, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.alone]

FRUITS = ["Sấu", "Vải", "Nhãn", "Mít", "Ổi", "Xoài", "Chuối", "Dừa", "Khế", "Mận"]
PEOPLE = [
    (
        f"Nguyễn Hoàng Khuê Trâm {word}",
        f"09{number:08d}",
        f"Tố giác: đường dây {word} giấu hàng ở nhà ông Tư Lành số {number}",
    )
    for number, word in enumerate(FRUITS, start=73_519_202)
]
PHOTO = base64.b64encode(Path(__file__).with_name("photo.jpg").read_bytes()).decode()


def encodings(text: str) -> dict[str, bytes]:
    """Twelve ways in which a text may lie somewhere."""
    raw = text.encode()
    compressed = zlib.compressobj(wbits=-15)
    return {
        "utf-8": raw,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "nfd": unicodedata.normalize("NFD", text).encode(),
        "unaccented": unaccented(text).encode(),
        # The ends of a base64 run depend on what stands around it, so three offsets without their ends.
        "base64-0": base64.b64encode(raw)[2:-4],
        "base64-1": base64.b64encode(b"x" + raw)[4:-4],
        "base64-2": base64.b64encode(b"xx" + raw)[4:-4],
        "hex": raw.hex().encode(),
        "url": urllib.parse.quote(text).encode(),
        "json-escaped": json.dumps(text)[1:-1].encode(),
        "reversed": raw[::-1],
        "rot13": codecs.encode(unaccented(text), "rot13").encode(),
        "deflate": (compressed.compress(raw) + compressed.flush())[2:-4],
    }


def unaccented(text: str) -> str:
    marks = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in marks if not unicodedata.combining(char))


def test_the_search_would_find_a_leak():
    name, phone, tip = PEOPLE[0]
    for kind, needle in encodings(tip).items():
        assert hits(f"x{kind}".encode() + b"..." + needle + b"...", {kind: needle}) == [kind]
    assert hits(b"nothing of the kind", encodings(name) | encodings(phone)) == []


def hits(haystack: bytes, needles: dict[str, bytes]) -> list[str]:
    return [kind for kind, needle in needles.items() if len(needle) >= 6 and needle in haystack]


def test_no_canary_leaves_the_cipher(running):
    secrets = _play(running)

    found = []
    for place, content in _places(running):
        for owner, needles in secrets.items():
            found += [f"{place}: {owner} as {kind}" for kind in hits(content, needles)]
    assert found == []


def _play(running) -> dict[str, dict[str, bytes]]:
    """Each canary reports, is answered and adds a photo; one becomes a case that is worked on; errors are provoked."""
    secrets: dict[str, dict[str, bytes]] = {}
    for number, (name, phone, tip) in enumerate(PEOPLE):
        citizen = running.new_citizen(name)
        oa_id = OAS[number % 3]
        running.says(citizen, f"{tip}. Tôi là {name}, số {phone}", oa_id)
        wait_until(lambda: running.seen_by(citizen), 30, f"{number} was not answered")  # noqa: B023
        running.says(citizen, f"Ảnh của {name}", oa_id, image_base64=PHOTO)
        user_id = next(row["user_ids"][oa_id] for row in running.sim("state")["citizens"] if row["key"] == citizen)
        secrets |= {f"{number} name": encodings(name), f"{number} phone": encodings(phone)}
        secrets |= {f"{number} tip": encodings(tip), f"{number} zalo": encodings(str(user_id))}
    _work(running, PEOPLE[0])
    _provoke(running, PEOPLE[1])
    return secrets


def _work(running, person: tuple[str, str, str]) -> None:
    """One canary becomes a case: its words in the title, an officer's reply, a note, a summary."""
    name, phone, tip = person
    citizen = running.new_citizen(name)
    running.says(citizen, f"Cứu với, đang có cướp. {tip}")
    duty = Browserless(running, "trucban.tran-hung-dao")
    page = wait_until(lambda: _showing(duty.get("/hop-tin/"), tip), 15, "not in the tray")
    item = re.findall(r'href="(/hop-tin/[0-9a-f-]{36}/)', page.text.split(tip)[0])[-1]
    page = duty.get(item)
    chosen = re.findall(r'name="messages" value="([0-9a-f-]{36})"', page.text)
    form = {"title": f"{name} {phone}", "classification": "tin_antt", "messages": chosen}
    page = duty.post(f"{item}mo-vu-viec/", page, **form)
    case = page.url.removeprefix(duty.base)
    assert case.startswith("/vu-viec/"), page.status_code
    officer = Browserless(running, "canbo.tran-hung-dao")
    page = officer.get(case)
    assert tip not in page.text
    page = officer.post(f"{case}nhan/", page)
    for act, fields in {
        "tra-loi": {"text": f"Chào {name}, số {phone}"},
        "ghi-chu": {"note-text": tip},
        "de-nghi-ket-thuc": {"result": "unfounded", "summary": f"{tip} {name}"},
    }.items():
        once = dict(re.findall(r'name="((?:note-)?once)" value="([^"]+)"', page.text))
        page = officer.post(f"{case}{act}/", page, **fields, **once)
        assert page.status_code == 200, act
    assert tip in page.text and phone in page.text


def _showing(page, words):
    return page if words in page.text else None


def _provoke(running, person: tuple[str, str, str]) -> None:
    """Errors are where secrets slip into logs: a broken post, a wrong address, a foreign one."""
    name, phone, tip = person
    duty = Browserless(running, "trucban.tran-hung-dao")
    page = duty.get("/hop-tin/")
    duty.post("/hop-tin/00000000-0000-0000-0000-000000000000/tra-loi/", page, text=f"{tip} {name} {phone}")
    duty.http.post(f"{duty.base}/hop-tin/", data={"text": tip}, timeout=30)
    duty.get("/vu-viec/khong-co/")


def _places(running):
    state = running.state
    dump = Path(state["postgres_bin"]) / "pg_dump"
    result = subprocess.run([str(dump), _libpq(state["databases"]["owner"])], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr[-500:]
    assert b"gateway_message" in result.stdout
    yield "database dump", result.stdout
    yield "database dump, bytes", _hex_opened(result.stdout)
    client = redis.Redis.from_url(state["redis_url"].replace("redis+socket://", "unix://").split("?")[0])
    yield "valkey", b"\n".join(client.dump(key) or b"" for key in client.keys("*"))
    folders = [running.data / name for name in ("media", "logs", "checkpoints", "keys", "pg")]
    folders += [Path(os.environ[name]) for name in ("ZALOPOLICE_LOG_DIR",) if os.environ.get(name)]
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.exists() else ():
            if path.is_file() and path.name not in {"simulator.log"}:
                try:
                    yield str(path.relative_to(folder.parent)), path.read_bytes()
                except PermissionError:
                    continue


def _libpq(url: str) -> str:
    user, rest = url.removeprefix("postgres://").split("@/", 1)
    name, password = user.split(":", 1)
    folder, database = rest.rsplit("/", 1)
    return f"host=/{folder.lstrip('/')} user={name} password={urllib.parse.unquote(password)} dbname={database}"


def _hex_opened(dump: bytes) -> bytes:
    """bytea columns stand in a dump as hex: open them, so that bytes inside are searched as bytes."""
    opened = []
    for part in dump.split(b"\\\\x")[1:]:
        digits = part.split(b"\t", 1)[0].split(b"\n", 1)[0]
        try:
            opened.append(bytes.fromhex(digits.decode()))
        except ValueError:
            continue
    return b"\n".join(opened)
