import uuid

import django.db.models.deletion
from django.db import migrations, models

import zalopolice.units.fields
from zalopolice.units.walls import EVERYTHING, Walled


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0005_flows"),
        ("gateway", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LanguageChoice",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("code", zalopolice.units.fields.EncryptedTextField(owner="citizen_id", ring="content")),
                (
                    "citizen",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="gateway.citizen",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="languagechoice",
            constraint=models.UniqueConstraint(fields=("unit", "citizen"), name="language_chosen_once"),
        ),
        Walled("procedures_languagechoice", worker=EVERYTHING),
    ]
