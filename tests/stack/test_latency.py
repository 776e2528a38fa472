"""Row 11: from the phone to the acknowledgement on the phone, 200 times one after another."""

import time

import pytest

from tests.stack.running import Browserless, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.alone]

TIMES = 200


def test_the_acknowledgement_comes_within_a_second_and_a_half(running, record_property):
    took = []
    for number in range(TIMES):
        citizen = running.new_citizen(f"Người thử {number}")
        started = time.monotonic()
        running.says(citizen, f"Tôi muốn báo tin số {number}: có người bán pháo lậu")
        wait_until(
            lambda: _answered(running, citizen),  # noqa: B023
            20,
            f"no acknowledgement for message {number}",
            every=0.04,
        )
        took.append(time.monotonic() - started)

    took.sort()
    p95 = took[int(TIMES * 0.95) - 1]
    record_property("p95", p95)
    print(f"acknowledgement: p50 {took[TIMES // 2]:.3f} s, p95 {p95:.3f} s, max {took[-1]:.3f} s")
    assert p95 <= 1.5


def _answered(running, citizen):
    oa_id = "2720105559876543210"
    rows = running.sim(f"chat?oa_id={oa_id}&citizen={citizen}")["messages"]
    return any("Mã tin" in (row.get("text") or "") for row in rows)


def test_the_officers_path_shows_the_message_at_once(running):
    """Danger stands on top of the tray, however full it is."""
    citizen = running.new_citizen("Nguyễn Thị Đường Đi")
    words = "Cứu với, đang có cướp ở bến sông số 3173"
    duty = Browserless(running, "trucban.tran-hung-dao")
    running.says(citizen, words)

    # The words of danger are marked, so only the rest stands there in one piece.
    wait_until(lambda: "ở bến sông số 3173" in duty.get("/hop-tin/").text, 5, "not in the tray")
