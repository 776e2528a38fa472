"""Files under their hashed names: gathered by the server itself, once, kept a year."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import storage
from django.test import RequestFactory, override_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from tests import processes
from zalopolice import serving

HASHED = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    place = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=place, STORAGES=settings.STORAGES | HASHED, WHITENOISE_USE_FINDERS=False):
        serving.gather()
        yield place


def test_every_file_gets_a_name_of_its_own_and_a_compressed_twin(gathered):
    address = storage.staticfiles_storage.url("css/parts.css")

    assert re.fullmatch(r"/static/css/parts\.[0-9a-f]{12}\.css", address)
    assert (gathered / address.removeprefix("/static/")).exists()
    assert (gathered / f"{address.removeprefix('/static/')}.gz").exists()


def test_the_stylesheet_names_the_hashed_fonts(gathered):
    sheet = (gathered / storage.staticfiles_storage.url("css/tokens.css").removeprefix("/static/")).read_text()

    assert len(re.findall(r'url\("\.\./fonts/[\w-]+\.[0-9a-f]{12}\.woff2"\)', sheet)) == 4
    assert not list(gathered.glob("fonts/*.woff2.gz"))


def test_a_hashed_file_is_kept_a_year_and_more(gathered):
    served = WhiteNoiseMiddleware(lambda request: None)
    request = RequestFactory().get(
        storage.staticfiles_storage.url("css/frame.css"), headers={"Accept-Encoding": "gzip"}
    )

    answer = served(request)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])[1]) >= 365 * 24 * 3600


def test_nothing_is_gathered_twice(gathered, monkeypatch):
    monkeypatch.setattr(serving, "call_command", lambda *args, **more: pytest.fail("gathered again"))

    serving.gather()


def test_the_officers_server_and_the_citizens_gather_apart(tmp_path, django_db_setup):
    """Their files differ: in one folder each gathered anew at every start, from under the one that was reading."""

    def start_both() -> dict[str, int]:
        for zone in ("web", "public"):
            env = processes.environment(zone, ZALOPOLICE_STATIC_DIR=str(tmp_path))
            done = processes.run(env, "-c", "import zalopolice.wsgi")
            assert done.returncode == 0, done.stderr
        return {path.parent.name: path.stat().st_mtime_ns for path in tmp_path.rglob("gathered")}

    first = start_both()

    assert set(first) == {"web", "public"} and start_both() == first
