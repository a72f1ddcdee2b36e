"""django: a view and a template, with settings in the program."""

import django
from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="x",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()
urlpatterns = [path("", lambda request: HttpResponse("hello"))]
from django.test import Client  # noqa: E402  # needs the settings

print(Client().get("/").content, engines["django"].from_string("{{ x|upper }}").render({"x": "a"}))
