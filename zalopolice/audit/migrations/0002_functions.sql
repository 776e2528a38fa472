-- Append in the act's own transaction, unchained; one sealer chains later. A chain under the head's lock would make
-- every request of a unit wait for the one before it; ids taken before a lock break it with no tampering.
CREATE SCHEMA audit;
REVOKE ALL ON SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO zp_web, zp_worker, zp_vault, zp_audit;

CREATE FUNCTION audit.append(p_unit uuid, p_kind text, p_actor uuid, p_object_kind text, p_object uuid, p_detail jsonb)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_id uuid := gen_random_uuid();
    v_actor uuid := p_actor;
BEGIN
    IF session_user IN ('zp_web', 'zp_worker') THEN
        IF p_unit IS DISTINCT FROM walls.unit() THEN
            RAISE EXCEPTION 'an entry may be written for the unit of the context only';
        END IF;
        -- Who acted is what the signed context says, not what the caller claims.
        v_actor := walls.officer();
    END IF;
    INSERT INTO public.audit_entry (id, unit_id, at, kind, actor_id, zone, object_kind, object_id, detail)
    VALUES (v_id, p_unit, clock_timestamp(), p_kind, v_actor, substr(session_user, 4), p_object_kind, p_object, p_detail);
    RETURN v_id;
END $$;

-- Length-prefixed, so that no two different entries read the same.
CREATE FUNCTION audit.field(p_value text) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN p_value IS NULL THEN '\xffffffff'::bytea
    ELSE int4send(octet_length(convert_to(p_value, 'UTF8'))) || convert_to(p_value, 'UTF8') END
$$;

CREATE FUNCTION audit.digest(p_previous bytea, p_seq bigint, e public.audit_entry) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256('\x00'::bytea || p_previous || audit.field(p_seq::text) || audit.field(e.id::text)
        || audit.field(e.unit_id::text) || audit.field((extract(epoch FROM e.at) * 1000000)::bigint::text)
        || audit.field(e.kind) || audit.field(e.actor_id::text) || audit.field(e.zone)
        || audit.field(e.object_kind) || audit.field(e.object_id::text) || audit.field(e.detail::text))
$$;

CREATE FUNCTION audit.seal() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e public.audit_entry;
    v_unit uuid;
    v_seq bigint;
    v_hash bytea;
    v_count int := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('zalopolice audit sealer')) THEN
        RETURN 0;
    END IF;
    FOR e IN SELECT * FROM public.audit_entry WHERE seq IS NULL ORDER BY unit_id, at, id LIMIT 5000 LOOP
        IF v_unit IS DISTINCT FROM e.unit_id THEN
            v_unit := e.unit_id;
            SELECT a.seq, a.hash INTO v_seq, v_hash FROM public.audit_entry a
                WHERE a.unit_id = v_unit AND a.seq IS NOT NULL ORDER BY a.seq DESC LIMIT 1;
            v_seq := coalesce(v_seq, 0);
            v_hash := coalesce(v_hash, '\x'::bytea);
        END IF;
        v_seq := v_seq + 1;
        v_hash := audit.digest(v_hash, v_seq, e);
        UPDATE public.audit_entry SET seq = v_seq, hash = v_hash WHERE id = e.id;
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END $$;

-- The heads to keep elsewhere: without them a cut tail cannot be noticed.
CREATE FUNCTION audit.heads() RETURNS TABLE (unit uuid, seq bigint, hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, e.seq, e.hash
    FROM (SELECT id FROM public.units_unit UNION SELECT '00000000-0000-0000-0000-000000000000') u
    CROSS JOIN LATERAL (
        SELECT a.seq, a.hash FROM public.audit_entry a
        WHERE a.unit_id = u.id AND a.seq IS NOT NULL ORDER BY a.seq DESC LIMIT 1
    ) e
$$;

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Sealing fills seq and hash once; nothing else ever changes.
    IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
       AND to_jsonb(OLD) - 'seq' - 'hash' = to_jsonb(NEW) - 'seq' - 'hash' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON public.audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.append(uuid, text, uuid, text, uuid, jsonb) TO zp_web, zp_worker, zp_vault;
GRANT EXECUTE ON FUNCTION audit.seal(), audit.heads() TO zp_worker;
