"""Addresses of posts in zone web."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
