"""Addresses of zone public, the citizens' pages."""

from django.urls import include, path

from zalopolice import citizens, preferences, sitemap, views

urlpatterns = [
    path("", citizens.home, name="public_home"),
    path("tiep-can/", citizens.accessibility, name="accessibility"),
    path("robots.txt", citizens.robots, name="robots"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-<int:number>.xml", sitemap.page, name="sitemap_page"),
    path("", include("zalopolice.units.public_urls")),
    path("", include("procedures.public_urls")),
    path("", include("broadcasts.public_urls")),
    path("", include("zalopolice.gateway.public_urls")),
    path("tuy-chon/", preferences.preferences, name="preferences"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

handler400 = "zalopolice.error_pages.bad_request"
handler403 = "zalopolice.error_pages.refused"
handler404 = "zalopolice.citizens.missing"
handler500 = "zalopolice.error_pages.citizens_error"
