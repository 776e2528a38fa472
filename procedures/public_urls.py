"""Addresses of the catalogue for citizens and of the interface for other systems, zone public."""

from django.urls import include, path

from procedures import public_views

urlpatterns = [
    path("thu-tuc/<slug:code>/", public_views.catalogue_page, name="public_catalogue"),
    path("thu-tuc/<slug:code>/<slug:slug>/", public_views.procedure_page, name="public_procedure"),
    path("thu-tuc/<slug:code>/<slug:slug>/<slug:language>/", public_views.procedure_page, name="public_translation"),
    path("api/v1/", include("procedures.api_urls")),
]
