"""OAuth v4 of the Zalo page (section 1): the consent page, single-use codes, pairs that rotate.

Errors of this host keep HTTP 200 and have no `message` key (1.5).
"""

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from . import answers, ids, pages, transport
from .config import App

if TYPE_CHECKING:
    from .world import World

CODE_MS = 10 * 60_000

ERRORS = {
    -14002: ("Invalid app id.", "App is not active or does not exist"),
    -14003: ("Invalid redirect uri.", "Redirect uri does not match the registered callback"),
    -14004: ("Invalid secret key.", "Secret key is invalid"),
    -14005: ("Invalid code.", "Authorized code is invalid, expired or already used"),
    -14014: ("Invalid refresh token.", "Refresh token is invalid or expired"),
    -14018: ("Invalid grant type.", "Grant type is not supported"),
}


def challenge_of(verifier: str) -> str:
    """PKCE S256: base64url without padding of SHA-256 (1.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def error(code: int) -> JSONResponse:
    """The flat error body of 1.5."""
    name, description = ERRORS[code]
    return JSONResponse(
        {"error": code, "error_name": name, "error_description": description, "error_reason": "", "ref_doc": ""}
    )


# -- consent ---------------------------------------------------------------------------------------


async def permission(request: Request) -> Response:
    """GET shows what is asked; POST with `oa_id` is the administrator's "Cho phép" and redirects with code (1.3)."""
    world: World = request.app.state.world
    fields: dict[str, Any] = dict(request.query_params)
    if request.method == "POST":
        fields |= dict(await request.form())
    asked = {key: str(fields.get(key, "")) for key in ("app_id", "redirect_uri", "code_challenge", "state")}
    app = world.config.apps.get(asked["app_id"])
    refused = -14002 if app is None else -14003 if asked["redirect_uri"] != app.redirect_uri else 0
    if app is None or refused:
        return RedirectResponse(f"/oauth/v4/permission/error?error_code={refused}", 302)
    oas = [oa for oa in world.config.oas.values() if oa.app_id == app.app_id]
    if request.method == "GET":
        return HTMLResponse(pages.permission(app, oas, asked))
    oa_id = str(fields.get("oa_id", ""))
    if oa_id not in {oa.oa_id for oa in oas}:
        return HTMLResponse(pages.permission(app, oas, asked, problem="Hãy chọn một Official Account."), 400)
    code = issue_code(world, app, oa_id, asked["code_challenge"])
    answer = {"code": code, "oa_id": oa_id} | ({"state": asked["state"]} if asked["state"] else {})
    separator = "&" if "?" in app.redirect_uri else "?"
    return RedirectResponse(f"{app.redirect_uri}{separator}{urlencode(answer, quote_via=quote)}", 302)


def issue_code(world: "World", app: App, oa_id: str, challenge: str) -> str:
    code = ids.opaque("code", 32)
    world.state.run(
        "INSERT INTO codes(code, app_id, oa_id, challenge, created) VALUES(?,?,?,?,?)",
        code,
        app.app_id,
        oa_id,
        challenge,
        world.clock.ms(),
    )
    return code


async def permission_error(request: Request) -> Response:
    """Where a refusal ends: a page of Zalo, never the app's callback (1.3)."""
    code = request.query_params.get("error_code", "")
    known = ERRORS.get(int(code)) if code.lstrip("-").isdigit() else None
    return HTMLResponse(pages.permission_error(code, known[1] if known else ""))


# -- tokens ----------------------------------------------------------------------------------------


async def access_token(request: Request) -> Response:
    """POST /v4/oa/access_token (1.4): form encoding and the `secret_key` header, or nothing."""
    world: World = request.app.state.world
    if world.faults.hit("oauth_500"):
        return transport.server_error()
    encoded = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    fields = {k: str(v) for k, v in (await request.form()).items()} if encoded else {}
    app = world.config.apps.get(fields.get("app_id", ""))
    if not encoded:
        return error(-14018)
    if app is None:
        return error(-14002)
    if not hmac.compare_digest(request.headers.get("secret_key", "").encode(), app.app_secret.encode()):
        return error(-14004)
    grants = {"authorization_code": _exchange, "refresh_token": _refresh}
    grant = grants.get(fields.get("grant_type", ""))
    answer = grant(world, app, fields) if grant else -14018
    if isinstance(answer, int):
        return error(answer)
    if world.faults.hit("oauth_timeout_after_accept"):
        await transport.lose_answer(request)
    return answers.spoil_token(world, JSONResponse(answer))


def _exchange(world: "World", app: App, fields: dict[str, str]) -> dict[str, Any] | int:
    row = world.state.one("SELECT * FROM codes WHERE code=? AND app_id=?", fields.get("code", ""), app.app_id)
    if row is None or row["used"] or world.clock.ms() - row["created"] > CODE_MS:
        return -14005
    if row["challenge"] and challenge_of(fields.get("code_verifier", "")) != row["challenge"]:
        return -14005
    with world.state.transaction():
        world.state.run("UPDATE codes SET used=1 WHERE code=?", row["code"])
        return new_pair(world, app.app_id, row["oa_id"])


def _refresh(world: "World", app: App, fields: dict[str, str]) -> dict[str, Any] | int:
    """Works once per refresh token; every try is counted in the ledger."""
    row = world.state.one(
        "SELECT * FROM tokens WHERE refresh=? AND app_id=?", fields.get("refresh_token", ""), app.app_id
    )
    good = row is not None and row["refresh_alive"] and world.clock.ms() < row["refresh_expires"]
    with world.state.transaction():
        world.state.run(
            "INSERT INTO refreshes(oa_id, app_id, at, real, ok, error) VALUES(?,?,?,?,?,?)",
            row["oa_id"] if row else None,
            app.app_id,
            world.clock.ms(),
            time.time(),
            int(good),
            0 if good else -14014,
        )
        if row is None or not good:
            return -14014
        answer = new_pair(world, app.app_id, row["oa_id"])
        if world.faults.hit("oauth_no_refresh_token"):
            # Seen once on the real host: then the old refresh token is the one that still works.
            world.state.run("UPDATE tokens SET refresh_alive=(id=?) WHERE oa_id=?", row["id"], row["oa_id"])
            del answer["refresh_token"]
        return answer


def new_pair(world: "World", app_id: str, oa_id: str) -> dict[str, Any]:
    """A new pair; every older token of this OA is dead at once (1.4). Call inside a transaction."""
    now = world.clock.ms()
    access_s, refresh_s = int(world.faults["access_life_s"]), int(world.faults["refresh_life_s"])
    access, refresh = ids.opaque("aT", 160), ids.opaque("rT", 160)
    world.state.run("UPDATE tokens SET access_alive=0, refresh_alive=0 WHERE oa_id=?", oa_id)
    world.state.run(
        "INSERT INTO tokens(app_id, oa_id, access, refresh, access_expires, refresh_expires) VALUES(?,?,?,?,?,?)",
        app_id,
        oa_id,
        access,
        refresh,
        now + 1000 * access_s,
        now + 1000 * refresh_s,
    )
    number: type[int] | type[str] = int if world.faults["oauth_numeric_expires"] else str
    more = {"refresh_token_expires_in": number(refresh_s)} if world.faults["oauth_refresh_expires"] else {}
    return {"access_token": access, "refresh_token": refresh, "expires_in": number(access_s), **more}


def revoke(world: "World", oa_id: str) -> None:
    """The OA's administrator takes the app's rights away: both tokens are dead, and the portal is told (1.4, 2.6)."""
    app_id = world.config.oas[oa_id].app_id
    with world.state.transaction():
        world.state.run("UPDATE tokens SET access_alive=0, refresh_alive=0 WHERE oa_id=?", oa_id)
        event = {"app_id": app_id, "oa_id": oa_id, "event_name": "permission_revoked"}
        world.webhooks.announce(app_id, event | {"timestamp": str(world.clock.ms())})


routes = [
    Route("/oauth/v4/oa/permission", permission, methods=["GET", "POST"]),
    Route("/oauth/v4/permission/error", permission_error),
    Route("/oauth/v4/oa/access_token", access_token, methods=["POST"]),
]
