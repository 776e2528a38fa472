-- The unit of the context and, for a province, all below it: it sees how its communes' accounts stand.
CREATE FUNCTION walls.below() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE under AS (
        SELECT u.id FROM public.units_unit u WHERE u.id = walls.unit()
        UNION
        SELECT c.id FROM public.units_unit c JOIN under ON c.parent_id = under.id
        WHERE EXISTS (SELECT FROM public.units_unit p WHERE p.id = walls.unit() AND p.kind = 'province')
    )
    SELECT id FROM under
$$;

-- One row an account, of the unit of the context and those below: counts, times and kinds of trouble, nothing that was
-- written and nobody who wrote it.
CREATE FUNCTION walls.oa_health() RETURNS TABLE (
    oa uuid, unit uuid, unit_name text, name text, connected_at timestamptz, is_in_trouble boolean,
    token_obtained_at timestamptz, token_refresh_until timestamptz, last_event_at timestamptz,
    last_sent_at timestamptz, broadcast_left int, broadcast_total int, waiting int, oldest timestamptz,
    incidents text[], begins timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH below AS MATERIALIZED (SELECT walls.below() AS id),
    queued AS (
        SELECT m.oa_id, count(*)::int AS waiting, min(m.next_at) AS oldest FROM public.gateway_message m
        WHERE m.next_at <= now() AND m.unit_id IN (SELECT id FROM below) GROUP BY m.oa_id
    ),
    open AS (
        SELECT i.oa_id, array_agg(i.kind::text ORDER BY i.started_at, i.id) AS kinds, min(i.started_at) AS begins
        FROM public.gateway_incident i
        WHERE i.ended_at IS NULL AND i.oa_id IS NOT NULL AND i.unit_id IN (SELECT id FROM below) GROUP BY i.oa_id
    )
    SELECT o.id, o.unit_id, u.name::text, o.name::text, o.connected_at, o.trouble <> '', o.token_obtained_at,
        o.token_refresh_until, o.last_event_at, o.last_sent_at, o.broadcast_left, o.broadcast_total,
        coalesce(q.waiting, 0), q.oldest, coalesce(open.kinds, '{}'), open.begins
    FROM public.gateway_officialaccount o JOIN public.units_unit u ON u.id = o.unit_id
    LEFT JOIN queued q ON q.oa_id = o.id LEFT JOIN open ON open.oa_id = o.id
    WHERE o.unit_id IN (SELECT id FROM below) AND NOT u.is_training
$$;

-- While sending is paused: what those units have waiting, whoever has waited longest first.
CREATE FUNCTION walls.sending_waits() RETURNS TABLE (
    unit uuid, name text, waiting int, unclear int, oldest timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.name::text, r.waiting, r.unclear, r.oldest
    FROM public.gateway_sendingpause p
    CROSS JOIN jsonb_to_recordset(p.waiting) AS r(unit uuid, waiting int, unclear int, oldest timestamptz)
    JOIN public.units_unit u ON u.id = r.unit
    WHERE p.ended_at IS NULL AND r.unit IN (SELECT walls.below())
    ORDER BY r.oldest
$$;

REVOKE ALL ON FUNCTION walls.below(), walls.oa_health(), walls.sending_waits() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.below(), walls.oa_health(), walls.sending_waits() TO zp_web;
