from django.urls import path

from zalopolice.gateway import app_views, health_views, history_views, onboarding_views, pause_views, views

urlpatterns = [
    path("oa/", views.accounts, name="accounts"),
    path("oa/<uuid:pk>/ket-noi/", views.connect, name="connect"),
    path("oa/doi-chieu/", history_views.history, name="history"),
    path("oa/<uuid:pk>/doi-chieu/", history_views.history_ask, name="history_ask"),
    path("oa/doi-chieu/<uuid:pk>/dung/", history_views.history_stop, name="history_stop"),
    path("zalo/suc-khoe/", health_views.oa_health, name="oa_health"),
    path("zalo/su-co/", health_views.incidents, name="oa_incidents"),
    path("zalo/tam-ngung/", pause_views.sending_pause, name="sending_pause"),
    path("zalo/tam-ngung/gui-lai/", pause_views.sending_resume, name="sending_resume"),
    path("zalo/ung-dung/", app_views.apps, name="zalo_apps"),
    path("zalo/ung-dung/moi/", app_views.app_new, name="zalo_app_new"),
    path("zalo/ung-dung/<uuid:pk>/", app_views.app, name="zalo_app"),
    path("zalo/ung-dung/<uuid:pk>/khoa/", app_views.secret_new, name="zalo_secret_new"),
    path("zalo/ung-dung/<uuid:pk>/khoa/<uuid:secret>/bo/", app_views.secret_remove, name="zalo_secret_remove"),
    path("zalo/ung-dung/<uuid:pk>/ten-mien/", app_views.proof_new, name="zalo_proof_new"),
    path("zalo/ung-dung/<uuid:pk>/ten-mien/<uuid:proof>/bo/", app_views.proof_drop, name="zalo_proof_drop"),
    path("zalo/khai-bao/", onboarding_views.account_new, name="oa_new"),
    path("zalo/khai-bao/<uuid:pk>/", onboarding_views.setup, name="oa_setup"),
    path("zalo/khai-bao/<uuid:pk>/xac-nhan/", onboarding_views.setup_confirm, name="oa_setup_confirm"),
    path("zalo/khai-bao/<uuid:pk>/hoi-zalo/", onboarding_views.setup_ask, name="oa_setup_ask"),
    path("zalo/khai-bao/<uuid:pk>/nguoi-giu/", onboarding_views.seat_new, name="oa_seat_new"),
    path("zalo/khai-bao/<uuid:pk>/nguoi-giu/dung/", onboarding_views.seats_confirm, name="oa_seats_confirm"),
    path("zalo/khai-bao/<uuid:pk>/nguoi-giu/<uuid:seat>/thoi/", onboarding_views.seat_end, name="oa_seat_end"),
    # Zalo looks for it at the root of the address registered with it.
    path("<zalofile:name>", app_views.verifier, name="domain_verifier"),
    path("metrics", health_views.prometheus, name="metrics"),
    # Exactly this address is registered with Zalo.
    path("oa/callback", views.callback, name="consent_callback"),
]
