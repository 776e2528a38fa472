"""Addresses of posts for citizens, zone public: what is new in a unit, and the picture Zalo fetches."""

from django.urls import URLPattern, path
from django.views.decorators.http import conditional_page

from broadcasts import api, public_views

urlpatterns: list[URLPattern] = [
    path("tin/<slug:unit>/", public_views.news_page, name="public_news"),
    path("tin/<slug:unit>/<uuid:pk>/", public_views.post_page, name="public_post"),
    path("api/v1/units/<slug:code>/posts/", conditional_page(api.Posts.as_view()), name="api_posts"),
    path("anh/<slug:sha256>.jpg", public_views.picture, name="post_picture"),
]
