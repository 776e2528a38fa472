-- As of a version (0002_guard.sql): published words never change, everybody who wrote is counted, and the person is the
-- one of the signed context, whatever the statement says.
CREATE FUNCTION walls.keep_flow() RETURNS trigger
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
        NEW.writers := ARRAY[actor];
        NEW.written_by_id := actor;
        RETURN NEW;
    END IF;
    free := CASE step
        WHEN 'draft > draft' THEN '{name,phrases,does,text,goes_to,items,writers}'
        WHEN 'draft > in_review' THEN '{state,submitted_by_id,submitted_at,writers}'
        WHEN 'draft > ended' THEN '{state,ended_by_id,ended_at}'
        WHEN 'in_review > draft' THEN '{state,returned_by_id,returned_at,reason}'
        WHEN 'in_review > published' THEN '{state,published_by_id,published_at}'
        WHEN 'published > ended' THEN '{state,ended_by_id,ended_at}'
        ELSE '{}'
    END;
    IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'this does not change any more (%)', step USING ERRCODE = 'integrity_constraint_violation';
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
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION walls.keep_flow() FROM PUBLIC;

-- Its name comes before "unit_is_final", whose column it leaves alone.
CREATE TRIGGER flow_is_kept BEFORE INSERT OR UPDATE ON procedures_flow
FOR EACH ROW EXECUTE FUNCTION walls.keep_flow();
