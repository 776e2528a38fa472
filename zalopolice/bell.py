"""The bell: what happened, to what, when, and the page where it is seen to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from procedures.models import Flow
from tips.models import Case, TrayItem
from zalopolice.gateway import incidents
from zalopolice.gateway.models import Incident
from zalopolice.paging import page
from zalopolice.units.account import seated
from zalopolice.units.models import Alert, AlertsSeen, Officer
from zalopolice.units.seats import OfficerRequest

Kind = Alert.Kind
ABOUT_CASES = (Kind.CASE_ASSIGNED, Kind.CASE_NEWS, Kind.CLOSING_PROPOSED, Kind.CLOSING_RETURNED)
ABOUT_POSTS = (Kind.POST_SUBMITTED, Kind.POST_RETURNED, Kind.POST_APPROVED, Kind.POST_HELD, Kind.POST_UNCLEAR)
ABOUT_PROCEDURES = (Kind.PROCEDURE_SUBMITTED, Kind.PROCEDURE_RETURNED)
ICONS = {
    Kind.DANGER: "siren",
    Kind.UNSENT: "circle-alert",
    Kind.OA_TROUBLE: "radio-tower",
    Kind.INCIDENT: "triangle-alert",
    Kind.CONSOLE_REPLY: "message-square-warning",
    Kind.STUCK_EVENT: "mail-question-mark",
    Kind.MISSED_MESSAGES: "refresh-cw",
    Kind.HOTLINE_STALE: "phone",
    Kind.ROLE_CHANGED: "user-cog",
    Kind.NEW_DEVICE: "monitor-smartphone",
}
GROUPS = ((ABOUT_CASES, "folder-open"), (ABOUT_POSTS, "newspaper"), (ABOUT_PROCEDURES, "book-open-check"))
PAGES = {
    Kind.STUCK_EVENT: "stuck_events",
    Kind.MISSED_MESSAGES: "history",
    Kind.OA_TROUBLE: "accounts",
    Kind.INCIDENT: "oa_incidents",
    Kind.HOTLINE_STALE: "hotline",
    Kind.ROLE_CHANGED: "account",
    Kind.NEW_DEVICE: "account",
}


@dataclass(frozen=True)
class Line:
    alert: Alert
    about: str  # an alias, never a word of what happened
    href: str
    icon: str
    is_new: bool


@require_GET
def alerts(request: OfficerRequest) -> HttpResponse:
    """Looking changes nothing; "seen" is a button, so that a page left open marks nothing."""
    officer, now = seated(request), timezone.now()
    found = page(Alert.objects.visible_to(officer), ("-at", "pk"), request.GET.get("sau"))
    seen = AlertsSeen.objects.filter(unit=officer.unit, officer=officer).values_list("until", flat=True)
    lines = _lines(officer, found.rows, seen.first())
    context = {"lines": lines, "following": found.following, "now": now, "any_new": any(one.is_new for one in lines)}
    return render(request, "units/alerts.html", context)


@require_POST
def alerts_seen(request: OfficerRequest) -> HttpResponse:
    """Up to the moment the page was drawn: what rang since then stays new."""
    officer, now = seated(request), timezone.now()
    try:
        drawn = parse_datetime(request.POST.get("until", "")[:40])
    except ValueError:
        drawn = None
    until = min(drawn, now) if drawn is not None and timezone.is_aware(drawn) else now
    own = {"unit": officer.unit, "officer": officer}
    AlertsSeen.objects.update_or_create(**own, defaults={"until": until}, create_defaults={**own, "until": until})
    return redirect("alerts")


def _lines(officer: Officer, rows: list[Alert], seen: object) -> list[Line]:
    cases = _aliases(Case.objects.visible_to(officer), rows, ABOUT_CASES)
    items = _aliases(TrayItem.objects.visible_to(officer), rows, (Kind.DANGER,))
    threads = _threads(officer, rows)
    named = _incidents(officer, rows)
    menus = _menus(officer, rows)
    lines = []
    for alert in rows:
        kind, about = Kind(alert.kind), ""
        href = _address(PAGES.get(kind, "home"))
        if kind in ABOUT_CASES:
            href, about = _place("case", alert.subject, cases, _("Nguồn tin %(alias)s"))
        elif kind is Kind.DANGER:
            href, about = _place("tray_item", alert.subject, items, _("Người nhắn %(alias)s"))
        elif kind is Kind.INCIDENT:
            about = named.get(alert.subject, "")
        elif kind is Kind.CONSOLE_REPLY:
            href, about = threads.get(alert.subject, ("", ""))
        elif kind in ABOUT_POSTS:
            href = _address("post", alert.subject)
        elif kind in ABOUT_PROCEDURES:
            about = menus.get(alert.subject, "")
            href = _address(f"content:procedures_{'flow' if about else 'version'}_change", alert.subject)
        icon = next((drawn for kinds, drawn in GROUPS if kind in kinds), ICONS.get(kind, "bell"))
        lines.append(Line(alert, about, href, icon, seen is None or alert.at > seen))  # type: ignore[operator]
    return lines


def _aliases(rows: object, alerts: list[Alert], kinds: tuple[str, ...]) -> dict[uuid.UUID, str]:
    ids = {one.subject for one in alerts if one.kind in kinds}
    return dict(rows.filter(pk__in=ids).values_list("pk", "alias"))  # type: ignore[attr-defined]  # two querysets


def _menus(officer: Officer, alerts: list[Alert]) -> dict[uuid.UUID, str]:
    """Menus and keywords are judged like procedures and ring as such; each with its name."""
    about = {one.subject for one in alerts if one.kind in ABOUT_PROCEDURES}
    return dict(Flow.objects.visible_to(officer).filter(pk__in=about).values_list("pk", "name")) if about else {}


def _incidents(officer: Officer, alerts: list[Alert]) -> dict[uuid.UUID, str]:
    """By account (0: the installation) the incident that rang last; the alert keeps one row for all of an account."""
    subjects = {one.subject for one in alerts if one.kind == Kind.INCIDENT}
    if not subjects:
        return {}
    silent = (*incidents.OF_THE_ACCOUNT, *incidents.TOLD_BY_THE_FINDER)
    about = Q(oa__in=subjects - {incidents.INSTALLATION})
    if incidents.INSTALLATION in subjects:
        about |= Q(oa=None)
    rows = Incident.objects.visible_to(officer).filter(about, unit=officer.unit)
    rang = rows.exclude(kind__in=silent).order_by("oa_id", "-started_at").distinct("oa_id")
    return {one.oa_id or incidents.INSTALLATION: one.get_kind_display() for one in rang}


def _threads(officer: Officer, alerts: list[Alert]) -> dict[uuid.UUID, tuple[str, str]]:
    """Where the words stand that somebody typed past the portal: the person's newest case, else the thread."""
    people = {one.subject for one in alerts if one.kind == Kind.CONSOLE_REPLY}
    if not people:
        return {}
    columns = ("citizen_id", "pk", "alias")
    items = TrayItem.objects.visible_to(officer).filter(citizen__in=people).order_by("opened_at")
    cases = Case.objects.visible_to(officer).filter(citizen__in=people).order_by("received_at")
    found = {}
    for citizen, pk, alias in items.values_list(*columns):
        found[citizen] = _place("tray_item", pk, {pk: alias}, _("Người nhắn %(alias)s"))
    for citizen, pk, alias in cases.values_list(*columns):
        found[citizen] = _place("case", pk, {pk: alias}, _("Nguồn tin %(alias)s"))
    return found


def _place(name: str, pk: uuid.UUID, aliases: dict[uuid.UUID, str], called: str) -> tuple[str, str]:
    return (reverse(name, args=[pk]), called % {"alias": aliases[pk]}) if pk in aliases else ("", "")


def _address(name: str, *args: object) -> str:
    """Empty where the page does not exist (yet)."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
