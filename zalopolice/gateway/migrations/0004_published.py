from django.db import migrations

from zalopolice.units.walls import Published


class Migration(migrations.Migration):
    """Citizens find the account of their commune on the citizen pages."""

    dependencies = [("gateway", "0003_channel_rules"), ("units", "0003_alerts_duty_public")]

    operations = [
        Published(
            "gateway_officialaccount", rule="connected_at IS NOT NULL", columns="id, unit_id, oa_id, name, connected_at"
        )
    ]
