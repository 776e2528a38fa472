from pathlib import Path

from django.db import migrations

HERE = Path(__file__)


def _before() -> str:
    """The count as it was."""
    text = HERE.with_name("0007_second_thoughts.sql").read_text(encoding="utf-8")
    start, end = text.index("CREATE FUNCTION walls.citing_below"), text.index("-- A document the province")
    return f"{text[start:end]}DROP FUNCTION walls.citing_below(text, text);"


class Migration(migrations.Migration):
    dependencies = [("procedures", "0007_second_thoughts")]

    operations = [migrations.RunSQL(HERE.with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=_before())]
