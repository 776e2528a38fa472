"""Addresses of posts for citizens, zone public: the picture Zalo fetches."""

from django.urls import URLPattern, path

from broadcasts import public_views

urlpatterns: list[URLPattern] = [
    path("anh/<slug:sha256>.jpg", public_views.picture, name="post_picture"),
]
