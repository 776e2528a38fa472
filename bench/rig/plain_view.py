"""The yardstick: what a team would write first. A whole Django project with one view and one committed ORM insert.

It neither checks a signature nor parses nor encrypts, so the comparison favours it."""

from __future__ import annotations

import hashlib
import os
import uuid

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from psycopg.conninfo import conninfo_to_dict

from zalopolice.webhook_io import conninfo

database = conninfo_to_dict(conninfo(os.environ["DATABASE_URL"]))
settings.configure(
    SECRET_KEY=uuid.uuid4().hex,
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=[],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": database["host"],
            "NAME": database["dbname"],
            "USER": database["user"],
            "PASSWORD": database["password"],
            "CONN_MAX_AGE": None,  # its best case: connections live as long as their thread
        }
    },
)
django.setup()

from django.db import models  # noqa: E402  # a model needs the settings above
from django.urls import path  # noqa: E402


class PlainEvent(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app_id = models.TextField()
    received_at = models.DateTimeField(default=timezone.now)
    dedupe_key = models.BinaryField(unique=True)
    sealed = models.BinaryField()
    state = models.TextField(default="pending")
    attempt = models.IntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "bench"
        db_table = "bench_plainevent"

    def __str__(self) -> str:
        return str(self.id)


def receive(request: HttpRequest, app_id: str) -> HttpResponse:
    body = request.body
    PlainEvent.objects.create(app_id=app_id, dedupe_key=hashlib.sha256(body).digest(), sealed=body)
    return HttpResponse(headers={"Content-Length": "0"})


urlpatterns = [path("hook/zalo/<str:app_id>", receive)]
application = get_wsgi_application()
