"""Addresses of posts for citizens, zone public: the picture Zalo fetches."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
