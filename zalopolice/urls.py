"""Addresses of zone web, the officers' pages. Whatever is not named here does not exist."""

from django.urls import include, path

from zalopolice import bell, components, content_admin, preferences, views

urlpatterns = [
    path("", views.home, name="home"),
    path("khung/", views.frame, name="frame"),
    path("thong-bao/", bell.alerts, name="alerts"),
    path("thong-bao/da-xem/", bell.alerts_seen, name="alerts_seen"),
    path("", include("zalopolice.units.urls")),
    path("", include("tips.urls")),
    path("noi-dung/", content_admin.site.urls),
    path("", include("broadcasts.urls")),
    path("", include("zalopolice.gateway.urls")),
    path("", include("zalopolice.source_urls")),
    path("tuy-chon/", preferences.preferences, name="preferences"),
    path("them/", components.more, name="more"),
    path("bo-phan/", components.components, name="components"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

handler400 = "zalopolice.error_pages.bad_request"
handler500 = "zalopolice.error_pages.server_error"
