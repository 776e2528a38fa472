import uuid
from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from zalopolice.units.walls import EVERYTHING, Walled


class Migration(migrations.Migration):
    dependencies = [("procedures", "0002_guard")]

    operations = [
        migrations.CreateModel(
            name="LawChange",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=60, verbose_name="số hiệu văn bản đã đổi")),
                ("changed_by", models.CharField(max_length=60, verbose_name="số hiệu văn bản sửa đổi, thay thế")),
                ("effective_on", models.DateField(verbose_name="có hiệu lực từ")),
                (
                    "note",
                    models.CharField(blank=True, default="", max_length=240, verbose_name="đổi điều gì (nếu biết)"),
                ),
                ("marked_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "verbose_name": "văn bản đã thay đổi",
                "verbose_name_plural": "văn bản đã thay đổi",
                "ordering": ("-effective_on", "pk"),
            },
        ),
        migrations.AddConstraint(
            model_name="lawchange",
            constraint=models.UniqueConstraint(
                fields=("unit", "number", "changed_by"), name="procedure_law_change_once"
            ),
        ),
        Walled("procedures_lawchange", web=EVERYTHING),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"),
            reverse_sql="DROP TRIGGER version_is_settled ON procedures_version; DROP FUNCTION walls.settle_version()",
        ),
    ]
