"""Makes a Wagtail site in the working directory, from Wagtail's template, with some pages."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
from pathlib import Path

PAGES = 12

ASGI = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings.local")
from django.core.asgi import get_asgi_application
application = get_asgi_application()
"""

SETTINGS = """
from .dev import *
SECRET_KEY = "the same for both"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "local_urls"
"""

URLS = """
from django.urls import path
from mysite.urls import urlpatterns as mysite_urlpatterns


async def broken(request):
    raise ValueError("an asynchronous view of the project")


urlpatterns = [path("broken/", broken), *mysite_urlpatterns]
"""


def write_files() -> None:
    subprocess.run(
        [sys.executable, "-m", "wagtail.bin.wagtail", "start", "mysite", "."], check=True
    )
    Path("asgi.py").write_text(ASGI)
    Path("mysite/settings/local.py").write_text(textwrap.dedent(SETTINGS))
    Path("local_urls.py").write_text(textwrap.dedent(URLS))
    os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings.local"
    sys.path.insert(0, os.getcwd())


def populate() -> None:
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.files.base import ContentFile
    from django.core.management import call_command
    from PIL import Image as Picture
    from wagtail.documents.models import Document
    from wagtail.images import get_image_model
    from wagtail.models import Page

    call_command("makemigrations", verbosity=0)
    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_superuser("admin", "admin@example.com", "secret")
    home = Page.objects.get(depth=2).specific
    for number in range(PAGES):
        page = type(home)(title=f"Page {number}", slug=f"page-{number}", show_in_menus=True)
        home.add_child(instance=page)
        page.save_revision(user=user).publish()
    stored = io.BytesIO()
    Picture.new("RGB", (640, 480), "red").save(stored, "PNG")
    get_image_model().objects.create(
        title="Red", file=ContentFile(stored.getvalue(), "red.png"), uploaded_by_user=user
    )
    Document.objects.create(
        title="Words", file=ContentFile(b"words " * 50_000, "words.txt"), uploaded_by_user=user
    )
    call_command("rebuild_references_index", verbosity=0)


if __name__ == "__main__":
    write_files()
    populate()
