from django.db import migrations

from zalopolice.units.walls import Published

# The bot tells what is new: of a post its title and when it left, within the unit of the message it answers.
READ = """
GRANT SELECT (id, unit_id, status, is_latest, title, changed_at) ON broadcasts_postversion TO zp_worker;
CREATE POLICY zp_worker ON broadcasts_postversion TO zp_worker
    USING (unit_id = (SELECT walls.unit())) WITH CHECK (unit_id = (SELECT walls.unit()));
"""
UNREAD = """
DROP POLICY zp_worker ON broadcasts_postversion;
REVOKE ALL ON broadcasts_postversion FROM zp_worker;
"""


class Migration(migrations.Migration):
    """What was sent to everybody who follows the account may be read by anybody."""

    dependencies = [("broadcasts", "0002_bound")]

    operations = [
        Published(
            "broadcasts_postversion",
            rule="status = 'dispatched'",
            columns="id, unit_id, status, is_latest, title, description, author, body, cover_sha256, changed_at",
        ),
        migrations.RunSQL(READ, reverse_sql=UNREAD),
    ]
