from pathlib import Path

from django.db import migrations, models
from django.db.models import Q

HERE = Path(__file__)
BACK = "DROP POLICY zp_web_also ON procedures_lawchange; DROP FUNCTION walls.citing_below(text, timestamptz);"


def _before() -> str:
    """The two guards as they were."""
    found = BACK
    for name in ("0002_guard.sql", "0005_flows.sql"):
        text = HERE.with_name(name).read_text(encoding="utf-8")
        found += text[: text.index("REVOKE ALL")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return found


class Migration(migrations.Migration):
    dependencies = [("procedures", "0006_languages"), ("gateway", "0009_health")]

    operations = [
        migrations.AlterField(
            model_name="version",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Đang soạn"),
                    ("in_review", "Chờ thẩm định"),
                    ("published", "Đang công bố"),
                    ("superseded", "Đã thay bằng bản mới"),
                    ("expired", "Hết hiệu lực"),
                    ("discarded", "Đã bỏ"),
                ],
                default="draft",
                max_length=12,
                verbose_name="trạng thái",
            ),
        ),
        migrations.RemoveConstraint(model_name="version", name="procedure_published_by_a_person"),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review", "discarded"], published_by=None, published_at=None)
                | Q(published_at__isnull=False, published_by__isnull=False, imported=False)
                | Q(published_at__isnull=False, published_by=None, imported=True),
                name="procedure_published_by_a_person",
            ),
        ),
        migrations.RunSQL(HERE.with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=_before()),
    ]
