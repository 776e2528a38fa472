from django.urls import path

from tips import search_page, tray, views

urlpatterns = [
    path("hop-tin/", tray.tray, name="tray"),
    path("hop-tin/<uuid:pk>/", tray.tray_item, name="tray_item"),
    path("hop-tin/<uuid:pk>/mo-vu-viec/", tray.open_case, name="open_case"),
    path("hop-tin/<uuid:pk>/them-vao-vu-viec/", tray.add_to_case, name="add_to_case"),
    path("hop-tin/<uuid:pk>/tra-loi/", tray.answer, name="tray_answer"),
    path("hop-tin/<uuid:pk>/nhan/", tray.take, name="tray_take"),
    path("hop-tin/<uuid:pk>/lay-lai/", tray.put_back, name="tray_put_back"),
    path("hop-tin/<uuid:pk>/xep/", tray.sort_out, name="tray_sort_out"),
    path("hop-tin/<uuid:pk>/gui-lai/<uuid:message>/", tray.resend, name="tray_resend"),
    path("hop-tin/<uuid:pk>/da-biet/<uuid:message>/", tray.acknowledge, name="tray_acknowledge"),
    path("vu-viec/", views.cases, name="cases"),
    path("vu-viec/<uuid:pk>/", views.case, name="case"),
    path("vu-viec/<uuid:pk>/nhan/", views.claim, name="case_claim"),
    path("vu-viec/<uuid:pk>/phan-cong/", views.assign, name="case_assign"),
    path("vu-viec/<uuid:pk>/giao-lai/", views.reassign, name="case_reassign"),
    path("vu-viec/<uuid:pk>/tra-loi/", views.reply, name="case_reply"),
    path("vu-viec/<uuid:pk>/gui-lai/<uuid:message>/", views.resend, name="case_resend"),
    path("vu-viec/<uuid:pk>/da-biet/<uuid:message>/", views.acknowledge, name="case_acknowledge"),
    path("vu-viec/<uuid:pk>/ghi-chu/", views.note, name="case_note"),
    path("vu-viec/<uuid:pk>/de-nghi-ket-thuc/", views.propose_closing, name="case_propose"),
    path("vu-viec/<uuid:pk>/chua-dong-y/", views.return_to_work, name="case_return"),
    path("vu-viec/<uuid:pk>/ket-thuc/", views.close, name="case_close"),
    path("tim-kiem/", search_page.page, name="search"),
    path("tep/<uuid:pk>/", views.picture, name="picture"),
]
