"""Addresses of the unit for citizens, zone public: whom to call, where to go."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
