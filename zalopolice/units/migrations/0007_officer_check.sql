-- What nobody waits for any more: of who asked or typed a wrong password not even the hash stays.
CREATE FUNCTION walls.forget_delays() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM public.units_delay WHERE key IN (
        SELECT d.key FROM public.units_delay d WHERE d.at < now() - interval '1 hour' FOR UPDATE SKIP LOCKED)
$$;

-- "yes" with a name and an end, "no", or "wait"; wrong, expired and foreign codes are one "no". Of who asks a keyed hash
-- is kept, to count. A right code gives its try back: a whole family may ask.
-- Who guesses waits alone: an address, then the site it belongs to (one line may have thousands of IPv6 addresses). The
-- page of a unit as a whole is braked only against very many sites at once, and is open again ten minutes later.
CREATE OR REPLACE FUNCTION walls.ask_officer_code(p_unit uuid, p_code text, p_asker text)
RETURNS TABLE (verdict text, shown_as text, until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_today date := (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
    v_asker text := walls.check_mac(concat_ws('|', 'asker', session_user, p_asker));
    v_site text := CASE WHEN p_asker LIKE '%:%/64'
        THEN walls.check_mac('site|' || network(set_masklen(p_asker::inet, 48))) END;
    v_all text := walls.check_mac(concat_ws('|', 'asked', p_unit, floor(extract(epoch FROM now()) / 600)));
BEGIN
    IF session_user = 'zp_worker' AND p_unit IS DISTINCT FROM walls.unit() THEN
        RETURN QUERY SELECT 'no', ''::text, NULL::timestamptz;
        RETURN;
    END IF;
    -- Citizens on Zalo are persons; the open page may be asked by thousands of addresses at once.
    IF NOT walls.pay_check(v_asker, 5)
        OR (v_site IS NOT NULL AND NOT walls.pay_check(v_site, 50))
        OR (session_user = 'zp_public' AND NOT walls.pay_check(v_all, 1000))
    THEN
        RETURN QUERY SELECT 'wait', ''::text, NULL::timestamptz;
        RETURN;
    END IF;
    -- The role is looked at now: whoever has lost it since the press of the button is no officer of this unit.
    -- The roles are those that may show a code (units/roles.py).
    RETURN QUERY SELECT 'yes', c.shown_as::text, c.until
        FROM public.units_officercheck c JOIN public.units_officer o ON o.id = c.officer_id
        WHERE c.unit_id = p_unit AND c.until > clock_timestamp() AND o.is_active
            AND c.mac = walls.check_mac('code|' || p_unit || '|' || p_code)
            AND EXISTS (
                SELECT FROM public.units_membership m
                WHERE m.unit_id = c.unit_id AND m.officer_id = c.officer_id AND m.ended_at IS NULL
                    AND m.since <= v_today AND (m.until IS NULL OR m.until >= v_today)
                    AND m.role IN ('officer', 'duty_officer', 'deputy_chief', 'chief'));
    IF FOUND THEN
        UPDATE public.units_delay d SET failures = d.failures - 1, until = now()
            WHERE d.key IN (v_asker, v_site, v_all) AND d.failures > 0;
    ELSE
        RETURN QUERY SELECT 'no', ''::text, NULL::timestamptz;
    END IF;
END $$;

REVOKE ALL ON FUNCTION walls.forget_delays() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION walls.forget_delays() TO zp_worker;
