-- Whether a code is an officer's (features.md F12). The key lies here because three zones must agree on the hash and the
-- citizens' zone, which anybody can reach, holds no key and may read no row of the table: it may ask, and is braked.
CREATE TABLE walls.check_key (inner_pad bytea NOT NULL, outer_pad bytea NOT NULL);
INSERT INTO walls.check_key
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
           || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
       sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
           || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

CREATE FUNCTION walls.check_mac(p_text text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(p_text, 'UTF8'))), 'hex')
    FROM walls.check_key k
$$;

-- What the portal keeps of a code of its own unit.
CREATE FUNCTION walls.officer_code(p_code text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT walls.check_mac('code|' || walls.unit() || '|' || p_code) $$;

-- Pays for one try before it is judged: p_free an hour, then one in ten minutes. False: not now.
CREATE FUNCTION walls.pay_check(p_key text, p_free int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.units_delay AS d (key, failures, until, at) VALUES (p_key, 1, now(), now())
    ON CONFLICT (key) DO UPDATE SET
        at = now(),
        failures = CASE WHEN d.at < now() - interval '1 hour' THEN 1 ELSE d.failures + 1 END,
        until = CASE WHEN d.at < now() - interval '1 hour' OR d.failures + 1 < p_free THEN now()
            ELSE now() + interval '10 minutes' END
    WHERE d.until <= now();
    RETURN FOUND;
END $$;

-- "yes" with a name and an end, "no", or "wait"; wrong, expired and foreign codes are one "no". Of who asks a keyed hash
-- is kept, to count. A right code gives its try back: a whole family may ask.
CREATE FUNCTION walls.ask_officer_code(p_unit uuid, p_code text, p_asker text)
RETURNS TABLE (verdict text, shown_as text, until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_asker text := walls.check_mac(concat_ws('|', 'asker', session_user, p_asker));
    v_all text := walls.check_mac('asked|' || p_unit);
BEGIN
    IF session_user = 'zp_worker' AND p_unit IS DISTINCT FROM walls.unit() THEN
        RETURN QUERY SELECT 'no', ''::text, NULL::timestamptz;
        RETURN;
    END IF;
    -- Citizens on Zalo are persons; the open page may be asked by thousands of addresses at once.
    IF NOT walls.pay_check(v_asker, 5) OR (session_user = 'zp_public' AND NOT walls.pay_check(v_all, 300)) THEN
        RETURN QUERY SELECT 'wait', ''::text, NULL::timestamptz;
        RETURN;
    END IF;
    RETURN QUERY SELECT 'yes', c.shown_as::text, c.until
        FROM public.units_officercheck c JOIN public.units_officer o ON o.id = c.officer_id
        WHERE c.unit_id = p_unit AND c.until > clock_timestamp() AND o.is_active
            AND c.mac = walls.check_mac('code|' || p_unit || '|' || p_code);
    IF FOUND THEN
        UPDATE public.units_delay d SET failures = d.failures - 1, until = now()
            WHERE d.key IN (v_asker, v_all) AND d.failures > 0;
    ELSE
        RETURN QUERY SELECT 'no', ''::text, NULL::timestamptz;
    END IF;
END $$;

-- The connected accounts of a unit and of the one above it. The worker, who answers on Zalo, sees its own unit only.
CREATE FUNCTION walls.official_accounts(p_unit uuid) RETURNS TABLE (unit text, name text, oa_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF session_user = 'zp_worker' AND p_unit IS DISTINCT FROM walls.unit() THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT u.name::text, a.name::text, a.oa_id::text
        FROM public.gateway_officialaccount a JOIN public.units_unit u ON u.id = a.unit_id
        WHERE a.connected_at IS NOT NULL
            AND (u.id = p_unit OR u.id = (SELECT one.parent_id FROM public.units_unit one WHERE one.id = p_unit))
        ORDER BY (u.id = p_unit) DESC, a.name, a.oa_id;
END $$;

-- Rings once a month in every unit that publishes a number nobody has called for thirty days.
CREATE FUNCTION walls.remind_of_numbers() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.units_alert AS a (id, unit_id, kind, subject, officer_id, permission, at)
    SELECT gen_random_uuid(), u.id, 'hotline_stale', '00000000-0000-0000-0000-000000000000', NULL, 'hotline_edit', now()
    FROM public.units_unit u
    WHERE (u.closes_on IS NULL OR u.closes_on >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) AND EXISTS (
        SELECT FROM public.units_hotlinecontact c
        WHERE c.unit_id = u.id AND c.is_public
            AND c.verified_on < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - 30)
    ON CONFLICT (unit_id, kind, subject, officer_id, permission) DO UPDATE SET at = now()
        WHERE a.at <= now() - interval '30 days'
$$;

REVOKE ALL ON FUNCTION walls.check_mac(text), walls.officer_code(text), walls.pay_check(text, int),
    walls.ask_officer_code(uuid, text, text), walls.official_accounts(uuid), walls.remind_of_numbers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.officer_code(text) TO zp_web;
GRANT EXECUTE ON FUNCTION walls.ask_officer_code(uuid, text, text), walls.official_accounts(uuid)
    TO zp_public, zp_worker;
GRANT EXECUTE ON FUNCTION walls.remind_of_numbers() TO zp_worker;
