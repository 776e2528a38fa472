"""Addresses of the gateway for citizens, zone public; short, because they stand in QR codes."""

from django.urls import path

from zalopolice.gateway import app_views, genuine_views, public_views

urlpatterns = [
    path("<zalofile:name>", app_views.verifier, name="domain_verifier"),
    path("tep/<uuid:pk>/<str:name>", public_views.shared_file, name="shared_file"),
    path("kiem-tra/<slug:unit>/", genuine_views.genuine, name="public_genuine"),
    path("q/<slug:unit>/<slug:code>/", public_views.source, name="public_source"),
]
