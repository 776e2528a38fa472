-- What the app's own roles cannot get round: published words never change, everybody who wrote is counted, and whoever
-- publishes is somebody else. The person is the one of the signed context, whatever the statement says.
CREATE FUNCTION walls.keep_version() RETURNS trigger
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
        NEW.writers := ARRAY[actor];
        NEW.written_by_id := actor;
        RETURN NEW;
    END IF;

    free := CASE step
        WHEN 'draft > draft' THEN
            '{name,synonyms,content,sources,confidence,checked_on,review_due,writers}'
        WHEN 'draft > in_review' THEN '{state,submitted_by_id,submitted_at,writers}'
        WHEN 'in_review > draft' THEN '{state,returned_by_id,returned_at,reason}'
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
        WHEN 'in_review > draft' THEN NEW.returned_by_id
        WHEN 'in_review > published' THEN NEW.published_by_id
        WHEN 'published > superseded' THEN NEW.ended_by_id
        WHEN 'published > expired' THEN NEW.ended_by_id
        ELSE actor
    END;
    IF named IS DISTINCT FROM actor THEN
        RAISE EXCEPTION 'nobody acts in the name of another' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION walls.keep_version() FROM PUBLIC;

-- Its name comes after "unit_is_final": triggers fire in the order of their names.
CREATE TRIGGER version_is_kept BEFORE INSERT OR UPDATE ON procedures_version
FOR EACH ROW EXECUTE FUNCTION walls.keep_version();
