-- How many published procedures of each commune below name a document, and how many of what it says of its own belongs
-- to the caller's published procedures that do: counts of what citizens may read anyway.
-- ``successor``: leaves out the texts of which an editor has said that they stand as they are; without it all.
CREATE FUNCTION walls.citing_below(law text, successor text) RETURNS TABLE (unit uuid, own int, told int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH cited AS (
        SELECT v.unit_id, v.procedure_id FROM public.procedures_version v
        WHERE v.unit_id IN (SELECT walls.below()) AND v.state = 'published'
            AND jsonb_path_exists(v.content, '$.legal_basis[*].number ? (@ == $number)', jsonb_build_object('number', law))
            AND (successor IS NULL OR NOT jsonb_path_exists(
                v.content, '$.laws_checked[*] ? (@.number == $number && @.changed_by == $by)',
                jsonb_build_object('number', law, 'by', successor)
            ))
    )
    SELECT b.id, coalesce(own.n, 0), coalesce(told.n, 0)
    FROM (SELECT walls.below() AS id) b
    LEFT JOIN (SELECT c.unit_id, count(*)::int AS n FROM cited c GROUP BY 1) own ON own.unit_id = b.id
    LEFT JOIN (
        SELECT o.unit_id, count(*)::int AS n FROM public.procedures_unitoverride o
        JOIN cited c ON c.procedure_id = o.procedure_id AND c.unit_id = walls.unit() GROUP BY 1
    ) told ON told.unit_id = b.id
    WHERE b.id <> walls.unit() AND (own.n > 0 OR told.n > 0)
$$;
REVOKE ALL ON FUNCTION walls.citing_below(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.citing_below(text, text) TO zp_web;
DROP FUNCTION walls.citing_below(text, timestamptz);
