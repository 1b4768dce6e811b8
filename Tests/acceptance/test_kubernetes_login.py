"""Kubernetes logins against a stand-in for the cluster's API that answers TokenReviews as a cluster does; hvac and the command line."""

import base64
import http.server
import json
import threading
import time

import hvac
import pytest
from hvac import exceptions

REVIEWER = "aaa.reviewer.ccc"


class Cluster:
    """authentication.k8s.io/v1 TokenReview, and namespaces, on a loopback port."""

    def __init__(self):
        self.accounts, self.labels, self.reviews = {}, {"prod": {"team": "a"}}, []
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def is_known(self):
                return self.headers.get("Authorization", "").removeprefix("Bearer ") in {REVIEWER, *cluster.accounts}

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not self.is_known():
                    return self.answer(401, {"kind": "Status", "status": "Failure", "code": 401})
                if self.path != "/apis/authentication.k8s.io/v1/tokenreviews" or body.get("kind", "TokenReview") != "TokenReview":
                    return self.answer(404, {"kind": "Status", "status": "Failure", "code": 404})
                cluster.reviews.append(body)
                account = cluster.accounts.get(body["spec"]["token"])
                wanted = body["spec"].get("audiences") or ["https://cluster"]
                both = [a for a in (account or {}).get("audiences", []) if a in wanted]
                status = {"authenticated": False, "error": "[invalid bearer token, token lookup failed]"}
                if both:
                    status = {"authenticated": True, "audiences": both, "user": {
                        "username": f"system:serviceaccount:{account['namespace']}:{account['name']}", "uid": account["uid"],
                        "groups": ["system:serviceaccounts", f"system:serviceaccounts:{account['namespace']}", "system:authenticated"]}}
                return self.answer(201, {**body, "status": status})

            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                if not self.is_known() or name not in cluster.labels:
                    return self.answer(403, {"kind": "Status", "status": "Failure", "code": 403})
                return self.answer(200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, "labels": cluster.labels[name]}})

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, namespace="prod", name="web", uid="u-1", audiences=("https://cluster", "coffer"), known=True, **more):
        now = int(time.time())
        claims = {"aud": list(audiences), "exp": now + 600, "iat": now, "nbf": now, "iss": "https://cluster",
                  "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}, "pod": {"name": "p", "uid": "p"}},
                  "sub": f"system:serviceaccount:{namespace}:{name}", **more}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "RS256", "kid": "k"}, claims)]
        token = ".".join(parts) + ".c2ln"
        if known:
            self.accounts[token] = {"namespace": namespace, "name": name, "uid": uid, "audiences": list(audiences)}
        return token


@pytest.fixture(scope="module")
def cluster():
    made = Cluster()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def kubernetes(server, cluster):
    client = hvac.Client(url=server.address, token=server.token)
    client.sys.enable_auth_method("kubernetes")
    client.auth.kubernetes.configure(kubernetes_host=cluster.url, token_reviewer_jwt=REVIEWER)
    client.auth.kubernetes.create_role(
        "web", bound_service_account_names=["web"], bound_service_account_namespaces=["prod"], audience="coffer", ttl="10m",
        policies=["default"])
    return client.auth.kubernetes


def test_hvac(kubernetes, server, cluster):
    with pytest.raises(exceptions.InvalidRequest, match="compact JWS format must have three parts"):
        kubernetes.configure(kubernetes_host=cluster.url, token_reviewer_jwt="not-a-token")
    shown = kubernetes.read_config()
    shown = shown.get("data", shown)
    assert shown["kubernetes_host"] == cluster.url and shown["token_reviewer_jwt_set"] is True and REVIEWER not in json.dumps(shown)
    role = kubernetes.read_role("web")
    role = role.get("data", role)
    assert role["bound_service_account_names"] == ["web"] and role["token_ttl"] == 600
    listed = kubernetes.list_roles()
    assert listed.get("data", listed)["keys"] == ["web"]
    login = hvac.Client(url=server.address).auth.kubernetes.login(role="web", jwt=cluster.token())
    assert login["auth"]["metadata"]["service_account_namespace"] == "prod" and login["auth"]["lease_duration"] == 600
    assert cluster.reviews[-1]["spec"]["audiences"] == ["coffer"]
    token = login["auth"]["client_token"]
    assert hvac.Client(url=server.address, token=token).auth.token.renew_self()["auth"]["client_token"] == token


def test_refusals_are_alike(kubernetes, server, cluster):
    client = hvac.Client(url=server.address)
    texts = set()
    for role, jwt in (
        ("web", cluster.token(known=False, jti="1")), ("web", cluster.token(name="api")), ("web", cluster.token(namespace="dev")),
        ("web", cluster.token(audiences=["https://cluster"])), ("web", cluster.token(exp=1)), ("web", "a.b.c"), ("nobody", cluster.token()),
    ):
        with pytest.raises(exceptions.Forbidden) as refusal:
            client.auth.kubernetes.login(role=role, jwt=jwt)
        texts.add(str(refusal.value))
    assert len(texts) == 1


def test_a_cluster_that_is_away(kubernetes, server, cluster):
    client = hvac.Client(url=server.address, token=server.token)
    client.sys.enable_auth_method("kubernetes", path="away")
    client.auth.kubernetes.configure(kubernetes_host="http://127.0.0.1:1", token_reviewer_jwt=REVIEWER, mount_point="away")
    client.auth.kubernetes.create_role("web", ["web"], ["prod"], mount_point="away")
    reply = server.post("auth/away/login", {"role": "web", "jwt": cluster.token()}, token=None)
    assert reply.status == 503 and "127.0.0.1" not in reply.errors[0]
    assert "the Kubernetes API could not be asked" in server.log()


def test_the_command_line(kubernetes, server, cluster):
    done = server.cli("login", "-method=kubernetes", "-no-store", "-format=json", "role=web", "jwt=" + cluster.token(), token=False)
    assert done.returncode == 0, done.stderr
    assert '"service_account_name": "web"' in done.stdout
