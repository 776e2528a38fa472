"""Units, areas, officers, roles, the keys of each unit's own words, alerts, duty, and what citizens may know."""

from zalopolice.units.models.alerts import Alert, AlertsSeen
from zalopolice.units.models.duty import DutyShift
from zalopolice.units.models.keys import ContentKey, WrappedKey
from zalopolice.units.models.organisation import Area, Unit, UnitOwned
from zalopolice.units.models.people import Membership, Officer
from zalopolice.units.models.public import CalendarDay, HotlineContact, Office

__all__ = [
    "Alert",
    "AlertsSeen",
    "Area",
    "CalendarDay",
    "ContentKey",
    "DutyShift",
    "HotlineContact",
    "Membership",
    "Office",
    "Officer",
    "Unit",
    "UnitOwned",
    "WrappedKey",
]
