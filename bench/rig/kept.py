"""Two tables of kept keys, one of ten thousand rows and one of a million, that take turns under the same name.

The webhook's process, its connections and its statements stay the same; only the table behind the name changes."""

from __future__ import annotations

from bench.rig.stage import Stage

SMALL, LARGE = 10_000, 1_000_000
REAL = "gateway_inboundevent"
FILL = """
INSERT INTO {table} (id, app_id, received_at, dedupe_key, sealed, signed_by, state, next_at)
SELECT gen_random_uuid(), '1', now() - n * interval '1 s', sha256(int4send(n)), '', gen_random_uuid(), 'acted', NULL
  FROM generate_series(1, {rows}) AS n
"""


class Kept:
    def __init__(self, stage: Stage, sizes: tuple[int, int] = (SMALL, LARGE)) -> None:
        self._run = stage.owner.execute
        self.sizes = sizes
        for size in sizes:
            table = f"kept_{size}"
            self._run(f"CREATE TABLE {table} (LIKE {REAL} INCLUDING ALL)")
            self._run(f"GRANT INSERT (id, app_id, received_at, dedupe_key, sealed, signed_by) ON {table} TO zp_webhook")
            self._run(FILL.format(table=table, rows=size))
            self._run(f"VACUUM ANALYZE {table}")

    def under_the_real_name(self, size: int) -> None:
        self._swap(REAL, "kept_aside", f"kept_{size}", REAL)

    def back(self, size: int) -> None:
        self._swap(REAL, f"kept_{size}", "kept_aside", REAL)

    def _swap(self, *names: str) -> None:
        first, first_new, second, second_new = names
        self._run(
            f"DO $$ BEGIN ALTER TABLE {first} RENAME TO {first_new};"
            f" ALTER TABLE {second} RENAME TO {second_new}; END $$"
        )
