"""The judge of the fault runs sees what it is there to see."""

from tests.stack.history import compare


def ledger(*received, seen=()):
    rows = [
        {"msg_id": name, "citizen": who, "delivered": True, "attempts": tries, "latency_ms": 5.0}
        for name, who, tries in received
    ]
    return {"received": rows, "seen": [{"citizen": who} for who in seen]}


def test_a_good_run_has_nothing_to_say():
    verdict = compare(ledger(("m1", "an", 1), seen=["an"]), {"m1": 1}, {"an"})

    assert (verdict.sent, verdict.lost, verdict.doubled, verdict.unanswered, verdict.refused) == (1, [], [], [], 0)


def test_what_no_row_holds_is_lost():
    assert compare(ledger(("m1", "an", 1), ("m2", "an", 1)), {"m1": 1}, {"an"}).lost == ["m2"]


def test_two_rows_of_one_message_and_two_answers_on_one_phone_are_doubled():
    verdict = compare(ledger(("m1", "an", 1), ("m2", "binh", 3), seen=["an", "an"]), {"m1": 2, "m2": 1}, {"an", "binh"})

    assert verdict.doubled == ["m1", "an"]
    assert verdict.unanswered == ["binh"]
    assert verdict.refused == 2


def test_others_are_left_out():
    assert compare(ledger(("m1", "an", 1), seen=["an", "an"]), {}, {"binh"}).sent == 0
