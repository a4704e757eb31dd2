"""What the page of the `requests` benchmark costs with Django and django-hijack, one audit row for each request.

    python3 -m venv target/django
    target/django/bin/pip install 'django==5.2.*' 'django-hijack==3.7.*' 'gunicorn==23.*'
    target/django/bin/python crates/vicarious/benches/with_django.py

Prints the CPU time that a request takes, signed in as oneself and hijacking: called in this process, and in a server,
gunicorn with two processes, which 64 clients ask over connections that they keep. The row is not durable (SQLite,
write-ahead log, `synchronous=NORMAL`).
"""

import http.client
import io
import json
import os
import shutil
import signal
import socket
import statistics
import tempfile
import threading
import time

import django
import gunicorn.app.base
from django.conf import settings

ROUNDS, TIMES, CLIENTS = 7, 400, 64

folder = tempfile.mkdtemp()
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
            "NAME": f"{folder}/bench.sqlite3",
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


class Server(gunicorn.app.base.BaseApplication):
    """The application in processes of its own."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        super().__init__()
        # What is open belongs to the process that opened it.
        connection.close()
        self.arbiter = os.fork()
        if self.arbiter == 0:
            try:
                self.run()
            finally:
                # Nothing of this program goes on here.
                os._exit(0)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)

    def load_config(self):
        settings = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": 2,
            "worker_class": "gthread",
            "threads": CLIENTS // 2,
            "keepalive": 30,
            "loglevel": "error",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self):
        return application

    def cpu(self):
        """Returns the CPU time of the processes that answer, in seconds."""
        with open(f"/proc/{self.arbiter}/task/{self.arbiter}/children") as children:
            stats = [open(f"/proc/{child}/stat").read().rsplit(")")[1].split() for child in children.read().split()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def ask(self, session, times):
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        for _ in range(times):
            client.request("GET", "/page", headers={"Cookie": f"sessionid={session}", "Accept": "text/html"})
            answer = client.getresponse()
            assert answer.status == 200 and b"<h1>Alice Ames" in answer.read(), answer.status

    def load_of(self, session):
        """Returns the CPU time of a request while all clients ask."""
        before, each = self.cpu(), 6 * TIMES // CLIENTS
        clients = [threading.Thread(target=self.ask, args=(session, each)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return (self.cpu() - before) / (each * CLIENTS)

    def stop(self):
        os.kill(self.arbiter, signal.SIGTERM)
        os.waitpid(self.arbiter, 0)


def called(session):
    """Returns the CPU time of a request that is a call."""
    began = time.process_time()
    for _ in range(TIMES):
        ask(session)
    return (time.process_time() - began) / TIMES


def measure(how, one, sessions):
    found = {"as oneself": [], "hijacking, with an audit row": []}
    for _ in range(ROUNDS):
        for name, session in zip(found, sessions):
            found[name].append(one(session))
    print(how)
    for name, times in found.items():
        print(f"  {name:<30} {statistics.median(times) * 1e6:>7.0f} µs CPU a request")


def audited():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM audit")
        return cursor.fetchone()[0]


def main():
    own, pair = sessions()
    assert b"<h1>Alice Ames" in ask(pair) and b"hijack" in ask(pair)
    print(f"Django {django.get_version()}, medians of {ROUNDS} rounds")
    measure(f"called {TIMES} times in one thread", called, (own, pair))
    assert audited() == ROUNDS * TIMES + 2
    server = Server()
    try:
        measure(f"served to {CLIENTS} clients", server.load_of, (own, pair))
    finally:
        server.stop()
    assert audited() == ROUNDS * (TIMES + 6 * TIMES // CLIENTS * CLIENTS) + 2


try:
    main()
finally:
    shutil.rmtree(folder, ignore_errors=True)
