"""What the database itself says about the walls: no table, role or function is forgotten (issue 2, row 3)."""

from __future__ import annotations

import pytest

from tests.units.conftest import login

ROLES = ("zp_webhook", "zp_web", "zp_public", "zp_vault", "zp_worker", "zp_audit")
BY_CONTEXT = {"zp_web", "zp_public", "zp_worker"}

UNIQUE_WITHOUT_UNIT = {
    # Two communes with one account would mix their tips; the id is on posters, so an error tells nothing.
    ("gateway_officialaccount", ("oa_id",)),
    # One-to-one with a row named by a random UUID: who does not know the UUID learns nothing, who knows it was there.
    ("gateway_token", ("oa_id",)),
    ("tips_filed", ("message_id",)),
    ("tips_caseentry", ("message_id",)),
}

WITHOUT_UNIT = {
    # Every other table the roles may touch at all, and how.
    "zp_webhook": {"gateway_webhooksecret": {"SELECT"}, "gateway_inboundevent": set()},
    "zp_public": {
        "django_migrations": {"SELECT"},
        "gateway_domainproof": {"SELECT"},
        "units_calendarday": {"SELECT"},
        "units_unit": {"SELECT"},
    },
    "zp_web": {
        "django_migrations": {"SELECT"},
        "gateway_channelrule": {"SELECT"},
        "gateway_domainproof": {"SELECT", "INSERT", "DELETE"},
        "gateway_sendingpause": set(),  # of columns: all but what each unit has waiting; who let it go on, and when
        "gateway_snapshot": {"SELECT"},
        "gateway_webhooksecret": {"INSERT", "DELETE"},  # and of the columns those that are no secret
        "gateway_zaloapp": {"SELECT", "INSERT"},
        "mfa_authenticator": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "units_calendarday": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "units_delay": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "units_device": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "units_officer": {"SELECT"},
        "units_officersession": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "units_unit": {"SELECT"},
    },
    "zp_worker": {
        "django_migrations": {"SELECT"},
        "gateway_channelrule": {"SELECT"},
        "units_calendarday": {"SELECT"},
        "units_unit": {"SELECT"},
    },
    "zp_vault": {
        "django_migrations": {"SELECT"},
        "gateway_channelrule": {"SELECT"},
        "gateway_inboundevent": {"SELECT", "UPDATE", "DELETE"},
        "gateway_pace": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "gateway_sendingpause": {"SELECT", "INSERT", "UPDATE"},
        "gateway_vaultmark": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "gateway_snapshot": {"SELECT", "INSERT", "UPDATE"},
        "gateway_webhooksecret": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "gateway_zaloapp": {"SELECT"},
        "units_unit": {"SELECT"},
    },
    "zp_audit": {"units_unit": {"SELECT"}},
}

PUBLISHED = {
    # What citizens may read across units: some columns, and of these rows only.
    "broadcasts_postimage": "(published_at IS NOT NULL)",
    "broadcasts_postversion": "((status)::text = 'dispatched'::text)",
    "gateway_officialaccount": "(connected_at IS NOT NULL)",
    "gateway_sharedfile": "(retired_at IS NULL)",
    "gateway_sourcetag": "(retired_at IS NULL)",
    "procedures_procedure": "(EXISTS ( SELECT FROM procedures_version v WHERE ((v.procedure_id ="
    " procedures_procedure.id) AND ((v.state)::text = 'published'::text))))",
    "procedures_unitoverride": "true",
    "procedures_version": "((state)::text = 'published'::text)",
    "units_area": "is_active",
    "units_hotlinecontact": "is_public",
    "units_office": "true",
}

INHERITED = {
    # What a commune also reads of its province's rows: those that are published, and no others.
    "gateway_sharedfile": "(retired_at IS NULL)",
    "procedures_procedure": "= 'published'",
    "procedures_version": "= 'published'",
    "procedures_flow": "= 'published'",
    "procedures_lawchange": "",  # which document was changed is no secret; for the portal only
}

NEVER = {
    "zp_webhook": {"*"},
    "zp_public": {"* but what is published"},
    "zp_audit": {"* but audit_entry"},
    "zp_web": {"vault_", "gateway_token", "gateway_dialogue", "procedures_languagechoice"},
    "zp_worker": {"vault_", "gateway_token", "gateway_consent", "units_membership", "audit_entry"},
    "zp_vault": {"tips_", "units_membership", "units_area", "audit_entry"},
}


def ask(query, *values):
    with login("owner") as owner:
        return owner.execute(query, values or None).fetchall()


def rights(role, schema="public"):
    """Table → rights of a role, rights on single columns included as ``right(columns)``."""
    rows = ask(
        "SELECT c.relname, array_remove(array_agg(CASE WHEN has_table_privilege(%s, c.oid, r) THEN r END), NULL),"
        " bool_or(has_any_column_privilege(%s, c.oid, 'SELECT')"
        " OR has_any_column_privilege(%s, c.oid, 'INSERT') OR has_any_column_privilege(%s, c.oid, 'UPDATE'))"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
        " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) r"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm') GROUP BY 1",
        *[role] * 4,
        schema,
    )
    return {table: set(held) for table, held, any_column in rows if held or any_column}


def test_every_table_with_a_unit_forces_row_security(walled):
    rows = ask(
        "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relrowsecurity AND relforcerowsecurity", walled
    )

    assert sorted(row[0] for row in rows) == walled
    assert len(walled) >= 20


def test_every_role_with_a_right_has_a_policy_that_checks_what_is_written(walled):
    policies = {
        (table, role): (command, using, check)
        for table, roles, command, using, check in ask(
            "SELECT tablename, roles, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
        )
        for role in roles
        if command == "ALL"
    }
    held = {(table, role) for role in ROLES for table in rights(role) if table in walled and role != "zp_public"}

    assert held <= set(policies)
    assert not [key for key in policies if key[1] == "public"]
    for (table, role), (_, using, check) in policies.items():
        assert check is not None, (table, role)
        if role in BY_CONTEXT:
            assert "unit_id = ( SELECT walls.unit()" in using == check.replace(") AS unit)", ") AS unit)"), (
                table,
                role,
            )


def test_what_widens_reading_widens_nothing_else():
    rows = ask(
        "SELECT tablename, roles::text, cmd, qual FROM pg_policies"
        " WHERE cmd <> 'ALL' AND permissive = 'PERMISSIVE' ORDER BY 1"
    )
    published = {row[0]: " ".join(row[3].split()) for row in rows if row[1] == "{zp_public}"}
    other = [row for row in rows if row[1] != "{zp_public}"]

    assert {row[2] for row in rows} == {"SELECT"}
    assert published == PUBLISHED
    above = [row for row in other if "unit_id = ( SELECT walls.parent()" in row[3]]  # of it what is published, only
    readers = {(table, role) for table in INHERITED for role in ("{zp_web}", "{zp_worker}")}
    assert {row[:2] for row in above} == readers - {("procedures_lawchange", "{zp_worker}")}
    assert all(INHERITED[row[0]] in row[3] and " OR " not in row[3] for row in above)
    below = [row for row in other if "SELECT walls.below()" in row[3]]
    # Times and kinds, no words and nobody's; and what a commune's editor has read, masked and passed up.
    assert [row[:2] for row in below] == [("gateway_incident", "{zp_web}"), ("procedures_misscluster", "{zp_web}")]
    assert "'proposed'" in below[1][3]
    own = [row for row in other if row not in above and row not in below]
    assert [row[:2] for row in own] == [("units_membership", "{zp_web}")]
    assert "officer_id = ( SELECT walls.officer()" in own[0][3]


def test_what_narrows_beside_the_wall():
    rows = ask("SELECT tablename, roles::text, cmd, with_check FROM pg_policies WHERE permissive = 'RESTRICTIVE'")

    assert rows == [("gateway_officialaccount", "{zp_web}", "INSERT", "(connected_at IS NULL)")]


def test_zone_public_reads_what_is_published_and_writes_nothing(walled):
    held = {table: found for table, found in rights("zp_public").items() if table in walled}

    assert set(held) == set(PUBLISHED)
    assert set().union(*held.values()) == set()  # columns only, never a whole table


def test_unique_rows_are_unique_within_their_unit(walled):
    rows = ask(
        "SELECT t.relname, array_agg(a.attname::text ORDER BY a.attname) FROM pg_index i"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey)"
        " WHERE t.relname = ANY(%s) AND i.indisunique AND NOT i.indisprimary GROUP BY t.relname, i.indexrelid",
        walled,
    )

    assert {(table, tuple(columns)) for table, columns in rows if "unit_id" not in columns} == UNIQUE_WITHOUT_UNIT


def test_no_foreign_key_reaches_from_one_walled_table_into_another(walled):
    """The database checks a foreign key past the walls: an error would tell that a foreign row exists."""
    rows = ask(
        "SELECT a.relname, b.relname FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid"
        " JOIN pg_class b ON b.oid = c.confrelid WHERE c.contype = 'f' AND a.relname = ANY(%s) AND b.relname = ANY(%s)",
        walled,
        walled,
    )

    assert rows == []


def test_the_logins_own_nothing_and_step_over_nothing():
    rows = ask(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolbypassrls OR rolcreaterole"
        " OR rolcreatedb OR rolreplication OR NOT rolcanlogin)",
        list(ROLES),
    )
    owned = ask(
        "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = ANY(%s)"
        " UNION SELECT proname FROM pg_proc WHERE pg_get_userbyid(proowner) = ANY(%s)",
        list(ROLES),
        list(ROLES),
    )
    members = ask(
        "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member OR r.oid = m.roleid"
        " WHERE r.rolname = ANY(%s)",
        [*ROLES, "zp_owner"],
    )

    assert (rows, owned, members) == ([], [], [])
    assert ask("SELECT 1 FROM pg_roles WHERE rolname = 'zp_beat'") == []


@pytest.mark.parametrize("role", ROLES)
def test_a_login_makes_no_objects_anywhere(role):
    rows = ask("SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%s, oid, 'CREATE')", role)
    database = ask(
        "SELECT has_database_privilege(%s, current_database(), 'CREATE'),"
        " has_database_privilege(%s, current_database(), 'TEMP')",
        role,
        role,
    )

    assert (rows, database) == ([], [(False, False)])


@pytest.mark.parametrize("role", ROLES)
def test_a_login_reaches_the_tables_it_needs_and_no_others(role, walled):
    held = rights(role)

    assert {table: found for table, found in held.items() if table not in walled} == WITHOUT_UNIT[role]
    assert rights(role, "walls") == rights(role, "audit") == {}
    mine = {table for table in held if table in walled}
    if role == "zp_audit":
        assert mine == {"audit_entry"}
        assert held["audit_entry"] == {"SELECT"}
    elif role == "zp_public":
        assert mine == set(PUBLISHED)
    elif NEVER[role] == {"*"}:
        assert mine == set()
    else:
        assert not [table for table in mine if table.startswith(tuple(NEVER[role]))]
    for table, found in held.items():
        assert not found & {"TRUNCATE", "REFERENCES", "TRIGGER"}, table
    if "audit_entry" in held:
        assert held["audit_entry"] == {"SELECT"}


def test_the_webhook_writes_six_columns_and_reads_none_of_them():
    rows = ask(
        "SELECT a.attname::text, has_column_privilege('zp_webhook', a.attrelid, a.attnum, 'INSERT'),"
        " has_column_privilege('zp_webhook', a.attrelid, a.attnum, 'SELECT')"
        " OR has_column_privilege('zp_webhook', a.attrelid, a.attnum, 'UPDATE')"
        " FROM pg_attribute a WHERE a.attrelid = 'gateway_inboundevent'::regclass AND a.attnum > 0"
    )

    written = {"id", "app_id", "received_at", "dedupe_key", "signed_by", "sealed"}
    assert {name for name, insert, _ in rows if insert} == written
    assert [name for name, _, reads in rows if reads] == []


def test_the_portal_changes_of_an_officer_only_what_signing_in_changes():
    rows = ask(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'units_officer'::regclass AND attnum > 0"
        " AND (has_column_privilege('zp_web', attrelid, attnum, 'UPDATE')"
        " OR has_column_privilege('zp_web', attrelid, attnum, 'INSERT'))"
    )

    assert {row[0] for row in rows} == {"last_login", "must_change_password", "password"}
    taken_back = ask(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'units_membership'::regclass AND attnum > 0"
        " AND has_column_privilege('zp_web', attrelid, attnum, 'UPDATE')"
    )
    assert [row[0] for row in taken_back] == ["ended_at"]


FUNCTIONS = {
    "walls.unit": {"zp_web", "zp_public", "zp_worker", "zp_vault", "zp_audit"},
    "walls.officer": {"zp_web", "zp_public", "zp_worker", "zp_vault", "zp_audit"},
    "walls.parent": {"zp_web", "zp_worker"},
    "walls.below": {"zp_web"},
    "walls.citing_below": {"zp_web"},
    "walls.oa_health": {"zp_web"},
    "walls.sending_waits": {"zp_web"},
    "walls.officer_code": {"zp_web"},
    "walls.ask_officer_code": {"zp_public", "zp_worker"},
    "walls.official_accounts": {"zp_public", "zp_worker"},
    "walls.remind_of_numbers": {"zp_worker"},
    "walls.forget_delays": {"zp_worker"},
    "walls.check_mac": set(),
    "walls.pay_check": set(),
    "walls.enter_job": {"zp_worker"},
    "walls.due": {"zp_worker"},
    "walls.mac": set(),
    "walls.context": set(),
    "walls.refuse_unit_change": set(),
    "walls.keep_roles": set(),
    "posts.approves_as": set(),
    "posts.begun": set(),
    "posts.changed_dispatch": set(),
    "posts.changed_version": set(),
    "posts.new_dispatch": set(),
    "posts.new_version": set(),
    "posts.refuse_foreign": set(),
    "posts.refuse_unless": set(),
    "posts.union_of": set(),
    "walls.keep_version": set(),
    "walls.keep_flow": set(),
    "walls.settle_version": set(),
    "audit.append": {"zp_web", "zp_worker", "zp_vault"},
    "audit.seal": {"zp_worker"},
    "audit.heads": {"zp_worker"},
    "audit.field": set(),
    "audit.digest": set(),
    "audit.refuse_change": set(),
}


def test_functions_of_the_owner_are_called_by_those_who_need_them():
    rows = ask(
        "SELECT n.nspname || '.' || p.proname, p.prosecdef, coalesce(p.proconfig::text, ''),"
        " array(SELECT r FROM unnest(%s::text[]) r WHERE has_function_privilege(r, p.oid, 'EXECUTE'))"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')",
        list(ROLES),
    )

    assert {name: set(roles) for name, _, _, roles in rows} == FUNCTIONS
    for name, definer, config, _ in rows:
        # Otherwise a caller's own function or table could run with the owner's rights.
        assert not definer or "search_path=pg_catalog, pg_temp" in config, name
