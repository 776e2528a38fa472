"""Row 5: 1,000 events and the replies they cause while processes are killed, Valkey is wiped and PostgreSQL is
stopped at once. Counted in the simulator's ledger: it alone knows what citizens sent and what their phones showed."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.stack.running import OAS, wait_until

pytestmark = pytest.mark.stack

EVENTS, KILLS, WIPES = 1000, 10, 2
VICTIMS = ("webhook", "vault", "worker", "web", "beat")


def test_nothing_is_lost_and_nothing_is_doubled(running):
    dice = random.Random(20261121)
    start = running.ledger()["last_seq"]
    senders = [running.new_citizen(f"Người gửi {number}") for number in range(EVENTS)]
    moments = sorted(dice.uniform(0, EVENTS) for _ in range(KILLS + WIPES + 1))
    acts = [lambda: running.kill(dice.choice(VICTIMS))] * KILLS + [lambda: _wipe(running)] * WIPES
    dice.shuffle(acts)
    acts.insert(len(acts) // 2, lambda: running.kill("postgres"))

    with ThreadPoolExecutor(8) as pool:
        sent = []
        for number, citizen in enumerate(senders):
            while moments and moments[0] <= number:
                moments.pop(0)
                acts.pop(0)()
            text = f"Tôi muốn báo tin số {number}: mất trộm xe"
            sent.append(pool.submit(running.says, citizen, text, OAS[number % 3]))
            time.sleep(0.02)
        for result in sent:
            result.result()
    for act in acts:
        act()

    def acknowledged():
        return _answers(running, start, senders)

    wait_until(lambda: len(acknowledged()) == EVENTS, 240, "some messages were never acknowledged")
    time.sleep(25)  # longer than a lease: whatever is still unclear would be sent again now
    received = [row for row in running.sim(f"ledger?since={start}")["received"] if row["citizen"] in set(senders)]
    assert len(received) == EVENTS
    assert [row for row in received if not row["delivered"]] == []
    counted = acknowledged()
    assert sum(counted.values()) == EVENTS, [who for who, times in counted.items() if times > 1]
    assert max(counted.values()) == 1


def _answers(running, start, senders):
    wanted = set(senders)
    rows = running.sim(f"ledger?since={start}")["seen"]
    return Counter(row["citizen"] for row in rows if row["citizen"] in wanted)


def _wipe(running):
    address = running.state["redis_url"].replace("redis+socket://", "unix://").split("?")[0]
    redis.Redis.from_url(address).flushall()
