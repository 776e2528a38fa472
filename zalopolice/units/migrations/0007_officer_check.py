from pathlib import Path

from django.db import migrations

CHECKS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("units", "0006_hotline")]

    # Back: the function itself goes with 0006, which made it first.
    operations = [migrations.RunSQL(CHECKS, reverse_sql="DROP FUNCTION walls.forget_delays();")]
