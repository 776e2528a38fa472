import hashlib
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, transaction


class Command(BaseCommand):
    help = "Installs the keys that sign unit contexts (zone owner; after migrate, and again after a new web key file)."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            self._install(cursor, "zp_web", settings.KEYS.context_key, replace=True)
            # The worker signs nothing itself: its key is made here and never leaves the database.
            self._install(cursor, "zp_worker", os.urandom(32), replace=False)
        self.stdout.write("Đã đặt khóa ký ngữ cảnh đơn vị.")

    def _install(self, cursor: Any, role: str, key: bytes, *, replace: bool) -> None:
        # HMAC's padded keys, because PostgreSQL without pgcrypto has sha256() only.
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        pads = [bytes(byte ^ mask for byte in block) for mask in (0x36, 0x5C)]
        clash = (
            "DO UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad" if replace else "DO NOTHING"
        )
        cursor.execute(
            "INSERT INTO walls.context_key (role, inner_pad, outer_pad) VALUES (%s, %s, %s)"
            f" ON CONFLICT (role) {clash}",
            [role, *pads],
        )
