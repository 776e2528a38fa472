"""What every API call passes before its own rules, in the order of the Zalo page, section 12.

token → OA and app → (permission) → rate → body → recipient → quota → success. Business errors keep HTTP 200 (8.1).
"""

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import answers, transport
from .config import OfficialAccount

if TYPE_CHECKING:
    from .world import World

RATE_PER_MINUTE = 4000

TEXTS = {
    -32: "Your application has reached limit call api",
    -100: "attachment_id was expired",
    -201: "{} is invalid!",
    -204: "Official Account is disable or deleted",
    -200: "Send message failed",
    -209: "API is not support",
    -210: "{} exceeds the allowed limit",
    -211: "Out of quota",
    -212: "Your application has not registered this API",
    -213: "User has not followed OA",
    -214: "Article is being processed",
    -216: "Access token is invalid",
    -218: "User has received too many messages",
    -217: "User has blocked invitations from OA",
    -219: "Application was removed or disabled",
    -220: "Access token has expired or was removed",
    -221: "Official Account must be verified",
    -223: "OA has not authorised this API",
    -224: "Official Account must upgrade its package",
    -227: "User is banned or has been inactive for more than 45 days",
    -230: "User has not interacted with the OA in the past 7 days",
    -232: "User has not interacted with the OA, or the interaction has expired",
    -233: "Message type is not support",
    -234: "Not allowed to send from 10 PM to 6 AM",
    -235: "API does not support this type of OA",
    -237: "Group is disabled or expired",
    -238: "Asset is used or disabled",
    -240: "MessageV2 has been shut down, please use MessageV3",
    -242: "appsecret_proof is invalid",
    -244: "User has restricted this type of message from OA",
    -248: "Content violates the standards of the platform",
    -249: "This template cannot be sent by user id",
    -320: "Your application is not connected to a ZCA wallet",
    -321: "The ZCA wallet is out of money",
    -403: "OA is not in this group",
}
# Switches of one OA, changed by POST /sim/oas.
OA_DEFAULTS: dict[str, Any] = {
    "state": 0,  # or -204, -209, -212, -219: every call answers that
    "sub_quota_total": 2000,
    "sub_quota_used": 0,
    "purchase_quota": 0,  # bought messages left
    "reward_quota": 0,
    "zca": None,  # messages the wallet pays for; -1: no wallet (-320); 0: empty (-321); None: no such thing (-211)
    "refusals": {},  # {path: code}, e.g. {"/v2.0/article": -221}: -223 not granted, -221, -224, -235
    "is_verified": True,
    "oa_type": 4,
    "package_name": "Tiêu chuẩn",
    "transactions": -233,  # what the closed endpoints answer, -233 or -209; 0: open, as before 2026-03-01
    "reply_cap": None,  # 8: the rule before 2026-01-01
    "buttons": False,  # unconfirmed on v3 cs (3.2): False answers -233, "ignore" delivers the words without them
    "rate_per_minute": RATE_PER_MINUTE,
    "rate_per_second": None,  # 5: calls this OA may make in one real second
    "article_pending": 2,  # so many verify calls are answered -214
    "article_quota": None,  # articles this OA may create; the real number is unknown
    "article_refusal": 0,  # -221, -223, -224, -235, -248: what closes articles and broadcasts to this OA
    "broadcast_month_total": 4,  # sources say 1 to 4; read from Zalo at run time (3.4)
    "broadcast_user_day": 1,
    "broadcast_delay_s": 0,  # up to 30 minutes on the real host
}


class ZaloError(Exception):
    """A business error; `field` fills the blank of the official text."""

    def __init__(self, code: int, field: str = "", message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or TEXTS[code].format(field)

    def response(self) -> JSONResponse:
        return JSONResponse({"error": self.code, "message": self.message})


class TooFast(Exception):
    """HTTP 429 instead of -32."""


@dataclass(frozen=True)
class Caller:
    """Whose token the call carries."""

    world: "World"
    oa: OfficialAccount
    settings: dict[str, Any]


Handler = Callable[[Request, Caller], Awaitable[Response]]


def oa_settings(world: "World", oa_id: str) -> dict[str, Any]:
    return {**OA_DEFAULTS, **world.state.get(f"oa:{oa_id}", {})}


def save_oa_settings(world: "World", oa_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**world.state.get(f"oa:{oa_id}", {}), **changes}
    world.state.put(f"oa:{oa_id}", merged)
    return {**OA_DEFAULTS, **merged}


def _token_owner(world: "World", token: str) -> str:
    """The OA of a live access token; -216 for a missing, unknown or replaced one, for an expired one as switched."""
    if world.faults.hit("token_-216"):
        raise ZaloError(-216)
    row = world.state.one("SELECT * FROM tokens WHERE access=?", token)
    if row is None or not row["access_alive"]:
        raise ZaloError(-216)
    if world.clock.ms() >= row["access_expires"]:
        code = world.faults["expired_code"]
        raise ZaloError(code, message="Access token has expired")
    oa_id: str = row["oa_id"]
    return oa_id


def _count(request: Request, oa_id: str, settings: dict[str, Any]) -> int:
    """Calls left in this real minute, below 0 when it is too many; in memory, as a restart may forgive."""
    now = time.time()
    calls: dict[str, deque[float]] = request.app.state.calls
    mine = calls.setdefault(oa_id, deque())
    mine.append(now)
    while mine[0] < now - 60:
        mine.popleft()
    per_second = settings["rate_per_second"]
    if per_second is not None and sum(1 for at in islice(reversed(mine), per_second + 1) if at > now - 1) > per_second:
        mine.pop()
        return -1
    return int(settings["rate_per_minute"]) - len(mine)


def _refused(settings: dict[str, Any], path: str, codes: tuple[int, ...]) -> None:
    """The first refusal of this API, in the order of section 12."""
    for code in codes:
        if any(code == wanted and path.startswith(start) for start, wanted in settings["refusals"].items()):
            raise ZaloError(code)


def _proven(world: "World", request: Request, oa: OfficialAccount) -> None:
    """`appsecret_proof`, where the console's switch is on (1.6)."""
    if not world.faults["require_proof"]:
        return
    secret, token = world.config.apps[oa.app_id].app_secret, request.headers.get("access_token", "")
    proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(proof, request.headers.get("appsecret_proof", "")):
        raise ZaloError(-242)


def _enter(request: Request) -> tuple[Caller, dict[str, str]]:
    world: World = request.app.state.world
    oa_id = _token_owner(world, request.headers.get("access_token", ""))
    oa = world.config.oas.get(oa_id)
    if oa is None:
        raise ZaloError(-204)
    _proven(world, request, oa)
    settings, path = oa_settings(world, oa_id), request.url.path.removeprefix("/openapi")
    if settings["state"]:
        raise ZaloError(settings["state"])
    _refused(settings, path, (-223,))
    left = _count(request, oa_id, settings)
    if left < 0 or world.faults.hit("rate_-32"):
        raise TooFast if world.faults["rate_answer"] == 429 else ZaloError(-32)
    _refused(settings, path, (-221, -224, -235))
    headers = {"X-RateLimit-Limit": str(settings["rate_per_minute"]), "X-RateLimit-Remain": str(left)}
    return Caller(world, oa, settings), headers


def zalo_api(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of the OA host: network faults, guards, business errors as HTTP 200."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        faults = request.app.state.world.faults
        if faults.hit("http_500"):
            return transport.server_error()
        if faults.hit("http_429"):
            return transport.too_many()
        if faults.hit("reset"):
            await transport.close(request, reset=True)
            return Response(status_code=500)
        try:
            caller, headers = _enter(request)
            response = await handler(request, caller)
        except ZaloError as error:
            return error.response()
        except TooFast:
            return transport.too_many()
        except UnicodeEncodeError:
            # A lone surrogate in an id: JSON can carry it, the database cannot be asked for it.
            return ZaloError(-201, "data").response()
        response.headers.update(headers)
        return await answers.spoil(request, response)

    return endpoint


def success(data: Any) -> JSONResponse:
    return JSONResponse({"data": data, "error": 0, "message": "Success"})


async def not_found(request: Request, exc: Exception) -> Response:
    """Unknown path or method: HTTP 404 with -209 on the API host (8.1)."""
    return JSONResponse({"error": -209, "message": TEXTS[-209]}, 404)
