"""Addresses of zone public, the citizens' pages."""

from django.urls import include, path

from zalopolice import preferences, views

urlpatterns = [
    path("", views.public_home, name="public_home"),
    path("", include("zalopolice.units.public_urls")),
    path("", include("procedures.public_urls")),
    path("", include("broadcasts.public_urls")),
    path("", include("zalopolice.gateway.public_urls")),
    path("tuy-chon/", preferences.preferences, name="preferences"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

handler400 = "zalopolice.error_pages.bad_request"
handler500 = "zalopolice.error_pages.citizens_error"
