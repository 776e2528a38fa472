"""Figures and words that parts compute: a clock that is wrong is worse than none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from tests.tips.scenes import client_of, text
from zalopolice.templatetags import look

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=40), "0 phút"),
        (timedelta(minutes=40), "40 phút"),
        (2 * HOUR, "2 giờ"),
        (2 * HOUR + timedelta(minutes=51), "2 giờ 51 phút"),
        (2 * DAY + 4 * HOUR, "2 ngày 4 giờ"),
        (19 * DAY + 23 * HOUR, "19 ngày"),
    ],
)
def test_a_span_says_what_matters_and_stays_on_one_line(length, words):
    assert look.span(length) == words.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("since", "due", "tone"),
    [(-DAY, DAY, ""), (-DAY, 3 * HOUR, "soon"), (-20 * DAY, 3 * DAY, "soon"), (-DAY, -HOUR, "late")],
)
def test_a_term_is_soon_in_its_last_fifth_or_four_hours(since, due, tone):
    now = timezone.now()

    assert look.ruler(now + since, now + due + timedelta(minutes=1) * (tone != "late"))["tone"] == tone


def test_a_bar_never_leaves_its_frame():
    assert 'width="100"' in look.bar(140) and 'width="0"' in look.bar(-3)


def test_figures_are_written_as_the_reader_writes_them():
    with translation.override("vi"):
        assert look.grouped(8700) == "8.700"
    with translation.override("en"):
        assert look.grouped(8700) == "8,700"


def test_a_digest_is_twelve_characters_in_three_groups():
    assert look.digest("a3f927c108de4b5affff") == "a3f9·27c1·08de"


@pytest.mark.parametrize("name", ["an", "binh", "giang", "huy", "khanh"])
def test_every_officer_may_look_at_the_parts(commune, name):
    page = text(client_of(commune, name).get("/bo-phan/"))

    assert "Bảng thành phần" in page
    assert page.count('aria-invalid="true"') >= 1


def test_the_rail_shows_only_what_one_may_enter(commune):
    pages = {name: text(client_of(commune, name).get("/them/")) for name in ("an", "binh", "huy")}

    assert 'href="/hop-tin/"' in pages["binh"] and 'href="/hop-tin/"' not in pages["an"]
    assert 'href="/vu-viec/"' in pages["an"] and 'href="/vu-viec/"' not in pages["huy"]
