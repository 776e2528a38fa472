"""./run manage: manage.py as one zone of the running demo."""

import argparse
import os
import sys

from deploy.local import checking, control, state
from deploy.local.place import ROOT, LauncherError, Place
from deploy.local.zones import ZONES

# Everything else is the officers' zone; --zone overrides.
ZONE_OF = {
    "migrate": "owner",
    "makemigrations": "owner",
    "showmigrations": "owner",
    "seed_demo": "owner",
    "make_training_unit": "owner",
    "inbox": "vault",
    "audit_verify": "audit",
    "rotate_keys": "vault",
    "replay_events": "vault",
    "pause_sending": "vault",
    "resume_sending": "vault",
}


def command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run manage", description="manage.py as one zone of the running demo.")
    parser.add_argument("--zone", choices=ZONES)
    parser.add_argument("--data", metavar="DIR", default=ROOT / ".data")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    name = options.command[0] if options.command else "help"
    zone = options.zone or ZONE_OF.get(name, "web")
    environment = zone_environment(Place.at(options.data), zone, name)
    # The terminal's own variables stay (width, pager, colours); of ours only those of the zone.
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("ZALO", "DATABASE_URL", "REDIS_URL"))
    }
    os.execve(sys.executable, [sys.executable, str(ROOT / "manage.py"), *options.command], kept | environment)


def zone_environment(place: Place, zone: str, name: str) -> dict[str, str]:
    if control.supervisor_pid(place) is not None and (found := state.read(place.state_file).get("env", {}).get(zone)):
        return dict(found)
    if name in ("makemigrations", "help"):
        return checking.offline_environment(zone)
    raise LauncherError("No demo is running here. Start one: ./run demo --detach")
