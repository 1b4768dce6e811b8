"""Logins that come with the request they are for (X-Vault-Inline-Auth- headers): every auth method, and answer by answer OpenBao."""

import base64
import json
import secrets

import hvac
import pytest
import requests
from harness import Reply
from identity_provider import IdentityProvider
from test_cert_login import setting  # noqa: F401 - a fixture
from test_kubernetes_login import REVIEWER, Cluster
from test_openbao_cli import OpenBao

POLICY = 'path "secret/data/app" { capabilities = ["read", "create", "update"] }'
PASSWORD = "correct horse"


def parameter(key, value):
    return base64.urlsafe_b64encode(json.dumps({"key": key, "value": value}).encode()).rstrip(b"=").decode()


def headers(path, parameters, **more):
    sent = {f"X-Vault-Inline-Auth-Parameter-{number}": parameter(*item) for number, item in enumerate(parameters.items())}
    return {"X-Vault-Inline-Auth-Path": path, **sent, **{name.replace("_", "-"): value for name, value in more.items()}}


def ask(server, path, parameters, method="GET", wanted="secret/data/app", body=None, **more) -> Reply:
    return server.request(method, wanted, body, token=None, headers=headers(path, parameters, **more))


def failed(reply):
    return reply.headers.get("x-vault-inline-auth-failed") == "true"


@pytest.fixture(scope="module")
def app(server):
    server.put("sys/policies/acl/app", {"policy": POLICY}).expect(204)
    server.put("secret/data/app", {"data": {"k": "v"}}).expect(200)
    return server


@pytest.fixture
def userpass(app):
    name = "people-" + secrets.token_hex(4)
    app.post(f"sys/auth/{name}", {"type": "userpass"}).expect(204)
    app.post(f"auth/{name}/users/ann", {"password": PASSWORD, "token_policies": "app"}).expect(204)
    return f"auth/{name}/login/ann"


def tokens(server):
    return server.list("auth/token/accessors").data["keys"]


def test_reads_and_writes_and_stores_nothing(app, userpass):
    right = {"password": PASSWORD}
    ask(app, userpass, right).expect(200)
    before = len(tokens(app))
    assert ask(app, userpass, right).expect(200).data["data"] == {"k": "v"}
    assert ask(app, userpass, right, "PUT", body={"data": {"k": "v"}}).expect(200).data["version"] > 1
    assert ask(app, userpass, right, wanted="sys/mounts").status == 403
    assert len(tokens(app)) == before
    reply = ask(app, userpass, {"password": "wrong"})
    assert reply.status == 400 and reply.errors == ["invalid username or password"] and failed(reply)
    assert not failed(ask(app, userpass, right, wanted="sys/mounts"))
    text = app.audit_path.read_text()
    assert '"inline_kind":"login"' in text and '"login_request_id":"' in text
    assert PASSWORD not in text and parameter("password", PASSWORD) not in text


# What belongs to a token is refused to a caller that has none, whatever its policies allow.
OF_TOKENS = (
    ("POST", "auth/token/lookup-self", {}, 403), ("POST", "auth/token/renew-self", {}, 400), ("POST", "auth/token/revoke-self", {}, 400),
    ("POST", "cubbyhole/a", {"a": "b"}, 403), ("GET", "cubbyhole/a", None, 404), ("POST", "auth/token/create", {}, 403),
    ("POST", "auth/token/create", {"type": "batch"}, 403), ("POST", "auth/token/create", {"no_parent": True}, 403),
    ("POST", "auth/token/create-orphan", {}, 403), ("POST", "auth/token/create-orphan", {"type": "batch"}, 403),
)


def test_what_is_refused(app, userpass):
    right = {"password": PASSWORD}
    for path in ("sys/health", "auth/token/create", "auth/none/login", "secret/data/app", userpass + "/"):
        reply = ask(app, path, right)
        assert reply.status == 400 and failed(reply), path
    for operation in ("read", "renew", "revoke", "rollback", "resolve-role", "UPDATE"):
        assert ask(app, userpass, right, X_Vault_Inline_Auth_Operation=operation).status == 400
    assert ask(app, userpass, right, X_Vault_Token=app.token).status == 400
    assert ask(app, userpass, right, X_Vault_Inline_Auth_Namespace="team").status == 400
    assert ask(app, userpass, right, "POST", wanted=userpass, body=right).status == 400
    reply = app.request("GET", "secret/data/app", token=None, headers={"X-Vault-Inline-Auth-Parameter-a": parameter("a", 1)})
    assert reply.status == 400 and "X-Vault-Inline-Auth-Path" in reply.errors[0]
    app.put("sys/policies/acl/everything", {
        "policy": 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'}).expect(204)
    app.post(userpass.replace("/login/", "/users/"), {"token_policies": "everything"}).expect(204)
    before = len(tokens(app))
    for method, path, body, status in OF_TOKENS:
        reply = ask(app, userpass, right, method, wanted=path, body=body)
        assert (reply.status, failed(reply)) == (status, False), (path, body)
    assert len(tokens(app)) == before
    app.post(userpass.replace("/login/", "/users/"), {"token_policies": "app"}).expect(204)
    # Only a token lets a large body in.
    large = {"data": {"k": "x" * (2 << 20)}}
    assert ask(app, userpass, right, "PUT", body=large).status == 413


def test_a_name_that_fails_is_locked(app, userpass):
    for _ in range(5):
        assert ask(app, userpass, {"password": "no"}).status == 400
    assert ask(app, userpass, {"password": PASSWORD}).status == 403


def test_its_answer_can_be_wrapped(app, userpass):
    info = ask(app, userpass, {"password": PASSWORD}, X_Vault_Wrap_TTL="60").expect(200).json["wrap_info"]
    assert app.post("sys/wrapping/unwrap", token=info["token"]).expect(200).data["data"] == {"k": "v"}


def test_an_approle(app):
    name = "roles-" + secrets.token_hex(4)
    app.post(f"sys/auth/{name}", {"type": "approle"}).expect(204)
    app.post(f"auth/{name}/role/r", {"token_policies": "app", "secret_id_num_uses": 1}).expect(204)
    parameters = {"role_id": app.get(f"auth/{name}/role/r/role-id").data["role_id"],
                  "secret_id": app.post(f"auth/{name}/role/r/secret-id").data["secret_id"]}
    ask(app, f"auth/{name}/login", parameters).expect(200)
    assert failed(ask(app, f"auth/{name}/login", parameters))


def test_a_jwt_as_gitlab_sends_it(app):
    provider = IdentityProvider()
    try:
        name = "jwt-" + secrets.token_hex(4)
        app.post(f"sys/auth/{name}", {"type": "jwt"}).expect(204)
        app.post(f"auth/{name}/config", {"oidc_discovery_url": provider.address}).expect()
        app.post(f"auth/{name}/role/app", {
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["coffer"], "token_policies": "app"}).expect()
        token = provider.key.sign(provider.claims(aud="coffer"))
        assert ask(app, f"auth/{name}/login", {"jwt": token, "role": "app"}).expect(200).data["data"] == {"k": "v"}
        assert failed(ask(app, f"auth/{name}/login", {"jwt": token[:-8] + "AAAAAAAA", "role": "app"}))
        # The steps of a login in a browser are no login.
        for path in ("oidc/auth_url", "oidc/callback", "oidc/poll"):
            assert failed(ask(app, f"auth/{name}/{path}", {"role": "app"}))
    finally:
        provider.close()


def test_a_kubernetes_service_account(app):
    cluster = Cluster()
    try:
        name = "kubernetes-" + secrets.token_hex(4)
        app.post(f"sys/auth/{name}", {"type": "kubernetes"}).expect(204)
        app.post(f"auth/{name}/config", {"kubernetes_host": cluster.url, "token_reviewer_jwt": REVIEWER}).expect()
        app.post(f"auth/{name}/role/web", {
            "bound_service_account_names": "web", "bound_service_account_namespaces": "prod", "audience": "coffer",
            "token_policies": "app"}).expect()
        ask(app, f"auth/{name}/login", {"role": "web", "jwt": cluster.token()}).expect(200)
        reply = ask(app, f"auth/{name}/login", {"role": "web", "jwt": cluster.token(known=False, jti="2")})
        assert reply.status == 403 and failed(reply)
    finally:
        cluster.server.shutdown()


def test_a_client_certificate(setting):  # noqa: F811
    server, authority, clients, _ = setting
    root = hvac.Client(url=server.address, token=server.token, verify=str(authority.certificate))
    root.sys.create_or_update_policy("mounts", 'path "sys/mounts" { capabilities = ["read"] }')
    root.auth.cert.create_ca_certificate_role(
        name="inline", certificate=clients.certificate.read_text(), token_policies=["mounts"], mount_point="cert")
    pair = clients.issue("inline-1", common_name="inline-1")
    for certificate, status in ((pair, 200), (None, 400)):
        reply = requests.get(
            f"{server.address}/v1/sys/mounts", headers=headers("auth/cert/login", {"name": "inline"}), cert=certificate,
            verify=str(authority.certificate), timeout=20)
        assert reply.status_code == status, reply.text
        assert ("X-Vault-Inline-Auth-Failed" in reply.headers) == (certificate is None)


def test_the_command_line_sends_the_headers(app, userpass):
    given = [f"-header={name}={value}" for name, value in headers(userpass, {"password": PASSWORD}).items()]
    done = app.cli("read", *given, "-format=json", "secret/data/app", token=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["data"] == {"k": "v"}


# What OpenBao answers otherwise, with the reason.
DIFFERENCES = {
    "a token beside it": "400 in place of 500: the caller is at fault",
    "no login": "400 for everything that is no login; OpenBao answers what the path answers, even 200",
    "an unknown mount": "the same text as for a path that is no login",
    "operation renew": "400 in place of 500: the caller is at fault",
    "operation read": "400 in place of 405: no login reads",
    "malformed base64": "400 in place of 500: the caller is at fault",
    "an extra member": "400 in place of 500: the caller is at fault",
    "a login with a login": "refused: the second login needs no caller; OpenBao makes a token",
    "a parameter without a path": "400 that names the missing header, in place of 403",
}


def test_answers_as_openbao_does(app, tmp_path):
    peer = OpenBao(tmp_path, "shamir")
    try:
        session = requests.Session()
        made = session.put(f"{peer.address}/v1/sys/init", json={"secret_shares": 1, "secret_threshold": 1}, timeout=30).json()
        session.put(f"{peer.address}/v1/sys/unseal", json={"key": made["keys"][0]}, timeout=30)
        root = {"X-Vault-Token": made["root_token"]}
        mount = "p" + secrets.token_hex(4)

        def both(method, path, body=None, sent=None):
            theirs = session.request(method, f"{peer.address}/v1/{path}", json=body, headers=sent or root, timeout=30)
            ours = app.request(method, path, body, token=None if sent else True, headers=sent)
            return (ours.status, failed(ours)), (theirs.status_code, theirs.headers.get("X-Vault-Inline-Auth-Failed") == "true")

        session.post(f"{peer.address}/v1/sys/mounts/secret", json={"type": "kv", "options": {"version": "2"}}, headers=root, timeout=30)
        for method, path, body in (
            ("POST", f"sys/auth/{mount}", {"type": "userpass"}), ("PUT", "sys/policies/acl/app", {"policy": POLICY}),
            ("POST", f"auth/{mount}/users/ann", {"password": PASSWORD, "token_policies": "app"}),
            ("PUT", "secret/data/app", {"data": {"k": "v"}}),
        ):
            ours, theirs = both(method, path, body)
            assert ours == theirs, path
        login, right = f"auth/{mount}/login/ann", {"password": PASSWORD}
        broken = headers(login, right)
        broken["X-Vault-Inline-Auth-Parameter-0"] = "!!!"
        extra = headers(login, {})
        extra["X-Vault-Inline-Auth-Parameter-0"] = base64.urlsafe_b64encode(b'{"key":"password","value":"x","more":1}').rstrip(b"=").decode()
        cases = {
            "a read": ("GET", "secret/data/app", None, headers(login, right)),
            "a write": ("PUT", "secret/data/app", {"data": {"a": "b"}}, headers(login, right)),
            "operation create": ("GET", "secret/data/app", None, headers(login, right, X_Vault_Inline_Auth_Operation="create")),
            "a wrapped read": ("GET", "secret/data/app", None, headers(login, right, X_Vault_Wrap_TTL="60")),
            "not allowed": ("GET", "sys/mounts", None, headers(login, right)),
            "a wrong password": ("GET", "secret/data/app", None, headers(login, {"password": "no"})),
            "an unknown user": ("GET", "secret/data/app", None, headers(f"auth/{mount}/login/nobody", right)),
            "health": ("GET", "sys/health", None, headers(login, right)),
            "a token beside it": ("GET", "secret/data/app", None, {**headers(login, right), **root}),
            "no login": ("GET", "secret/data/app", None, headers("sys/seal-status", right)),
            "an unknown mount": ("GET", "secret/data/app", None, headers("auth/none/login", right)),
            "operation renew": ("GET", "secret/data/app", None, headers(login, right, X_Vault_Inline_Auth_Operation="renew")),
            "operation read": ("GET", "secret/data/app", None, headers(login, right, X_Vault_Inline_Auth_Operation="read")),
            "malformed base64": ("GET", "secret/data/app", None, broken),
            "an extra member": ("GET", "secret/data/app", None, extra),
            "a login with a login": ("POST", login, right, headers(login, right)),
            "a parameter without a path": ("GET", "secret/data/app", None, {"X-Vault-Inline-Auth-Parameter-0": parameter("a", 1)}),
            "a child token": ("POST", "auth/token/create", {}, headers(login, right)),
            "its own token": ("GET", "auth/token/lookup-self", None, headers(login, right)),
        }
        different = {}
        for name, (method, path, body, sent) in cases.items():
            ours, theirs = both(method, path, body, sent)
            if ours != theirs:
                different[name] = (ours, theirs)
        assert set(different) == set(DIFFERENCES), different
    finally:
        peer.close()
