"""Addresses of posts in zone web."""

from django.urls import URLPattern, path

from broadcasts import acts, views

urlpatterns: list[URLPattern] = [
    path("bai-dang/", views.posts, name="posts"),
    path("bai-dang/moi/", views.new, name="post_new"),
    path("bai-dang/anh/<slug:sha256>.jpg", views.cover, name="post_cover"),
    path("bai-dang/<uuid:pk>/", views.post, name="post"),
    path("bai-dang/<uuid:pk>/sua/", views.edit, name="post_edit"),
    path("bai-dang/<uuid:pk>/gui-duyet/", views.submit, name="post_submit"),
    path("bai-dang/<uuid:pk>/trao-doi/", views.say, name="post_say"),
    path("bai-dang/<uuid:pk>/duyet/", acts.approve, name="post_approve"),
    path("bai-dang/<uuid:pk>/tra-lai/", acts.return_, name="post_return"),
    path("bai-dang/<uuid:pk>/giu-lai/", acts.hold, name="post_hold"),
    path("bai-dang/<uuid:pk>/cho-gui/", acts.release, name="post_release"),
    path("bai-dang/<uuid:pk>/rut/", acts.withdraw, name="post_withdraw"),
    path("bai-dang/<uuid:pk>/chep/", acts.copy, name="post_copy"),
    path("bai-dang/<uuid:pk>/luot-gui/<uuid:dispatch>/bo/", acts.cancel, name="dispatch_cancel"),
    path("bai-dang/<uuid:pk>/luot-gui/<uuid:dispatch>/ket-luan/", acts.settle, name="dispatch_settle"),
]
