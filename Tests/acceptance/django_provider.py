"""Django OAuth Toolkit as an OpenID provider with two people and one client, who need PKCE: `python django_provider.py FOLDER PORT SECRET`."""

import pathlib
import socketserver
import sys
import wsgiref.simple_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

CLIENT = "coffer-client"
MOUNT = "oidc-django"
# Those at the loopback address hold for every port (RFC 8252, 7.3).
REDIRECTS = f"http://localhost:8250/oidc/callback http://127.0.0.1/oidc/callback http://127.0.0.1/v1/auth/{MOUNT}/oidc/callback"
LOGIN = '<h1>Sign in</h1><form method="post">{% csrf_token %}{{ form }}<button>Sign in</button></form>'


def configure(folder, port):
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    settings.configure(
        SECRET_KEY="a key of this test alone", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, USE_TZ=True, LOGIN_URL="/sign-in/",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.db")}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField", PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"],
            "loaders": [("django.template.loaders.locmem.Loader", {"sign-in.html": LOGIN}),
                        "django.template.loaders.app_directories.Loader"]}}],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True, "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{port}", "OIDC_RSA_PRIVATE_KEY": key, "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "OpenID", "groups": "Groups"}, "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True, "OAUTH2_VALIDATOR_CLASS": f"{__name__}.validator"})
    django.setup()


def fill(secret):
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for name in ("ada", "eve"):
        user = User.objects.create_user(name, f"{name}@example.com", f"{name}-password")
        user.groups.add(Group.objects.get_or_create(name="staff" if name == "ada" else "guests")[0])
    Application.objects.create(
        client_id=CLIENT, client_secret=secret, client_type=Application.CLIENT_CONFIDENTIAL, redirect_uris=REDIRECTS,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE, algorithm=Application.RS256_ALGORITHM, user=User.objects.first())


def validator(*arguments, **options):
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Validator(OAuth2Validator):
        oidc_claim_scope = None

        def get_additional_claims(self, request):
            return {"name": request.user.username, "groups": [group.name for group in request.user.groups.all()]}

    return Validator(*arguments, **options)


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


if __name__ == "__main__":
    sys.modules["django_provider"] = sys.modules["__main__"]
    __name__ = "django_provider"
    folder, port, secret = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    configure(folder, port)
    from django.contrib.auth.views import LoginView
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path

    urlpatterns = [path("sign-in/", LoginView.as_view(template_name="sign-in.html")), path("", include("oauth2_provider.urls"))]
    fill(secret)
    wsgiref.simple_server.make_server("127.0.0.1", port, get_wsgi_application(), server_class=Server).serve_forever()
