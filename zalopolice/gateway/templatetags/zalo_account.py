"""The connected account of a unit, for pages of units: those may not know the gateway."""

from django import template

from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Unit

register = template.Library()


@register.simple_tag
def zalo_account(unit: Unit) -> OfficialAccount | None:
    connected = OfficialAccount.objects.filter(unit=unit, connected_at__isnull=False)
    return connected.only("oa_id", "name").order_by("pk").first()
