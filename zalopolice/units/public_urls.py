"""Addresses of the unit for citizens, zone public: whom to call, where to go."""

from django.urls import path

from zalopolice.units import public_views

urlpatterns = [
    path("don-vi/<slug:code>/", public_views.unit_page, name="public_unit"),
]
