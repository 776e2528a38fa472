"""The Zalo apps this installation works with: secrets, address of the webhook, proof of the domain."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from zalopolice.forms import attempt
from zalopolice.gateway import consent, onboarding, rules
from zalopolice.gateway.models import DomainProof, WebhookSecret, ZaloApp
from zalopolice.gateway.onboarding_forms import App, NewSecret, Proof
from zalopolice.refusals import Refused
from zalopolice.units import fresh
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

View = Callable[..., HttpResponse]
NOTHING = "default-src 'none'; sandbox"


def for_who_sets_up(view: View) -> View:
    @functools.wraps(view)
    def guarded(request: OfficerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.may(Permission.SET_UP):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def typed_once(view: View) -> View:
    """A form for a secret asks who is there before it is drawn, and carries nothing typed through that question."""
    confirmed = fresh.fresh_sign_in(view)

    @sensitive_post_parameters()
    @functools.wraps(view)
    def guarded(request: OfficerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and fresh.MARKER not in request.POST and not fresh.is_fresh(request):
            return redirect(request.get_full_path())
        return confirmed(request, *args, **kwargs)

    setattr(guarded, fresh.MARK, True)
    return guarded


@require_GET
@for_who_sets_up
def apps(request: OfficerRequest) -> HttpResponse:
    found = ZaloApp.objects.visible_to(request.user).order_by("name", "pk")
    return render(request, "gateway/apps.html", {"apps": found, "at": "health"})


@require_http_methods(["GET", "POST"])
@for_who_sets_up
@typed_once
def app_new(request: OfficerRequest) -> HttpResponse:
    form, status = App(request.POST if request.method == "POST" else None), 200
    if form.is_bound:
        status = attempt(form, lambda: onboarding.register_app(**form.cleaned_data, by=request.user))
        if status == 0:
            return redirect("zalo_app", _app(request, app_id=form.cleaned_data["app_id"]).pk)
    return render(request, "gateway/app_new.html", {"form": form, "at": "health"}, status=status)


@require_GET
@for_who_sets_up
def app(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _app_page(request, _app(request, pk=pk))


@require_http_methods(["GET", "POST"])
@for_who_sets_up
def secret_new(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _secret_form(request, _app(request, pk=pk))


@typed_once
def _secret_form(request: OfficerRequest, found: ZaloApp) -> HttpResponse:
    form, status = NewSecret(request.POST if request.method == "POST" else None), 200
    if form.is_bound:
        status = attempt(form, lambda: onboarding.add_secret(found, **form.cleaned_data, by=request.user))
        if status == 0:
            messages.info(request, _("Đã cất khóa. Sau khi Zalo ký bằng khóa này, trang này sẽ cho biết."))
            return redirect("zalo_app", found.pk)
    return render(request, "gateway/secret_new.html", {"app": found, "form": form, "at": "health"}, status=status)


@require_POST
@for_who_sets_up
def secret_remove(request: OfficerRequest, pk: uuid.UUID, secret: uuid.UUID) -> HttpResponse:
    found = _app(request, pk=pk)
    rows = WebhookSecret.objects.visible_to(request.user).filter(app_id=found.app_id)
    return _remove(request, found, get_object_or_404(rows, pk=secret))


@fresh.fresh_sign_in
def _remove(request: OfficerRequest, found: ZaloApp, secret: WebhookSecret) -> HttpResponse:
    try:
        onboarding.remove_secret(secret, by=request.user)
    except Refused as refusal:
        return _app_page(request, found, refusal=str(refusal), status=409)
    return redirect("zalo_app", found.pk)


@require_POST
@for_who_sets_up
def proof_new(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _prove(request, _app(request, pk=pk))


@fresh.fresh_sign_in
def _prove(request: OfficerRequest, found: ZaloApp) -> HttpResponse:
    form = Proof(request.POST)
    status = attempt(form, lambda: onboarding.prove_domain(**form.cleaned_data, by=request.user))
    return _app_page(request, found, proof=form, status=status) if status else redirect("zalo_app", found.pk)


@require_POST
@for_who_sets_up
def proof_drop(request: OfficerRequest, pk: uuid.UUID, proof: uuid.UUID) -> HttpResponse:
    found = _app(request, pk=pk)
    return _drop(request, found, get_object_or_404(DomainProof.objects.visible_to(request.user), pk=proof))


@fresh.fresh_sign_in
def _drop(request: OfficerRequest, found: ZaloApp, proof: DomainProof) -> HttpResponse:
    onboarding.drop_proof(proof, by=request.user)
    return redirect("zalo_app", found.pk)


def _app(request: OfficerRequest, **key: Any) -> ZaloApp:
    return get_object_or_404(ZaloApp.objects.visible_to(request.user), **key)


def _app_page(
    request: OfficerRequest, found: ZaloApp, *, proof: Proof | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    secrets = list(WebhookSecret.objects.visible_to(request.user).filter(app_id=found.app_id).order_by("created_at"))
    hours = rules.value("secret_idle_hours", timezone.now())
    context = {
        "app": found,
        "secrets": secrets,
        "signing": onboarding.signing_secret(secrets),
        "idle": onboarding.idle_secrets(secrets, hours),
        "busy": onboarding.busy_secrets(secrets, hours),
        "webhook": f"{settings.WEBHOOK_URL}/hook/zalo/{found.app_id}",
        "callback": consent.redirect_uri(),
        "proofs": DomainProof.objects.visible_to(request.user).order_by("created_at"),
        "form": proof or Proof(),
        "refusal": refusal,
        "at": "health",
    }
    return render(request, "gateway/app.html", context, status=status)


@login_not_required
@require_safe
@cache_control(public=True, max_age=60)
def verifier(request: HttpRequest, name: str) -> HttpResponse:
    """What Zalo wants to find here, word for word; the same in the zones web and public."""
    proof = DomainProof.objects.filter(kind=DomainProof.Kind.FILE, name=name).order_by("-created_at", "pk").first()
    if proof is None:
        raise Http404
    return HttpResponse(proof.content, headers={"Content-Security-Policy": NOTHING})  # bare by domain.is_bare, too
