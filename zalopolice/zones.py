"""Which zone this process is, what it may hold, and why it refuses to start (design D18)."""

from __future__ import annotations

import logging
import secrets

import environ  # type: ignore[import-untyped]  # ships no types
from django.core.exceptions import ImproperlyConfigured

from zalopolice import crypto

ROLES = {
    "webhook": "zp_webhook",
    "public": "zp_public",
    "web": "zp_web",
    "vault": "zp_vault",
    "worker": "zp_worker",
    "owner": "zp_owner",
    "audit": "zp_audit",
}
RUNNING = {"public", "web", "vault", "worker", "audit"}
"""Zones whose database role is checked at the start; the owner is for deploys only and runs nothing."""


def current(name: str) -> str:
    """``test`` holds every zone's keys and logins and exists for the suite only; ``none`` holds nothing."""
    if name not in {*ROLES, "beat", "test", "none", ""}:
        raise ImproperlyConfigured(f"ZALOPOLICE_ZONE={name}: no such zone; one of {', '.join(ROLES)}, beat")
    return name or "none"


def keys(zone: str, path: str) -> crypto.Keys:
    """The keys of the zone; ``test`` reads a folder of key files and merges them."""
    if zone in {"none", "beat"}:
        return crypto.Keys()
    if not path:
        raise ImproperlyConfigured(f"zone {zone}: ZALOPOLICE_KEY_FILE is not set")
    if zone == "test":
        return crypto.merge_keys(path)
    try:
        return crypto.load_keys(path, zone=zone)
    except crypto.UnsafeKeyFile as error:
        raise ImproperlyConfigured(f"zone {zone}: {error}") from None


def unused_secret() -> str:
    """Zones without sessions sign nothing; a random value makes a signature by mistake useless."""
    return secrets.token_urlsafe(48)


def databases(zone: str, env: environ.Env) -> dict[str, dict[str, object]]:
    if zone in {"none", "beat"}:
        return {"default": {"ENGINE": "django.db.backends.dummy"}}
    if zone == "test":
        urls = {name: env.str(f"DATABASE_URL_{name.upper()}") for name in ROLES}
        return {"default": _database(urls["web"], "web"), **{name: _database(url, name) for name, url in urls.items()}}
    url = env.str("DATABASE_URL", default="")
    if not url:
        raise ImproperlyConfigured(f"zone {zone}: DATABASE_URL is not set")
    return {"default": _database(url, zone)}


PREPARING = {"vault", "worker"}
"""Zones that ask the same few questions all day: PostgreSQL parses and plans each once in a session, not for every
message. Pages ask too many different ones."""


def _database(url: str, zone: str) -> dict[str, object]:
    settings = environ.Env.db_url_config(url)
    if "postgres" not in str(settings["ENGINE"]):
        raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL; row-level security is part of the design")
    settings |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": True}
    # A machine that is switched off says no goodbye: both ends look after each other, or its locks stay for hours.
    theirs = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
    ours = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    prepared = {"server_side_binding": True, "prepare_threshold": 3} if zone in PREPARING else {}
    settings["OPTIONS"] = {
        "application_name": "zalopolice", "connect_timeout": 5, "options": theirs, **ours, **prepared,
    }  # fmt: skip
    return settings


def refuse_unsafe_role(zone: str) -> None:
    """Stops the start when the database role could step over the walls: superuser, BYPASSRLS, or an owner."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.relowner = r.oid AND n.nspname IN ('public', 'walls'))"
            " FROM pg_roles r WHERE rolname = session_user"
        )
        name, superuser, bypass, owner = cursor.fetchone()
    wrong = [word for word, bad in (("superuser", superuser), ("BYPASSRLS", bypass), ("table owner", owner)) if bad]
    if wrong:
        raise ImproperlyConfigured(f"zone {zone}: database role {name} is {', '.join(wrong)}; refusing to start")
    if name != ROLES[zone]:
        raise ImproperlyConfigured(f"zone {zone}: database role is {name}, must be {ROLES[zone]}; refusing to start")


CELERY_TEXTS = {"exc", "traceback", "args", "kwargs", "return_value"}


class NoPersonalData(logging.Filter):
    """Drops what could carry a citizen's words into a log: the texts of exceptions and a task's arguments.

    An exception keeps its type and its place; its text goes, because a database error quotes the row."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, dict):  # Celery's own lines name the exception and the arguments
            record.args = {name: "…" if name in CELERY_TEXTS else value for name, value in record.args.items()}
        elif record.args:
            given = record.args if isinstance(record.args, tuple) else (record.args,)
            record.args = tuple(type(one).__name__ if isinstance(one, BaseException) else one for one in given)
        if record.exc_info and record.exc_info[1] is not None:
            kind, error, trace = record.exc_info
            record.exc_text = _where(error, trace)
            record.exc_info = None
        return True


def _where(error: BaseException | None, trace: object) -> str:
    import traceback

    lines = [
        f"  {frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)  # type: ignore[arg-type]  # logging types it as object
    ]
    return "\n".join([*lines, type(error).__name__])
