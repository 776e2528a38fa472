from django.db import migrations

from zalopolice.units.walls import EVERYTHING, Walled


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial"), ("units", "0002_walls")]

    operations = [
        Walled("vault_vaultkey", vault=EVERYTHING),
        Walled("vault_route", vault=EVERYTHING),
        Walled("vault_attribute", vault=EVERYTHING),
        Walled("vault_unmaskrequest", vault=EVERYTHING),
    ]
