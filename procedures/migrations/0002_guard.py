from pathlib import Path

from django.db import migrations

from zalopolice.units.walls import EVERYTHING, Granted, Published, Walled

WRITE = "SELECT, INSERT, UPDATE"  # what was published once is never deleted
# The province's catalogue is also its communes': of procedures and versions what is published, and nothing else.
ABOVE = "unit_id = (SELECT walls.parent())"
IS_PUBLISHED = "state = 'published'"
HAS_PUBLISHED = (
    "EXISTS (SELECT FROM procedures_version v WHERE v.procedure_id = procedures_procedure.id AND v.state = 'published')"
)


class Migration(migrations.Migration):
    dependencies = [("procedures", "0001_initial"), ("units", "0003_alerts_duty_public")]

    operations = [
        Walled("procedures_version", also=f"{ABOVE} AND {IS_PUBLISHED}", web=WRITE, worker="SELECT"),
        Published(
            "procedures_version",
            rule=IS_PUBLISHED,
            columns="id, unit_id, procedure_id, number, state, name, synonyms, content, sources, checked_on, imported,"
            " published_at",
        ),
        Walled("procedures_procedure", also=f"{ABOVE} AND {HAS_PUBLISHED}", web=WRITE, worker="SELECT"),
        Published(
            "procedures_procedure",
            rule=HAS_PUBLISHED,
            columns="id, unit_id, slug, code, field, position, changed_at",
        ),
        Walled("procedures_unitoverride", web=EVERYTHING, worker="SELECT"),
        Published("procedures_unitoverride", rule="true", columns="id, unit_id, procedure_id, hours, address, contact"),
        # Labels inside a unit are kept where the rest of the set-up is.
        Granted("units_area", web="INSERT, UPDATE"),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"),
            reverse_sql="DROP TRIGGER version_is_kept ON procedures_version; DROP FUNCTION walls.keep_version()",
        ),
    ]
