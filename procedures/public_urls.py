"""Addresses of the catalogue for citizens, zone public."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
