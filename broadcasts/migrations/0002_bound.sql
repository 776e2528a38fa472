-- What an approval binds, held by the database for every role: the page, the ORM and raw SQL meet the same wall.
-- Trigger functions run as the owner, so that they see the whole row set of a post; session_user stays who asks.
CREATE SCHEMA posts;
REVOKE ALL ON SCHEMA posts FROM PUBLIC;

ALTER TABLE broadcasts_postversion
    ADD CONSTRAINT post_version_has_writers
        CHECK (cardinality(writers) > 0 AND array_position(writers, NULL) IS NULL),
    -- Two people, whatever the page says (design D21 and the issue: approver ≠ author and ≠ submitter).
    ADD CONSTRAINT post_version_approver_wrote_nothing
        CHECK (approved_by_id IS NULL OR (approved_by_id <> ALL (writers) AND approved_by_id <> submitted_by_id)),
    ADD CONSTRAINT post_version_digest_is_one CHECK (digest = '' OR digest ~ '^[0-9a-f]{64}$');

ALTER TABLE broadcasts_postimage
    ADD CONSTRAINT post_image_is_its_name CHECK (sha256 = encode(sha256(data), 'hex')),
    ADD CONSTRAINT post_image_size CHECK (octet_length(data) BETWEEN 1 AND 1048576);

-- The role by which this officer may approve posts today (zalopolice/units/roles.py), or null.
CREATE FUNCTION posts.approves_as(p_unit uuid, p_officer uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.role FROM public.units_membership m JOIN public.units_officer o ON o.id = m.officer_id
    WHERE m.unit_id = p_unit AND m.officer_id = p_officer AND o.is_active
      AND (m.role = 'chief' OR (m.role = 'deputy_chief' AND m.deputation <> '')) AND m.ended_at IS NULL
      AND m.since <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
      AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
    ORDER BY m.role LIMIT 1
$$;

CREATE FUNCTION posts.refuse_unless(p_allowed boolean, p_why text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_allowed IS NOT TRUE THEN
        RAISE EXCEPTION 'posts: %', p_why USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- Triggers come before the wall's own check of a new row; their words must not tell about another unit's posts.
CREATE FUNCTION posts.refuse_foreign(p_unit uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF session_user = 'zp_web' AND p_unit IS DISTINCT FROM walls.unit() THEN
        RAISE EXCEPTION 'new row violates row-level security policy' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION posts.union_of(a uuid[], b uuid[]) RETURNS uuid[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT one ORDER BY one), '{}') FROM unnest(a || b) one WHERE one IS NOT NULL
$$;

CREATE FUNCTION posts.begun(p_unit uuid, p_post uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.broadcasts_dispatch d JOIN public.broadcasts_postversion v ON v.id = d.version_id
        WHERE v.unit_id = p_unit AND v.post_id = p_post AND d.state IN ('sending', 'sent', 'unknown'))
$$;

CREATE FUNCTION posts.new_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM posts.refuse_foreign(NEW.unit_id);
    PERFORM posts.refuse_unless(
        NEW.status = 'draft' AND NEW.submitted_by_id IS NULL AND NEW.approved_by_id IS NULL,
        'a version begins as a draft');
    PERFORM posts.refuse_unless(NOT posts.begun(NEW.unit_id, NEW.post_id), 'this post has left already');
    -- Words of earlier versions live on in this one, and so do their writers.
    NEW.writers := posts.union_of(
        posts.union_of(NEW.writers, ARRAY[walls.officer()]),
        ARRAY(SELECT unnest(v.writers) FROM public.broadcasts_postversion v
              WHERE v.unit_id = NEW.unit_id AND v.post_id = NEW.post_id));
    RETURN NEW;
END $$;

CREATE FUNCTION posts.changed_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    web boolean := session_user = 'zp_web';
    arrow text := OLD.status || '>' || NEW.status;
    words_changed boolean := (OLD.title, OLD.description, OLD.author, OLD.body, OLD.cover_sha256, OLD.gender, OLD.ages,
            OLD.cities, OLD.oa_ids, OLD.send_at, OLD.post_id, OLD.number)
        IS DISTINCT FROM (NEW.title, NEW.description, NEW.author, NEW.body, NEW.cover_sha256, NEW.gender, NEW.ages,
            NEW.cities, NEW.oa_ids, NEW.send_at, NEW.post_id, NEW.number);
BEGIN
    PERFORM posts.refuse_unless(NOT words_changed OR arrow = 'draft>draft', 'a submitted version is final');
    IF words_changed THEN
        NEW.writers := posts.union_of(posts.union_of(OLD.writers, NEW.writers), ARRAY[walls.officer()]);
    ELSE
        PERFORM posts.refuse_unless(NEW.writers @> OLD.writers, 'a writer stays a writer');
    END IF;
    IF OLD.status <> NEW.status THEN
        PERFORM posts.refuse_unless(arrow = ANY (ARRAY[
            'draft>submitted', 'draft>withdrawn', 'submitted>returned', 'submitted>scheduled', 'submitted>withdrawn',
            'returned>withdrawn', 'scheduled>held', 'scheduled>dispatched', 'scheduled>withdrawn', 'held>scheduled',
            'held>withdrawn']), 'no such step');
        PERFORM posts.refuse_unless(NOT (web AND NEW.status = 'dispatched'), 'only the vault sends');
        PERFORM posts.refuse_unless(
            NEW.status <> 'withdrawn' OR NOT posts.begun(NEW.unit_id, NEW.post_id), 'this post has left already');
    END IF;

    IF arrow = 'draft>submitted' THEN
        PERFORM posts.refuse_unless(NOT web OR NEW.submitted_by_id = walls.officer(), 'each submits in his own name');
    ELSE
        PERFORM posts.refuse_unless((OLD.submitted_by_id, OLD.submitted_at, OLD.digest)
            IS NOT DISTINCT FROM (NEW.submitted_by_id, NEW.submitted_at, NEW.digest), 'a submission is final');
    END IF;

    IF arrow = 'submitted>scheduled' THEN
        PERFORM posts.refuse_unless(NOT web OR NEW.approved_by_id = walls.officer(), 'each approves in his own name');
        NEW.approved_as := posts.approves_as(NEW.unit_id, NEW.approved_by_id);
        PERFORM posts.refuse_unless(NEW.approved_as IS NOT NULL, 'no right to approve');
        PERFORM posts.refuse_unless(NEW.send_at IS NULL OR NEW.due_at = NEW.send_at, 'it leaves at the time approved');
    ELSE
        PERFORM posts.refuse_unless(
            (OLD.approved_by_id, OLD.approved_at, OLD.approved_as, OLD.accepted_findings, OLD.due_at)
            IS NOT DISTINCT FROM
            (NEW.approved_by_id, NEW.approved_at, NEW.approved_as, NEW.accepted_findings, NEW.due_at),
            'an approval is final');
    END IF;
    IF arrow = 'held>scheduled' AND web THEN
        PERFORM posts.refuse_unless(
            posts.approves_as(NEW.unit_id, walls.officer()) IS NOT NULL, 'no right to let it leave');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER new_version BEFORE INSERT ON broadcasts_postversion
    FOR EACH ROW EXECUTE FUNCTION posts.new_version();
CREATE TRIGGER changed_version BEFORE UPDATE ON broadcasts_postversion
    FOR EACH ROW EXECUTE FUNCTION posts.changed_version();

-- One dispatch leaves once: nothing leads back from "sending" but the vault's "certainly not sent".
CREATE FUNCTION posts.new_dispatch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM posts.refuse_foreign(NEW.unit_id);
    PERFORM posts.refuse_unless(
        (NEW.article_token, NEW.article_id, NEW.message_id) = ('', '', '') AND NEW.started_at IS NULL,
        'only the vault knows what lies at Zalo');
    PERFORM posts.refuse_unless(NEW.state = 'waiting' AND EXISTS (
        SELECT FROM public.broadcasts_postversion v JOIN public.gateway_officialaccount o
            ON o.id = NEW.oa_id AND o.unit_id = v.unit_id AND o.oa_id = ANY (v.oa_ids)
        WHERE v.id = NEW.version_id AND v.unit_id = NEW.unit_id AND v.status = 'scheduled' AND v.due_at = NEW.due_at),
        'only an approved version is dispatched, to the accounts and at the time approved');
    RETURN NEW;
END $$;

CREATE FUNCTION posts.changed_dispatch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    web boolean := session_user = 'zp_web';
    arrow text := OLD.state || '>' || NEW.state;
    status text;
BEGIN
    PERFORM posts.refuse_unless((OLD.version_id, OLD.oa_id, OLD.due_at)
        IS NOT DISTINCT FROM (NEW.version_id, NEW.oa_id, NEW.due_at), 'a dispatch keeps its post, account and time');
    -- Otherwise the approved row would carry somebody else's article to the followers.
    PERFORM posts.refuse_unless(NOT web OR (OLD.article_token, OLD.article_id, OLD.message_id, OLD.started_at)
        IS NOT DISTINCT FROM (NEW.article_token, NEW.article_id, NEW.message_id, NEW.started_at),
        'only the vault knows what lies at Zalo');
    IF OLD.state = NEW.state THEN
        RETURN NEW;
    END IF;
    PERFORM posts.refuse_unless(arrow = ANY (ARRAY[
        'waiting>held', 'waiting>cancelled', 'creating>held', 'creating>cancelled', 'verifying>held',
        'verifying>cancelled', 'ready>held', 'ready>cancelled', 'held>waiting', 'held>cancelled', 'unknown>sent',
        'unknown>failed']) OR (NOT web AND arrow = ANY (ARRAY[
        'waiting>creating', 'waiting>ready', 'waiting>failed', 'creating>verifying', 'creating>waiting',
        'creating>failed', 'verifying>ready', 'verifying>waiting', 'verifying>failed', 'ready>sending', 'ready>failed',
        'sending>sent', 'sending>unknown', 'sending>failed', 'sending>ready'])), 'no such step');
    SELECT v.status INTO status FROM public.broadcasts_postversion v
        WHERE v.id = NEW.version_id AND v.unit_id = NEW.unit_id AND v.approved_by_id IS NOT NULL;
    IF NEW.state IN ('waiting', 'creating', 'ready', 'sending') THEN
        PERFORM posts.refuse_unless(status IN ('scheduled', 'dispatched'), 'this post is not approved to leave');
    END IF;
    IF arrow = 'held>waiting' AND web THEN
        PERFORM posts.refuse_unless(
            posts.approves_as(NEW.unit_id, walls.officer()) IS NOT NULL, 'no right to let it leave');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER new_dispatch BEFORE INSERT ON broadcasts_dispatch
    FOR EACH ROW EXECUTE FUNCTION posts.new_dispatch();
CREATE TRIGGER changed_dispatch BEFORE UPDATE ON broadcasts_dispatch
    FOR EACH ROW EXECUTE FUNCTION posts.changed_dispatch();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA posts FROM PUBLIC;
