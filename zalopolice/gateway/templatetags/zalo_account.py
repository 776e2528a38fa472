"""The connected account of a unit, for pages of units: those may not know the gateway."""

import uuid

from django import template

from zalopolice.gateway.followers import Month
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Unit

register = template.Library()


@register.simple_tag
def zalo_account(unit: Unit) -> OfficialAccount | None:
    connected = OfficialAccount.objects.filter(unit=unit, connected_at__isnull=False)
    return connected.only("oa_id", "name").order_by("pk").first()


@register.filter
def month_of(months: dict[uuid.UUID, Month], oa: OfficialAccount) -> Month | None:
    """The followers of one account among those of the page."""
    return months.get(oa.pk)
