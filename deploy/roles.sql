-- Roles and rights on the database, for production; the launcher of the demo runs this same file.
--
--   createdb -T template0 -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 zalopolice     (PostgreSQL 15, 16: --locale=C.UTF-8)
--   psql -d zalopolice -v ON_ERROR_STOP=1 -v zp_owner_password=… -v zp_web_password=… (one for each role) -f deploy/roles.sql
--   then, as zp_owner: ZALOPOLICE_ZONE=owner python manage.py migrate
--
-- Run by a superuser; may be run again, for instance to change passwords. Rights on tables are made by the migrations.
-- One process, one role (design D18). No role may step over row-level security but zp_owner, which no running process uses.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['zp_owner', 'zp_webhook', 'zp_web', 'zp_public', 'zp_vault', 'zp_worker', 'zp_audit'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
    END LOOP;
END
$$;

ALTER ROLE zp_owner BYPASSRLS PASSWORD :'zp_owner_password';
ALTER ROLE zp_webhook PASSWORD :'zp_webhook_password';
ALTER ROLE zp_web PASSWORD :'zp_web_password';
ALTER ROLE zp_public PASSWORD :'zp_public_password';
ALTER ROLE zp_vault PASSWORD :'zp_vault_password';
ALTER ROLE zp_worker PASSWORD :'zp_worker_password';
ALTER ROLE zp_audit PASSWORD :'zp_audit_password';

ALTER DATABASE :"DBNAME" OWNER TO zp_owner;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO zp_owner, zp_webhook, zp_web, zp_public, zp_vault, zp_worker, zp_audit;

ALTER SCHEMA public OWNER TO zp_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO zp_webhook, zp_web, zp_public, zp_vault, zp_worker, zp_audit;
