"""Addresses of the sample project."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from chat import views

urlpatterns = [
    path("", views.chat, name="chat"),
    path("rooms/<slug:slug>/transcript.txt", views.transcript, name="transcript"),
    path("images/<int:message_id>/", views.image, name="image"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
