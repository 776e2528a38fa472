"""The fixed part of the simulated world, read from a JSON file at start: apps, Official Accounts, citizens."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class App:
    """An application of the developer console; one webhook URL for all its OAs (Zalo page 2.1)."""

    app_id: str
    app_secret: str
    oa_secret_key: str
    redirect_uri: str
    webhook_url: str
    name: str


@dataclass(frozen=True)
class OfficialAccount:
    oa_id: str
    name: str
    app_id: str
    training: bool = False  # the exercises of /coach are written to it, and every screen says so


@dataclass(frozen=True)
class CitizenSeed:
    key: str
    name: str


@dataclass(frozen=True)
class Config:
    apps: dict[str, App]
    oas: dict[str, OfficialAccount]
    citizens: list[CitizenSeed]
    retry_scale: float | None = None


class ConfigError(Exception):
    """The config file does not describe a world; the message names the entry."""


def _account(entry: dict[str, Any]) -> OfficialAccount:
    training = entry.get("training", False)
    return OfficialAccount(str(entry["oa_id"]), str(entry["name"]), str(entry["app_id"]), training is True)


def load_config(path: Path) -> Config:
    """Read the file the launcher writes; raises ConfigError with the offending key."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        apps = [App(**{field: str(entry[field]) for field in App.__dataclass_fields__}) for entry in raw["apps"]]
        oas = [_account(entry) for entry in raw["oas"]]
        citizens = [CitizenSeed(str(e["key"]), str(e["name"])) for e in raw.get("citizens", [])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path.name}: {error!r}") from error
    known = {app.app_id for app in apps}
    for oa in oas:
        if oa.app_id not in known:
            raise ConfigError(f"{path.name}: OA {oa.oa_id} names an unknown app")
    return Config({a.app_id: a for a in apps}, {o.oa_id: o for o in oas}, citizens, raw.get("retry_scale"))
