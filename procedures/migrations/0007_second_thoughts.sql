-- A draft is given up by who began it, and taken back from the reviewer by who began it or handed it in. Otherwise as in
-- 0002_guard.sql and 0005_flows.sql, but that what was never published may take another slug, and that a draft which does
-- not begin as a published text goes on with what somebody gave up: who wrote that is a writer of it, too.
CREATE OR REPLACE FUNCTION walls.keep_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor uuid := walls.officer();
    step text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state || ' > ' || NEW.state ELSE 'new' END;
    free text[];
    named uuid;
BEGIN
    IF session_user = 'zp_owner' THEN
        -- The import is the one act without a person; also it changes nothing that was published.
        IF step = 'new' OR OLD.state IN ('draft', 'in_review') THEN
            RETURN NEW;
        END IF;
    ELSIF actor IS NULL THEN
        RAISE EXCEPTION 'a version is written by a person' USING ERRCODE = 'insufficient_privilege';
    END IF;

    IF step = 'new' THEN
        IF NEW.state <> 'draft' OR NEW.imported OR NEW.submitted_by_id IS NOT NULL OR NOT EXISTS (
            SELECT FROM public.procedures_procedure p WHERE p.id = NEW.procedure_id AND p.unit_id = NEW.unit_id
        ) THEN
            RAISE EXCEPTION 'a version starts as a draft of its unit' USING ERRCODE = 'insufficient_privilege';
        END IF;
        NEW.writers := ARRAY(
            SELECT DISTINCT w FROM public.procedures_version v, unnest(v.writers) w
            WHERE v.procedure_id = NEW.procedure_id AND v.published_at IS NULL AND w <> actor AND NOT EXISTS (
                SELECT FROM public.procedures_version p
                WHERE p.procedure_id = NEW.procedure_id AND p.published_at IS NOT NULL
                    AND (p.name, p.synonyms, p.content, p.sources)
                        IS NOT DISTINCT FROM (NEW.name, NEW.synonyms, NEW.content, NEW.sources)
            )
        ) || actor;
        NEW.written_by_id := actor;
        RETURN NEW;
    END IF;

    IF step = 'in_review > draft' AND NEW.submitted_by_id IS NULL THEN
        step := 'withdrawn';
    END IF;
    free := CASE step
        WHEN 'draft > draft' THEN
            '{name,synonyms,content,sources,confidence,checked_on,review_due,writers}'
        WHEN 'draft > in_review' THEN '{state,submitted_by_id,submitted_at,writers}'
        WHEN 'draft > discarded' THEN '{state,ended_by_id,ended_at}'
        WHEN 'in_review > draft' THEN '{state,returned_by_id,returned_at,reason}'
        WHEN 'withdrawn' THEN '{state,submitted_by_id,submitted_at}'
        WHEN 'in_review > published' THEN '{state,published_by_id,published_at}'
        WHEN 'published > superseded' THEN '{state,ended_by_id,ended_at}'
        WHEN 'published > expired' THEN '{state,ended_by_id,ended_at,reason}'
        ELSE '{}'
    END;
    IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'this does not change any more (%)', step USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF 'writers' = ANY(free) THEN
        NEW.writers := array_append(array_remove(OLD.writers, actor), actor);
    END IF;
    named := CASE step
        WHEN 'draft > in_review' THEN NEW.submitted_by_id
        WHEN 'draft > discarded' THEN NEW.ended_by_id
        WHEN 'in_review > draft' THEN NEW.returned_by_id
        WHEN 'in_review > published' THEN NEW.published_by_id
        WHEN 'published > superseded' THEN NEW.ended_by_id
        WHEN 'published > expired' THEN NEW.ended_by_id
        ELSE actor
    END;
    IF named IS DISTINCT FROM actor THEN
        RAISE EXCEPTION 'nobody acts in the name of another' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF step IN ('draft > discarded', 'withdrawn') AND actor IS DISTINCT FROM OLD.written_by_id
        AND (step <> 'withdrawn' OR actor IS DISTINCT FROM OLD.submitted_by_id)
    THEN
        RAISE EXCEPTION 'a draft is its author''s' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION walls.keep_flow() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor uuid := walls.officer();
    step text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state || ' > ' || NEW.state ELSE 'new' END;
    free text[];
    named uuid;
BEGIN
    IF actor IS NULL THEN
        RAISE EXCEPTION 'a flow is written by a person' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF step = 'new' THEN
        IF NEW.state <> 'draft' OR NEW.submitted_by_id IS NOT NULL OR NEW.published_by_id IS NOT NULL THEN
            RAISE EXCEPTION 'a flow starts as a draft' USING ERRCODE = 'insufficient_privilege';
        END IF;
        NEW.writers := ARRAY(
            SELECT DISTINCT w FROM public.procedures_flow f, unnest(f.writers) w
            WHERE f.unit_id = NEW.unit_id AND f.slug = NEW.slug AND f.published_at IS NULL AND w <> actor
            AND NOT EXISTS (
                SELECT FROM public.procedures_flow p
                WHERE p.unit_id = NEW.unit_id AND p.slug = NEW.slug AND p.published_at IS NOT NULL
                    AND (p.name, p.phrases, p.does, p.text, p.goes_to, p.items)
                        IS NOT DISTINCT FROM (NEW.name, NEW.phrases, NEW.does, NEW.text, NEW.goes_to, NEW.items)
            )
        ) || actor;
        NEW.written_by_id := actor;
        RETURN NEW;
    END IF;
    IF step = 'in_review > draft' AND NEW.submitted_by_id IS NULL THEN
        step := 'withdrawn';
    END IF;
    free := CASE step
        WHEN 'draft > draft' THEN '{slug,name,phrases,does,text,goes_to,items,writers}'
        WHEN 'draft > in_review' THEN '{state,submitted_by_id,submitted_at,writers}'
        WHEN 'draft > ended' THEN '{state,ended_by_id,ended_at}'
        WHEN 'in_review > draft' THEN '{state,returned_by_id,returned_at,reason}'
        WHEN 'withdrawn' THEN '{state,submitted_by_id,submitted_at}'
        WHEN 'in_review > published' THEN '{state,published_by_id,published_at}'
        WHEN 'published > ended' THEN '{state,ended_by_id,ended_at}'
        ELSE '{}'
    END;
    IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'this does not change any more (%)', step USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.slug <> OLD.slug AND EXISTS (
        SELECT FROM public.procedures_flow f
        WHERE f.unit_id = OLD.unit_id AND f.slug = OLD.slug AND f.published_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'menus lead to this name' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF 'writers' = ANY(free) THEN
        NEW.writers := array_append(array_remove(OLD.writers, actor), actor);
    END IF;
    named := CASE
        WHEN step = 'draft > in_review' THEN NEW.submitted_by_id
        WHEN step = 'in_review > draft' THEN NEW.returned_by_id
        WHEN step = 'in_review > published' THEN NEW.published_by_id
        WHEN step LIKE '% > ended' THEN NEW.ended_by_id
        ELSE actor
    END;
    IF named IS DISTINCT FROM actor THEN
        RAISE EXCEPTION 'nobody acts in the name of another' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF step = 'withdrawn' AND actor IS DISTINCT FROM OLD.written_by_id AND actor IS DISTINCT FROM OLD.submitted_by_id
    THEN
        RAISE EXCEPTION 'a draft is its author''s' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- How many published procedures of each commune below name a document, and how many of what it says of its own belongs
-- to the caller's published procedures that do: counts of what citizens may read anyway.
-- ``since``: only texts published before it; without it all.
CREATE FUNCTION walls.citing_below(law text, since timestamptz) RETURNS TABLE (unit uuid, own int, told int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH cited AS (
        SELECT v.unit_id, v.procedure_id FROM public.procedures_version v
        WHERE v.unit_id IN (SELECT walls.below()) AND v.state = 'published'
            AND (since IS NULL OR v.published_at < since)
            AND jsonb_path_exists(v.content, '$.legal_basis[*].number ? (@ == $number)', jsonb_build_object('number', law))
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
REVOKE ALL ON FUNCTION walls.citing_below(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.citing_below(text, timestamptz) TO zp_web;

-- A document the province has marked is changed for its communes, too.
CREATE POLICY zp_web_also ON procedures_lawchange FOR SELECT TO zp_web USING (unit_id = (SELECT walls.parent()));
