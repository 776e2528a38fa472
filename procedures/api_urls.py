"""Addresses of the public interface and of the page that describes it; nothing is loaded from outside."""

from typing import Any

from csp.decorators import csp_update
from django.urls import path
from django.views.decorators.http import conditional_page
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from procedures import api


def page() -> Any:
    """Its stylesheet draws small signs from data: addresses; they load nothing."""
    view = SpectacularSwaggerSplitView.as_view(url_name="api_schema", template_name="procedures/api.html")
    return csp_update({"img-src": ["data:"]})(view)


urlpatterns = [
    # A caller that names the answer it has (If-None-Match) gets 304.
    path("units/", conditional_page(api.Units.as_view()), name="api_units"),
    path("units/<slug:code>/", conditional_page(api.OneUnit.as_view()), name="api_unit"),
    path("units/<slug:code>/procedures/", conditional_page(api.Procedures.as_view()), name="api_procedures"),
    path(
        "units/<slug:code>/procedures/<slug:slug>/",
        conditional_page(api.OneProcedure.as_view()),
        name="api_procedure",
    ),
    path("openapi.json", conditional_page(SpectacularJSONAPIView.as_view()), name="api_schema"),
    path("tai-lieu/", page(), name="api_page"),
]
