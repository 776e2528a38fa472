from django.urls import path

from zalopolice.gateway import views

urlpatterns = [
    path("oa/", views.accounts, name="accounts"),
    path("oa/<uuid:pk>/ket-noi/", views.connect, name="connect"),
    # Exactly this address is registered with Zalo.
    path("oa/callback", views.callback, name="consent_callback"),
]
