"""Addresses of zone web, the officers' pages. Whatever is not named here does not exist."""

from django.urls import include, path

from zalopolice import views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("zalopolice.units.urls")),
    path("", include("tips.urls")),
    path("", include("procedures.urls")),
    path("", include("broadcasts.urls")),
    path("", include("zalopolice.gateway.urls")),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
