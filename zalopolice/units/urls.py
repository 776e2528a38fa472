from django.urls import path

from zalopolice.units import account, duty_views, hotline_views, officer_check_views, people, views

urlpatterns = [
    path("dang-nhap/", views.sign_in_page, name="sign_in"),
    path("dang-nhap/ma/", views.sign_in_code, name="sign_in_code"),
    path("dang-nhap/khoa/", views.sign_in_key, name="sign_in_key"),
    path("dang-nhap/tiep/", views.resume, name="resume"),
    path("dang-xuat/", views.sign_out, name="sign_out"),
    path("tai-khoan/", account.account, name="account"),
    path("tai-khoan/mat-khau/", account.password, name="password"),
    path("tai-khoan/ung-dung/", account.totp, name="totp"),
    path("tai-khoan/khoa/", account.passkey_add, name="passkey_add"),
    path("tai-khoan/ma-du-phong/", account.recovery_codes, name="recovery_codes"),
    path("tai-khoan/xac-thuc/go/", account.factor_remove, name="factor_remove"),
    path("tai-khoan/thiet-bi/", account.device_list, name="devices"),
    path("tai-khoan/thiet-bi/ket-thuc/", account.devices_end, name="devices_end"),
    path("can-bo/", people.people, name="people"),
    path("can-bo/giao/", people.role_grant, name="role_grant"),
    path("can-bo/vai-tro/<uuid:pk>/thu-hoi/", people.role_end, name="role_end"),
    path("can-bo/vai-tro/<uuid:pk>/uy-quyen/", people.role_depute, name="role_depute"),
    path("don-vi/", views.change_seat, name="change_seat"),
    path("truc-ban/", duty_views.roster, name="duty"),
    path("truc-ban/<uuid:pk>/bo/", duty_views.remove, name="duty_remove"),
    path("danh-ba/", hotline_views.directory, name="hotline"),
    path("danh-ba/<uuid:pk>/da-goi/", hotline_views.verify, name="hotline_verify"),
    path("ma-can-bo/", officer_check_views.code, name="officer_check"),
    path("ma-can-bo/ket-thuc/", officer_check_views.end, name="officer_check_end"),
]
