"""A vault process dies between any two steps of a post's way (T07): its followers get it once, or a person decides."""

from __future__ import annotations

from broadcasts import sending
from broadcasts.models import Dispatch, PostVersion
from tests import cast
from tests.broadcasts import scenes
from tests.broadcasts.test_sending import clock, step, until, zalo  # noqa: F401  (fixtures)
from tests.dying import killed_at, points_of

State = Dispatch.State
ENDS = (State.SENT, State.UNKNOWN, State.FAILED, State.HELD)
INSIDE_HTTP = {"dispatch.begun", "dispatch.answered"}
"""Of the call that cannot be taken back."""


def to_the_end(commune, clock, pk):  # noqa: F811
    """Every step one process takes, each wait over at once."""

    def work():
        for _ in range(8):
            clock(seconds=31)
            with commune.zone("vault"):
                sending.work(pk)

    return work


def new(commune):
    version = scenes.post_at(commune, PostVersion.Status.SCHEDULED, send_at=None)
    return scenes.dispatch_of(commune, version)


def test_t07_a_death_between_any_two_steps_of_a_post_doubles_nothing(commune, clock, step, zalo, figures):  # noqa: F811
    cast.give_token(commune)
    points = [one for one in points_of(to_the_end(commune, clock, new(commune).pk)) if one.startswith("dispatch.")]
    assert set(points) > INSIDE_HTTP
    assert len(zalo.broadcasts) == 1

    ends = {}
    for point in points:
        clock(days=1)  # one post a day
        zalo.broadcasts.clear()
        row = new(commune)
        assert killed_at(point, to_the_end(commune, clock, row.pk)), point
        clock(minutes=2)
        with commune.zone("vault"):
            row = Dispatch.objects.get(pk=row.pk)
        ends[point] = until(step, row, *ENDS, rounds=20).state
        assert len(zalo.broadcasts) <= 1, point
        assert (ends[point] == State.UNKNOWN) == (point in INSIDE_HTTP), (point, ends[point])
        assert ends[point] == State.UNKNOWN or len(zalo.broadcasts) == 1, point
    figures("T07", part="dispatch", points=len(points), doubled=0, unknown=len(INSIDE_HTTP))
