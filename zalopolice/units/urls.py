from django.urls import path

from zalopolice.units import views

urlpatterns = [
    path("dang-nhap/", views.sign_in, name="sign_in"),
    path("dang-xuat/", views.sign_out, name="sign_out"),
    path("don-vi/", views.change_seat, name="change_seat"),
]
