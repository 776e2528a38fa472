"""Units, areas, officers, roles, the keys of each unit's own words, alerts, duty, and what citizens may know;
sessions, known browsers and delays of signing in."""

from zalopolice.units.models.alerts import Alert, AlertsSeen
from zalopolice.units.models.checks import OfficerCheck
from zalopolice.units.models.duty import DutyShift
from zalopolice.units.models.keys import ContentKey, WrappedKey
from zalopolice.units.models.organisation import Area, Unit, UnitOwned
from zalopolice.units.models.people import Membership, Officer
from zalopolice.units.models.public import CalendarDay, HotlineContact, Office
from zalopolice.units.models.signing import Delay, Device, OfficerSession

__all__ = [
    "Alert",
    "AlertsSeen",
    "Area",
    "CalendarDay",
    "ContentKey",
    "Delay",
    "Device",
    "DutyShift",
    "HotlineContact",
    "Membership",
    "Office",
    "Officer",
    "OfficerCheck",
    "OfficerSession",
    "Unit",
    "UnitOwned",
    "WrappedKey",
]
