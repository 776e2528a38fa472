-- Wall 2. Functions run as the owner, who alone can read the keys; the app roles may only call them.
CREATE SCHEMA walls;
REVOKE ALL ON SCHEMA walls FROM PUBLIC;
GRANT USAGE ON SCHEMA walls TO zp_web, zp_public, zp_worker, zp_vault, zp_audit;

-- HMAC-SHA256 with its key already padded (there is no pgcrypto): mac = sha256(outer || sha256(inner || message)).
CREATE TABLE walls.context_key (role name PRIMARY KEY, inner_pad bytea NOT NULL, outer_pad bytea NOT NULL);
CREATE TABLE walls.job_table (name text PRIMARY KEY);

CREATE FUNCTION walls.mac(p_role name, p_message text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(p_message, 'UTF8'))), 'hex')
    FROM walls.context_key k WHERE k.role = p_role
$$;

-- The believed context {unit, officer}, or null: missing, malformed, expired or signed with another key.
CREATE FUNCTION walls.context() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text[] := string_to_array(current_setting('zp.ctx', true), '.');
BEGIN
    IF array_length(part, 1) IS DISTINCT FROM 5 OR part[1] <> 'v1' OR part[4] !~ '^[0-9]{9,11}$' THEN
        RETURN NULL;
    END IF;
    IF part[4]::bigint < extract(epoch FROM clock_timestamp()) THEN
        RETURN NULL;
    END IF;
    IF walls.mac(session_user, concat_ws('.', part[1], part[2], part[3], part[4])) IS DISTINCT FROM part[5] THEN
        RETURN NULL;
    END IF;
    RETURN part[2:3];
END $$;

CREATE FUNCTION walls.unit() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT nullif((walls.context())[1], '')::uuid $$;

CREATE FUNCTION walls.officer() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT nullif((walls.context())[2], '')::uuid $$;

-- A worker may enter the unit of a row that waits, and no other. It holds no signing key.
CREATE FUNCTION walls.enter_job(p_table text, p_id uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_unit uuid;
    v_message text;
BEGIN
    PERFORM set_config('zp.ctx', '', true);
    IF session_user <> 'zp_worker' OR NOT EXISTS (SELECT FROM walls.job_table WHERE name = p_table) THEN
        RETURN NULL;
    END IF;
    -- Bounded, so that a row put off for years is no key to its unit; the longest pause of the queue is two hours.
    EXECUTE format('SELECT unit_id FROM public.%I WHERE id = $1 AND queue = $2 AND next_at <= $3', p_table)
        INTO v_unit USING p_id, 'worker', now() + interval '3 hours';
    IF v_unit IS NULL THEN
        RETURN NULL;
    END IF;
    v_message := concat_ws('.', 'v1', v_unit, '', (extract(epoch FROM clock_timestamp()) + 300)::bigint);
    PERFORM set_config('zp.ctx', v_message || '.' || walls.mac(session_user, v_message), true);
    RETURN v_unit;
END $$;

-- The sweeper learns ids and nothing else.
CREATE FUNCTION walls.due(p_table text, p_limit int) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF session_user <> 'zp_worker' OR NOT EXISTS (SELECT FROM walls.job_table WHERE name = p_table) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM public.%I WHERE queue = $1 AND next_at <= now() ORDER BY next_at LIMIT $2', p_table)
        USING 'worker', p_limit;
END $$;

CREATE FUNCTION walls.refuse_unit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'unit_id is final';
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA walls FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.unit(), walls.officer() TO zp_web, zp_public, zp_worker, zp_vault, zp_audit;
GRANT EXECUTE ON FUNCTION walls.enter_job(text, uuid), walls.due(text, int) TO zp_worker;
