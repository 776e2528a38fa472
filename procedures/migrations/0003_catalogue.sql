-- What a person has published was judged by a person, also when the import carried it in. The name comes after
-- "version_is_kept": triggers fire in the order of their names, and that one lets nobody else touch the column.
CREATE FUNCTION walls.settle_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.state = 'published' AND NEW.published_by_id IS NOT NULL THEN
        NEW.imported := false;
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION walls.settle_version() FROM PUBLIC;

CREATE TRIGGER version_is_settled BEFORE UPDATE OF state ON procedures_version
FOR EACH ROW EXECUTE FUNCTION walls.settle_version();
