"""What the page of the `http` benchmark costs with Django and django-hijack, one audit row for each request.

    python3 -m venv target/django
    target/django/bin/pip install 'django==5.2.*' 'django-hijack==3.7.*'
    target/django/bin/python crates/vicarious/benches/with_django.py

Prints CPU time per request, in this process and without a server or a network, which is in Django's favour: signed in as
oneself, and hijacking. The row is not durable (SQLite, write-ahead log, `synchronous=NORMAL`).
"""

import io
import json
import statistics
import tempfile
import time

import django
from django.conf import settings

ROUNDS, TIMES = 7, 400

folder = tempfile.TemporaryDirectory()
settings.configure(
    DEBUG=False,
    SECRET_KEY="only for a benchmark",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    LOGGING_CONFIG=None,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{folder.name}/bench.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "hijack",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "hijack.middleware.HijackUserMiddleware",
        f"{__name__}.audit",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402


def audit(get_response):
    """Records every request of somebody who acts as somebody else."""

    def middleware(request):
        response = get_response(request)
        if getattr(request.user, "is_hijacked", False):
            detail = {"agent": request.headers.get("user-agent", ""), "address": request.META.get("REMOTE_ADDR")}
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO audit (at, true_user, this_user, method, path, status, detail) "
                    "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    [
                        timezone.now().isoformat(),
                        request.session["hijack_history"][-1],
                        request.user.pk,
                        request.method,
                        request.path,
                        response.status_code,
                        json.dumps(detail),
                    ],
                )
        return response

    return middleware


def page(request):
    rows = "".join(f"<tr><td>Order {row}</td><td>shipped, 12.00</td></tr>" for row in range(30))
    head = "<!doctype html><html><head><title>Orders</title></head>"
    return HttpResponse(f"{head}<body><h1>{request.user.first_name}</h1><table>{rows}</table></body></html>")


urlpatterns = [path("page", page), path("hijack/", include("hijack.urls"))]
application = get_wsgi_application()


def sessions():
    """Creates the accounts, and returns the session of oneself and that of a pair."""
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, true_user TEXT, this_user TEXT, "
            "method TEXT, path TEXT, status INTEGER, detail TEXT)"
        )
    users = get_user_model().objects
    bob = users.create_superuser("bob", "bob@example.com", first_name="Bob Baker")
    alice = users.create_user("alice", "alice@example.com", first_name="Alice Ames")
    own, pair = Client(), Client()
    own.force_login(alice)
    pair.force_login(bob)
    assert pair.post("/hijack/acquire/", {"user_pk": alice.pk}).status_code == 302
    return [client.cookies["sessionid"].value for client in (own, pair)]


def ask(session):
    """Sends one request, and returns the page."""
    statuses = []
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/page",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_COOKIE": f"sessionid={session}",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    body = b"".join(application(environment, lambda status, headers: statuses.append(status)))
    assert statuses == ["200 OK"], statuses
    return body


def main():
    own, pair = sessions()
    assert b"<h1>Alice Ames" in ask(pair) and b"hijack" in ask(pair)
    found = {"as oneself": [], "hijacking, with an audit row": []}
    for _ in range(ROUNDS):
        for name, session in zip(found, (own, pair)):
            began = time.process_time()
            for _ in range(TIMES):
                ask(session)
            found[name].append((time.process_time() - began) / TIMES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM audit")
        assert cursor.fetchone()[0] == ROUNDS * TIMES + 2
    print(f"Django {django.get_version()}, {ROUNDS} rounds of {TIMES} requests in one thread, medians")
    for name, times in found.items():
        print(f"  {name:<30} {statistics.median(times) * 1e6:>7.0f} µs CPU a request")


main()
