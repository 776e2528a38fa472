"""Addresses of the gateway for citizens, zone public; short, because they stand in QR codes."""

from django.urls import path

from zalopolice.gateway import app_views, public_views

urlpatterns = [
    path("<zalofile:name>", app_views.verifier, name="domain_verifier"),
    path("q/<slug:unit>/<slug:code>/", public_views.source, name="public_source"),
]
