"""Demo data (zone owner): one province, three communes with an account each, officers of every role. Idempotent.

``ZALOPOLICE_DEMO_ACCOUNTS``, a JSON object of codes and names, opens more of them; once open they stay."""

import json
import os
import secrets
import zlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from zalopolice import crypto
from zalopolice.gateway import training
from zalopolice.gateway.models import OfficialAccount, WebhookSecret, ZaloApp
from zalopolice.units.models import Area, Membership, Officer, Unit
from zalopolice.units.roles import Rank, Role

APP_ID = "1234509876543210987"
TRAINING_OA = "2720105559870000012"
SINCE = date(2026, 1, 1)
COMMUNES = [
    (
        "tran-hung-dao",
        "Công an phường Trần Hưng Đạo",
        "2720105559876543210",
        ["Tổ dân phố 1", "Tổ dân phố 2", "Tổ dân phố 3"],
    ),
    ("dai-hong", "Công an xã Đại Hồng", "2720105559876543227", ["Thôn Đông Phước", "Thôn Ngọc Kinh Đông"]),
    ("my-hanh-bac", "Công an xã Mỹ Hạnh Bắc", "2720105559876543234", ["Ấp Tràm Lạc", "Ấp Mới 1"]),
]
OFFICERS = [
    # name before the dot of the login, rank, position, role
    ("truong", Rank.LIEUTENANT_COLONEL, "Trưởng Công an", Role.CHIEF),
    ("pho", Rank.MAJOR, "Phó Trưởng Công an", Role.DEPUTY_CHIEF),
    ("trucban", Rank.CAPTAIN, "Trực ban", Role.DUTY_OFFICER),
    ("canbo", Rank.SENIOR_LIEUTENANT, "Cảnh sát khu vực", Role.OFFICER),
    ("bientap", Rank.LIEUTENANT, "Biên tập nội dung", Role.CONTENT_EDITOR),
]
NAMES = {
    "tran-hung-dao": ("Vũ Đức Bình", "Trần Thị Thùy Dung", "Lê Mạnh Cường", "Nguyễn Văn An", "Đỗ Thu Giang"),
    "dai-hong": ("Phan Quốc Hưng", "Hồ Thị Mai", "Ngô Xuân Trường", "Đặng Hữu Phước", "Lý Thị Kim Ngân"),
    "my-hanh-bac": ("Võ Thành Long", "Nguyễn Ngọc Bảo Trân", "Huỳnh Tấn Phát", "Trương Minh Khôi", "Mai Thị Hạnh"),
}
PROVINCE_OFFICERS = [
    ("thanhtra", Rank.SENIOR_LIEUTENANT_COLONEL, "Thanh tra", Role.PROVINCE_INSPECTOR),
    ("quantri", Rank.CAPTAIN, "Quản trị hệ thống", Role.SYSTEM_ADMINISTRATOR),
    # Two, because whoever writes a procedure may not publish it.
    ("bientap", Rank.SENIOR_LIEUTENANT, "Biên tập nội dung", Role.CONTENT_EDITOR),
    ("thamdinh", Rank.MAJOR, "Thẩm định nội dung", Role.CONTENT_EDITOR),
]
FIRST_OF_MORE = 2_720_105_560_000_000_000
"""Accounts opened beside these have an id made of their unit's code."""
SHOWN = ("truong.", "trucban.")
"""Of the further units, so that eighteen fit a screen; the others have the same password."""
DEPUTED = ("pho.tran-hung-dao", "Quyết định 12/QĐ-CAX")
CITIZENS = [
    ("dung", "Trần Văn Dũng"),
    ("hoa", "Nguyễn Thị Hoa"),
    ("khoa", "Phạm Đăng Khoa"),
    ("lan", "Lê Thị Ngọc Lan"),
    ("minh", "Hoàng Nhật Minh"),
    ("thao", "Đặng Nguyễn Phương Thảo"),
]
PASSWORD = "mot-dem-truc-binh-yen"


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        config_path, logins_path = os.environ.get("ZALOPOLICE_SIM_CONFIG"), os.environ.get("ZALOPOLICE_LOGINS")
        if not settings.DEMO or not config_path or not logins_path:
            raise CommandError(
                "seed_demo is for the demo only: ZALOPOLICE_DEMO, ZALOPOLICE_SIM_CONFIG, ZALOPOLICE_LOGINS"
            )
        config = simulator_config(Path(config_path))
        with transaction.atomic():
            logins = seed(config, json.loads(os.environ.get("ZALOPOLICE_DEMO_ACCOUNTS", "{}")))
            training.make(Unit.objects.get(code=COMMUNES[0][0]), config, oa_id=TRAINING_OA)
        for path, content in ((config_path, config), (logins_path, logins)):
            write_private(Path(path), content)
        self.stdout.write(f"{Unit.objects.count()} đơn vị, {Officer.objects.count()} cán bộ.")


def write_private(path: Path, content: object) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)


def simulator_config(path: Path) -> dict[str, Any]:
    """The simulator's world; secrets once made are kept, addresses follow the ports of this start."""
    known = json.loads(path.read_text()) if path.exists() else {}
    app = (known.get("apps") or [{}])[0]
    hook = os.environ.get("ZALOPOLICE_WEBHOOK_URL", "http://127.0.0.1:8002")
    return {
        "apps": [
            {
                "app_id": APP_ID,
                "name": "Kết nối Zalo an ninh",
                "app_secret": app.get("app_secret") or secrets.token_urlsafe(16),
                "oa_secret_key": app.get("oa_secret_key") or secrets.token_urlsafe(16),
                "redirect_uri": f"{settings.WEB_URL}/oa/callback",
                "webhook_url": f"{hook}/hook/zalo/{APP_ID}",
            },
            *(one for one in known.get("apps", ()) if one["app_id"] == training.APP_ID),
        ],
        "citizens": [{"key": key, "name": name} for key, name in CITIZENS],
    }


def seed(config: dict[str, Any], more: Mapping[str, str]) -> list[dict[str, str]]:
    app = _app(config["apps"][0])
    province = _unit("ha-nam", "Công an tỉnh Hà Nam", Unit.Kind.PROVINCE, None)
    names = ("Nguyễn Hoàng Phương Khanh", "Bùi Quang Huy", "Lê Thị Thanh Tâm", "Phạm Quốc Việt")
    logins = [_officer(province, "", row, full) for row, full in zip(PROVINCE_OFFICERS, names, strict=True)]
    for code, name, oa_id, areas in COMMUNES:
        unit = _unit(code, name, Unit.Kind.COMMUNE, province)
        for area in areas:
            Area.objects.get_or_create(unit=unit, name=area)
        OfficialAccount.objects.get_or_create(oa_id=oa_id, defaults={"unit": unit, "app": app, "name": name})
        logins += [_officer(unit, f".{code}", row, full) for row, full in zip(OFFICERS, NAMES[code], strict=True)]
    _depute(*DEPUTED)
    _open(more, province, app)
    known = dict(OfficialAccount.objects.filter(app=app).values_list("oa_id", "unit"))
    others = Unit.objects.exclude(code__in=NAMES).order_by("code")
    for number, unit in enumerate(unit for unit in others if known.get(oa_id_of(unit.code)) == unit.pk):
        rows = [_officer(unit, f".{unit.code}", row, _full_name(number, at)) for at, row in enumerate(OFFICERS)]
        logins += [row for row in rows if row["username"].startswith(SHOWN)]
    accounts = OfficialAccount.objects.filter(app=app).order_by("oa_id").values("oa_id", "name")
    config["oas"] = [{**account, "app_id": APP_ID} for account in accounts]
    return logins


def oa_id_of(code: str) -> str:
    """The account that seed_demo gives to the unit of this code, if it gives it one."""
    given = {commune: oa_id for commune, _name, oa_id, _areas in COMMUNES}
    return given.get(code) or str(FIRST_OF_MORE + zlib.crc32(code.encode()))


def _open(more: Mapping[str, str], province: Unit, app: ZaloApp) -> None:
    """A unit with an account for each name that no account has yet."""
    there = {training.NAME, *OfficialAccount.objects.values_list("name", flat=True)}
    for code, name in more.items():
        if name in there or name.isdigit():  # what is no name is the id of an account
            continue
        there.add(name)
        taken = Unit.objects.filter(code=code).values_list("name", flat=True).first()
        if taken or code == training.CODE:
            raise CommandError(f"{code}: mã này đã là của {taken or training.NAME}; trong kịch bản hãy đặt mã khác.")
        unit = Unit(code=code, name=name, kind=Unit.Kind.COMMUNE, parent=province, opens_on=SINCE)
        account = OfficialAccount(oa_id=oa_id_of(code), unit=unit, app=app, name=name)
        try:
            unit.full_clean()
        except ValidationError as error:
            raise CommandError(f"{code}: {' '.join(error.messages)}") from None
        unit.save()
        account.save()


def _full_name(unit: int, officer: int) -> str:
    """The family name of one of the demo's officers, the other names of another: 14 times 15 people."""
    known = [name.split(" ", 1) for names in NAMES.values() for name in names]
    place = unit * len(OFFICERS) + officer
    return f"{known[place % len(known)][0]} {known[(place + 1 + place // len(known)) % len(known)][1]}"


def _depute(username: str, document: str) -> None:
    """One deputy who may approve posts beside the chief, until the end of next year."""
    officer = Officer.objects.get(username=username)
    role = officer.memberships.get(role=Role.DEPUTY_CHIEF, deputation="", ended_at=None, unit__is_training=False)
    until = date(timezone.localdate().year + 1, 12, 31)
    held = {"unit_id": role.unit_id, "officer": officer, "role": role.role, "since": SINCE, "deputation": document}
    Membership.objects.get_or_create(**held, defaults={"until": until})


def _app(row: dict[str, str]) -> ZaloApp:
    sealed = crypto.seal_to(settings.KEYS.vault_public, row["app_secret"].encode(), b"zp-app|" + APP_ID.encode())
    app, made = ZaloApp.objects.get_or_create(app_id=APP_ID, defaults={"name": row["name"], "sealed_secret": sealed})
    if made:
        aad = b"zp-secret|" + APP_ID.encode()
        key = crypto.seal_to(settings.KEYS.webhook_public, row["oa_secret_key"].encode(), aad)
        WebhookSecret.objects.create(app_id=APP_ID, sealed=key)
    return app


def _unit(code: str, name: str, kind: str, parent: Unit | None) -> Unit:
    fields = {"name": name, "kind": kind, "parent": parent, "opens_on": SINCE}
    return Unit.objects.get_or_create(code=code, defaults=fields)[0]


def _officer(unit: Unit, suffix: str, row: tuple[str, str, str, str], name: str) -> dict[str, str]:
    short, rank, position, role = row
    username = f"{short}{suffix}"
    officer = Officer.objects.filter(username=username).first()
    if officer is None:
        fields = {"full_name": name, "rank": rank, "position": position}
        officer = Officer.objects.create_user(username, PASSWORD, **fields)
        Membership.objects.create(unit=unit, officer=officer, role=role, since=SINCE)
    label = str(Role(role).label)
    return {"username": username, "password": PASSWORD, "role": label, "unit": unit.name, "name": str(officer)}
