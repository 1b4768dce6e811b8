"""Login methods whose other side is down, slow or wrong: a bounded wait, an answer without inner addresses, a reason in the log, and no harm to others."""

import concurrent.futures
import re
import secrets
import time
import urllib.parse

import pytest
import requests
from harness import free_port
from identity_provider import IdentityProvider
from test_cert_login import Issuer
from test_kubernetes_login import REVIEWER, Cluster

FAULTS = ["down", "slow", "drip", "huge", "wrong", "error", "redirect", "cut"]
REDIRECT = "http://localhost:8250/oidc/callback"
# What a caller may not be told: where others are, and what they said.
INNER = re.compile(r"127\.0\.0\.1|localhost|169\.254|10\.0\.0\.7|<html>|:\d{4,5}\b|connection refused|errno", re.IGNORECASE)


class Attempt:
    """One method with one fault: how to log in, once it is configured and the fault has begun."""

    def __init__(self, server, fault):
        self.server, self.fault = server, fault
        self.mount = f"{type(self).__name__.lower()}-{fault}-{secrets.token_hex(3)}"
        self.provider = IdentityProvider()
        self.address = self.provider.address if fault != "down" else f"http://127.0.0.1:{free_port()}"
        self.prepare()
        if fault == "down":
            self.provider.close()
        else:
            self.provider.fault = fault

    def write(self, path, body, mount=True):
        return self.server.post(f"auth/{self.mount}/{path}" if mount else path, body).expect(200, 204)

    def enable(self, kind):
        self.write(f"sys/auth/{self.mount}", {"type": kind}, mount=False)

    def log_in(self, body, path="login"):
        return self.server.post(f"auth/{self.mount}/{path}", body, token=None, timeout=60)

    reason = "an identity provider did not answer as it should"
    statuses = {503}


class JWKS(Attempt):
    def prepare(self):
        self.enable("jwt")
        self.write("config", {"jwks_url": self.address + "/keys", "skip_jwks_validation": True})
        self.write("role/app", {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer"})

    def __call__(self):
        return self.log_in({"role": "app", "jwt": self.provider.key.sign(self.provider.claims())})


class Discovery(JWKS):
    def prepare(self):
        self.enable("oidc")
        self.write("config", {"oidc_discovery_url": self.address, "oidc_client_id": "c", "oidc_client_secret": "s", "skip_jwks_validation": True})
        self.write("role/app", {"user_claim": "sub", "allowed_redirect_uris": REDIRECT})

    def __call__(self):
        return self.log_in({"role": "app", "redirect_uri": REDIRECT}, "oidc/auth_url")


class Code(Attempt):
    """The provider describes itself, and fails when the code is exchanged."""

    mode, faulty = "client", {"/token"}

    def prepare(self):
        self.provider.faulty = self.faulty
        self.address = self.provider.address
        self.enable("oidc")
        self.write("config", {
            "oidc_discovery_url": self.address, "oidc_client_id": self.provider.client, "oidc_client_secret": self.provider.secret})
        redirect = f"{self.server.address}/v1/auth/{self.mount}/oidc/callback"
        self.write("role/app", {
            "user_claim": "sub", "allowed_redirect_uris": redirect, "callback_mode": self.mode, "oidc_disable_confirmation": True})
        begun = self.log_in({"role": "app", "redirect_uri": redirect, "client_nonce": "n"}, "oidc/auth_url").expect(200).data
        self.state = begun.get("state")
        if self.mode != "device":
            self.back = urllib.parse.urlsplit(
                requests.get(begun["auth_url"], allow_redirects=False, timeout=20).headers["Location"]).query + "&client_nonce=n"

    def __call__(self):
        return self.server.get(f"auth/{self.mount}/oidc/callback?{self.back}", token=None, timeout=60)


class Page(Code):
    mode, statuses = "direct", {400}


class Device(Code):
    mode = "device"

    def __call__(self):
        time.sleep(1)
        return self.log_in({"state": self.state, "client_nonce": "n"}, "oidc/poll")


class Kubernetes(Attempt):
    reason = "the Kubernetes API "

    def prepare(self):
        self.enable("kubernetes")
        self.write("config", {"kubernetes_host": self.address, "token_reviewer_jwt": REVIEWER})
        self.write("role/web", {"bound_service_account_names": "web", "bound_service_account_namespaces": "prod"})

    def __call__(self):
        return self.log_in({"role": "web", "jwt": Cluster.token(self, known=False)})


class GitHub(Attempt):
    reason = "a GitHub login could not be decided"

    def prepare(self):
        self.enable("github")
        self.write("config", {"organization": "example", "organization_id": 7, "base_url": self.address})

    def __call__(self):
        return self.log_in({"token": "ghp_ann"})


METHODS = [JWKS, Discovery, Code, Page, Device, Kubernetes, GitHub]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_the_wait_is_bounded_and_the_answer_tells_nothing(server, method):
    attempts = [method(server, fault) for fault in FAULTS if not (fault == "down" and issubclass(method, Code))]

    def run(attempt):
        began = time.monotonic()
        reply = attempt()
        return attempt, reply, time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(len(attempts)) as pool:
        replies = [pool.submit(run, attempt) for attempt in attempts]
        # Nobody else waits for them.
        for _ in range(20):
            began = time.monotonic()
            assert server.get("sys/health", token=None).status == 200
            server.get("secret/data/none")
            assert time.monotonic() - began < 2
            time.sleep(0.1)
        replies = [reply.result() for reply in replies]
    log = server.log()
    for attempt, reply, seconds in replies:
        text = reply.body.decode()
        assert seconds < 15, attempt.mount
        assert reply.status in attempt.statuses, (attempt.mount, reply.status, text)
        if attempt.statuses == {503}:
            assert len(reply.errors) == 1
        said = re.sub(r"\d{4}-\d\d-\d\d[^ ]*", "", text.partition("<main>")[2] or text)
        assert not INNER.search(said), (attempt.mount, said)
        reasons = [line for line in log.splitlines() if attempt.mount in line and attempt.reason in line]
        assert reasons, (attempt.mount, log[-3000:])
        assert "ghp_ann" not in log and "a-client-secret" not in log
    for attempt in attempts:
        if attempt.fault != "down":
            attempt.provider.close()


def test_the_login_works_again_when_the_other_side_does(server):
    """No failure is remembered for longer than it takes to ask again."""
    attempt = JWKS(server, "error")
    assert attempt().status == 503
    attempt.provider.fault = None
    time.sleep(10.5)
    attempt().expect(200)
    # And the keys that it has then are good while the provider is away.
    attempt.provider.fault = "cut"
    attempt().expect(200)
    attempt.provider.close()
    attempt().expect(200)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_revocation_list_that_cannot_be_fetched(server, tmp_path, fault):
    mount, provider = f"cert-{secrets.token_hex(4)}", IdentityProvider()
    server.post(f"sys/auth/{mount}", {"type": "cert"}).expect(204)
    server.post(f"auth/{mount}/certs/app", {"certificate": Issuer(tmp_path).certificate.read_text()}).expect(200, 204)
    url = provider.address + "/crl"
    if fault == "down":
        provider.close()
    provider.fault = fault
    began = time.monotonic()
    # Whoever may write lists learns nothing of what is in the server's network; the log has the reason.
    reply = server.post(f"auth/{mount}/crls/ca", {"url": url}, timeout=60)
    assert reply.status == 400 and time.monotonic() - began < 35
    assert reply.errors == ["no CRL that can be relied on could be fetched from 'url'; the server's log has the reason"]
    assert "a revocation list was not added" in server.log()
    assert server.get(f"auth/{mount}/crls/ca").status == 404
    if fault != "down":
        provider.close()
