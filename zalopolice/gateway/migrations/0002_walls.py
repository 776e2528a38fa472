from django.db import migrations

from zalopolice.units.walls import EVERYTHING, Granted, Walled


class Migration(migrations.Migration):
    dependencies = [("gateway", "0001_initial"), ("units", "0002_walls")]

    operations = [
        Granted("gateway_zaloapp", web="SELECT", vault="SELECT"),
        Granted("gateway_webhooksecret", webhook="SELECT", vault="SELECT, INSERT, DELETE"),
        # Insert and nothing else: a conflict is answered without naming, hence reading, any column.
        Granted(
            "gateway_inboundevent",
            webhook="INSERT (id, app_id, received_at, dedupe_key, sealed)",
            vault="SELECT, UPDATE, DELETE",
        ),
        Granted("gateway_channelrule", web="SELECT", worker="SELECT", vault="SELECT"),
        Walled("gateway_officialaccount", web="SELECT", worker="SELECT", vault="SELECT, UPDATE"),
        Walled("gateway_consent", web="SELECT, INSERT, UPDATE", vault="SELECT, UPDATE"),
        Walled("gateway_token", vault=EVERYTHING),
        Walled("gateway_tokenjournal", vault=EVERYTHING),
        Walled("gateway_citizen", web="SELECT", worker="SELECT, UPDATE", vault=EVERYTHING),
        Walled(
            "gateway_message",
            job=True,
            web="SELECT, INSERT, UPDATE",
            worker="SELECT, INSERT, UPDATE",
            vault=EVERYTHING,
        ),
        Walled("gateway_attachment", job=True, web="SELECT", worker="SELECT, UPDATE", vault=EVERYTHING),
        Walled("gateway_dialogue", worker=EVERYTHING),
    ]
