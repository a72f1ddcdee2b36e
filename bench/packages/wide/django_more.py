"""django: models in memory, lookups, forms, templates, signals, pagination, translation, a management command."""

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="x",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    USE_TZ=True,
)
django.setup()

from django import forms  # noqa: E402  # all of this needs the settings
from django.contrib.auth.models import User  # noqa: E402
from django.core import checks, mail, serializers, signing  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.db.models import Count, F, Q  # noqa: E402
from django.db.models.signals import post_save  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import path, reverse  # noqa: E402
from django.utils import dateparse, text, timezone, translation  # noqa: E402


class Author(models.Model):
    name = models.CharField(max_length=20, unique=True)
    born = models.DateField(null=True)

    class Meta:
        app_label = "auth"


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    title = models.CharField(max_length=40)
    data = models.JSONField(default=dict)

    class Meta:
        app_label = "auth"
        ordering = ("title",)


class BookForm(forms.Form):
    title = forms.CharField(max_length=5)
    pages = forms.IntegerField(min_value=1)


urlpatterns = [
    path("books/<int:number>/", lambda request, number: JsonResponse({"number": number}), name="book")
]
call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Author)
    editor.create_model(Book)
saved = []
post_save.connect(lambda sender, instance, **more: saved.append(instance.name), sender=Author, weak=False)
with transaction.atomic():
    one = Author.objects.create(name="Ada", born=dateparse.parse_date("1815-12-10"))
    Author.objects.create(name="Alan")
    Book.objects.bulk_create([Book(author=one, title=f"part {n}", data={"n": n}) for n in range(3)])
print(saved, list(Author.objects.annotate(n=Count("books")).order_by("name").values_list("name", "n")))
print(Book.objects.filter(Q(title__endswith="1") | Q(data__n=2), author__born__year__lt=1900).count())
print(
    list(Book.objects.filter(id=F("author_id")).values("title")),
    Book.objects.filter(title__iregex="PART").count(),
)
print(serializers.serialize("json", Book.objects.all()[:1]))
print(
    User.objects.create_user("me", password="p").check_password("p"),
    [each.id for each in checks.run_checks()],
)
form = BookForm({"title": "too long", "pages": "0"})
print(form.is_valid(), form.errors.as_json())
print(Paginator(range(10), 3).page(2).object_list, signing.loads(signing.dumps([1])), text.slugify("A b"))
with translation.override("de"):
    print(
        translation.gettext("Yes"), engines["django"].from_string("{{ n|floatformat:1 }}").render({"n": 1.5})
    )
print(
    engines["django"]
    .from_string("{% for b in x %}{{ forloop.counter }}{{ b|title }} {% endfor %}")
    .render({"x": "ab"})
)
print(Client().get(reverse("book", args=[3])).json(), Client().get("/none").status_code)
with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
    mail.send_mail("s", "b", "a@example.org", ["b@example.org"])
    print(len(mail.outbox), timezone.is_aware(timezone.now()))
