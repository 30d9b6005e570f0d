"""Settings of the Django project that smoke.py serves."""

DEBUG = True
SECRET_KEY = "for this test only"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["sioserve"]
ROOT_URLCONF = "smoke_urls"
ASGI_APPLICATION = "smoke_asgi.application"
