"""Addresses of the codes on posters, zone web."""

from django.urls import path

from zalopolice import source_pages

urlpatterns = [
    path("nguon-tin/", source_pages.source_tags, name="source_tags"),
    path("nguon-tin/moi/", source_pages.source_new, name="source_new"),
    path("nguon-tin/<uuid:pk>/", source_pages.source_tag, name="source_tag"),
    path("nguon-tin/<uuid:pk>/in/", source_pages.source_sheet, name="source_sheet"),
    path("nguon-tin/<uuid:pk>/ngung/", source_pages.source_retire, name="source_retire"),
]
