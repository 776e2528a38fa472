"""A catalogue where a test begins: two editors of the province, procedures brought to a state by the verbs."""

from __future__ import annotations

import itertools
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from procedures import actions, misses
from procedures.models import Miss, MissWeek, Procedure, Version
from tests import cast
from zalopolice import tasks
from zalopolice.gateway.models import SharedFile
from zalopolice.units.models import Membership, Officer, Unit
from zalopolice.units.roles import Role
from zalopolice.units.seats import acting, take_seat
from zalopolice.units.walls import job_context

CONTENT = {
    "who_can_apply": "Người ở nơi khác đến ở từ 30 ngày trở lên",
    "where": "Công an xã nơi ở",
    "documents": [{"name_vi": "Tờ khai", "copies": 1, "form_code": "CT01", "note": None}],
    "forms": [],
    "processing_time": {"text": "03 ngày làm việc", "days": 3, "working_days": True},
    "fee": [{"case": "Nộp trực tiếp", "amount_vnd": 15000}, {"case": "Nộp trực tuyến", "amount_vnd": 0}],
    "result_vi": "Cập nhật nơi tạm trú",
    "steps": ["Chuẩn bị giấy tờ", "Nộp hồ sơ"],
    "legal_basis": [{"name": "Luật Cư trú", "number": "68/2020/QH14", "effective_date": "2021-07-01"}],
    "notes_vi": [],
    "status": "in_force",
    "redirect_slug": None,
    "explanation": None,
}
DOOR = date(2020, 1, 6)
_numbers = itertools.count(1)


@dataclass
class Office:
    """A unit with two editors: Tâm writes, Việt reviews."""

    unit: Unit
    tam: Officer
    viet: Officer

    @contextmanager
    def acting(self, name: str) -> Any:
        with seated(self.unit, getattr(self, name)) as officer:
            yield officer


@contextmanager
def seated(unit: Unit, officer: Officer) -> Any:
    officer = Officer.objects.get(pk=officer.pk)
    take_seat(officer, str(unit.pk))
    with acting(officer):
        yield officer


def province_of(commune: cast.Commune) -> Office:
    with commune.zone("owner"):
        number = next(_numbers)
        people = []
        for name, full in (("tam", "Lê Thị Thanh Tâm"), ("viet", "Phạm Quốc Việt")):
            officer = Officer(username=f"{name}-tinh{number}", full_name=full)
            officer.set_unusable_password()
            officer.save()
            since = date(2026, 1, 1)
            unit = Unit.objects.get(pk=commune.unit.parent_id)
            Membership.objects.create(unit=unit, officer=officer, role=Role.CONTENT_EDITOR, since=since)
            people.append(officer)
        return Office(unit, *people)


def editors_of(commune: cast.Commune) -> Office:
    """Giang, the editor, and Dung, the deputy chief, who may review too."""
    return Office(commune.unit, commune.giang, commune.dung)


def draft(office: Office, slug: str = "dang-ky-tam-tru", name: str = "Đăng ký tạm trú", **words: Any) -> Version:
    with office.acting("tam") as by:
        version = actions.add(slug=slug, field="Cư trú", code="1.004194", position=1, name=name, by=by)
        content = CONTENT | words.pop("content", {})
        values = {"content": content, "synonyms": ["kt3"], "sources": ["https://example.vn/luat"], **words}
        actions.save_draft(version, values, by=by)
        return Version.objects.select_related("procedure").get(pk=version.pk)


def attached(office: Office, version: Version, title: str = "Tờ khai thay đổi thông tin cư trú") -> SharedFile:
    """A form, in what is still a draft."""
    with office.acting("tam") as by:
        upload = SimpleUploadedFile(f"{title}.pdf", b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n")
        actions.attach(version, upload=upload, kind="form", title=title, by=by)
        return SharedFile.objects.get(unit=office.unit, name=upload.name)


def in_review(office: Office, *args: Any, **words: Any) -> Version:
    version = draft(office, *args, **words)
    with office.acting("tam") as by:
        actions.submit(version, by=by)
        return Version.objects.select_related("procedure").get(pk=version.pk)


def published(office: Office, *args: Any, **words: Any) -> Version:
    version = in_review(office, *args, **words)
    with office.acting("viet") as by:
        approve(version, by)
        return Version.objects.select_related("procedure").get(pk=version.pk)


def approve(version: Version, by: Officer) -> None:
    """By somebody who has read it as it is now."""
    actions.publish(version, seen=actions.fingerprint(Version.objects.get(pk=version.pk)), by=by)


def press_publish(client: Client, page: str) -> int:
    """On the page of a version or a menu, as it is drawn now."""
    seen = re.search(r'name="seen" value="(\w+)"', client.get(page).content.decode())
    return client.post(f"{page}cong-bo/", {"seen": seen[1] if seen else ""}).status_code


def again(office: Office, procedure: Procedure, *, publish: bool = True, **words: Any) -> Version:
    """A next version; ``publish`` False: it waits for the reviewer."""
    with office.acting("tam") as by:
        version = actions.new_draft(procedure, by=by)
        actions.save_draft(version, words, by=by)
        actions.submit(version, by=by)
    if publish:
        with office.acting("viet") as by:
            approve(version, by)
    with office.acting("tam"):
        return Version.objects.select_related("procedure").get(pk=version.pk)


@contextmanager
def routing(commune: cast.Commune) -> Any:
    """Inside the unit, as the worker is while it routes."""
    with commune.zone("owner"):
        past = timezone.now() - timedelta(minutes=1)
        door = MissWeek.objects.create(unit=commune.unit, monday=DOOR, queue="worker", next_at=past)
    with commune.zone("worker"), job_context(MissWeek, door.pk):
        yield
        door.delete()


@dataclass(frozen=True)
class Read:
    """As ``zalopolice.reading`` puts it."""

    kind: str = "ask_back"
    candidates: tuple[tuple[str, float], ...] = (("dang-ky-tam-tru", 0.1), ("tach-ho", 0.0))
    rule: str = "close"
    topic: str = ""


@dataclass
class Heard:
    unit_id: Any
    text: str


def note(commune: cast.Commune, *texts: str, **read: Any) -> None:
    """The bot has no answer to these."""
    with routing(commune):
        for text in texts:
            misses.note(Heard(commune.unit.pk, text), Read(**read))  # type: ignore[arg-type]


def asked_in_vain(commune: cast.Commune, *texts: str, **read: Any) -> None:
    """And it is Monday: these and whatever else waits was last week's."""
    note(commune, *texts, **read)
    with routing(commune):
        today = timezone.localdate()
        monday = today - timedelta(days=today.weekday() + 7)
        waits = {"queue": "worker", "next_at": timezone.now() - timedelta(minutes=1)}
        Miss.objects.filter(cluster=None).update(monday=monday)
        MissWeek.objects.filter(next_at__gt=timezone.now()).delete()
        MissWeek.objects.update_or_create(unit=commune.unit, monday=monday, defaults=waits)
    with commune.zone("worker"):
        tasks.put_misses_together()


def client_for(officer: Officer) -> Client:
    client = Client()
    client.force_login(officer)
    return client


class Citizen:
    """A browser on zone public: its addresses, its middleware, its login to the database."""

    def __init__(self, zone: Any) -> None:
        self.zone = zone
        self.client = Client()

    @contextmanager
    def there(self) -> Any:
        left_out = ("auth", "essage", ".units.")
        middleware = [name for name in settings.MIDDLEWARE if not any(part in name.lower() for part in left_out)]
        templates = [settings.TEMPLATES[0] | {"OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "zalopolice.preferences.context",
        ]}}]  # fmt: skip
        changed = {"ROOT_URLCONF": "zalopolice.public_urls", "MIDDLEWARE": middleware, "TEMPLATES": templates}
        with override_settings(**changed), self.zone("public"):
            self.client.handler._middleware_chain = None  # another list of middleware than the last request's
            yield self.client

    def get(self, path: str, **headers: Any) -> Any:
        with self.there() as client:
            return client.get(path, headers=headers)
