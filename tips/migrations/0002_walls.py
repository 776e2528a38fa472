from django.db import migrations

from zalopolice.units.walls import Walled

WRITE = "SELECT, INSERT, UPDATE"  # nothing here is ever deleted by a running process


class Migration(migrations.Migration):
    dependencies = [("tips", "0001_initial"), ("units", "0002_walls"), ("gateway", "0002_walls")]

    operations = [
        Walled("tips_trayitem", web=WRITE, worker=WRITE),
        Walled("tips_case", web=WRITE, worker=WRITE),
        Walled("tips_filed", web=WRITE, worker=WRITE),
        Walled("tips_caseentry", web=WRITE, worker=WRITE),
    ]
