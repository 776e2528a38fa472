"""Addresses of zone public, the citizens' pages."""

from django.urls import path

from zalopolice import views

urlpatterns = [
    path("", views.public_home, name="public_home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
