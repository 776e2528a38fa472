"""Addresses of zone public, the citizens' pages."""

from django.urls import include, path

from zalopolice import views

urlpatterns = [
    path("", views.public_home, name="public_home"),
    path("", include("zalopolice.units.public_urls")),
    path("", include("procedures.public_urls")),
    path("", include("broadcasts.public_urls")),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
