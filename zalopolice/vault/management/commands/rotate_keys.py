from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from zalopolice import crypto
from zalopolice.audit import log
from zalopolice.units.models import Unit
from zalopolice.vault import rotation

LOCK = 24072  # a number of our own; one rotation at a time in a database


class Command(BaseCommand):
    help = "Rotates keys under running processes (zone vault). Run it again after an interruption: it goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--level", choices=["root", "unit"], required=True)
        parser.add_argument("--ring", choices=["content", "vault", "both"], default="both")
        parser.add_argument("--unit", metavar="CODE", help="only this unit (level unit)")
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")
        parser.add_argument(
            "--distributed", metavar="ROOT", default="", help="this new root was copied into the files out of reach"
        )
        parser.add_argument("--retire", action="store_true", help="only drop the old roots, after --distributed")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ZONE != "vault":
            raise CommandError("rotate_keys chạy trong vùng vault (ZALOPOLICE_ZONE=vault).")
        if options["level"] == "root" and options["unit"]:
            raise CommandError("--unit chỉ dùng với --level unit.")
        if options["level"] == "unit" and (options["retire"] or options["distributed"]):
            raise CommandError("--retire và --distributed chỉ dùng với --level root.")
        if options["distributed"] and options["ring"] == "both":
            raise CommandError("--distributed cần --ring: mỗi vòng có khóa gốc riêng.")
        rings = ["content", "vault"] if options["ring"] == "both" else [options["ring"]]
        units = self._units(options["unit"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError("Một lượt xoay khóa khác đang chạy.")
        try:
            self._run(rings, units, options)
        except (rotation.Stopped, crypto.CannotOpen, crypto.UnsafeKeyFile) as error:
            raise CommandError(str(error)) from None
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    def _units(self, code: str | None) -> list[Unit]:
        units = list(Unit.objects.filter(code=code) if code else Unit.objects.all())
        if code and not units:
            raise CommandError(f"Không có đơn vị mang mã {code}.")
        return units

    def _run(self, rings: list[str], units: list[Unit], options: dict[str, Any]) -> None:
        if options["dry_run"]:
            self._count(rings, units, options["level"])
            return
        about = {"level": options["level"], "rings": rings, "unit": options["unit"] or ""}
        log.append_technical("keys.rotation_started", **about)
        done = 0
        for ring in rings:
            done += self._root(ring, options) if options["level"] == "root" else self._unit_keys(ring, units)
        log.append_technical("keys.rotation_finished", **about, rows=done)
        self.stdout.write(f"Xong: {done} khóa đã được bọc lại.")

    def _root(self, ring: str, options: dict[str, Any]) -> int:
        files = rotation.KeyFiles(Path(settings.KEY_FILE), ring)
        self.stdout.write(f"Vòng {ring}: khóa gốc")
        if options["retire"]:
            return rotation.retire_roots(ring, files, self._say)
        return rotation.rotate_root(ring, files, self._say, distributed=options["distributed"])

    def _unit_keys(self, ring: str, units: list[Unit]) -> int:
        done = 0
        for unit in units:
            self.stdout.write(f"Vòng {ring}: khóa của {unit.code}")
            done += rotation.rotate_unit(ring, unit.pk, self._say)
        return done

    def _count(self, rings: list[str], units: list[Unit], level: str) -> None:
        for ring in rings:
            if level == "root":
                files = rotation.KeyFiles(Path(settings.KEY_FILE), ring)
                state = "dở dang" if rotation.unfinished_root(ring, files) else "không dở dang"
                count, away = rotation.rows_of(ring, "unit").count(), ", ".join(files.away) or "không"
                self.stdout.write(f"Vòng {ring}: {count} khóa đơn vị, {state}; tệp khóa ngoài tầm với: {away}")
            for unit in units if level == "unit" else ():
                state = "dở dang" if rotation.unfinished_unit(ring, unit.pk) else "không dở dang"
                count = rotation.rows_of(ring, "owner", unit.pk).count()
                self.stdout.write(f"Vòng {ring}, {unit.code}: {count} khóa, {state}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
