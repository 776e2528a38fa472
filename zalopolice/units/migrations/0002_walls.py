from pathlib import Path

from django.db import migrations

from zalopolice.units.walls import EVERYTHING, Granted, Walled


class Migration(migrations.Migration):
    dependencies = [("units", "0001_initial"), ("sessions", "0001_initial")]

    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql="DROP SCHEMA walls CASCADE"
        ),
        Granted("django_session", web=EVERYTHING),
        Granted("django_migrations", web="SELECT", public="SELECT", vault="SELECT", worker="SELECT"),
        Granted("units_unit", web="SELECT", public="SELECT", worker="SELECT", vault="SELECT", audit="SELECT"),
        Granted("units_officer", web="SELECT, UPDATE (last_login, password)"),
        Walled("units_membership", also="officer_id = (SELECT walls.officer())", web="SELECT"),
        Walled("units_area", web="SELECT", worker="SELECT"),
        Walled("units_contentkey", web="SELECT, INSERT", worker="SELECT, INSERT", vault=EVERYTHING),
    ]
