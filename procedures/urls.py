"""Addresses of the catalogue in zone web."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
