from pathlib import Path

from django.db import migrations

from zalopolice.units.walls import Published, Walled

BOUND = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
WRITE = "SELECT, INSERT, UPDATE"  # nothing about a post is ever deleted


class Migration(migrations.Migration):
    dependencies = [("broadcasts", "0001_initial"), ("units", "0004_sign_in"), ("gateway", "0002_walls")]

    operations = [
        migrations.RunSQL(BOUND, reverse_sql="DROP SCHEMA posts CASCADE"),
        Walled("broadcasts_post", web="SELECT, INSERT"),
        # The vault marks that a post has left and may hold one; it never touches words or approvals.
        Walled("broadcasts_postversion", web=WRITE, vault="SELECT, UPDATE (status, changed_at)"),
        Walled(
            "broadcasts_postimage",
            web="SELECT, INSERT, UPDATE (published_at)",
            vault="SELECT (id, unit_id, sha256, width, height, published_at)",
        ),
        Published(
            "broadcasts_postimage",
            rule="published_at IS NOT NULL",
            columns="id, unit_id, sha256, data, width, height, published_at",
        ),
        Walled("broadcasts_remark", web="SELECT, INSERT", vault="SELECT, INSERT"),
        Walled("broadcasts_dispatch", web=WRITE, vault="SELECT, UPDATE"),
    ]
