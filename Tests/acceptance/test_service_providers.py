"""`POST /api/secrets/test` with a provider: the `verify` rule of its platform profile, over real HTTP."""

import concurrent.futures
import http.server
import json
import socket
import threading
import time

import canary
import pytest
from service_harness import ServiceServer
from test_service_security import places

GOOD = canary.make("good").replace("é", "e").replace('"', "'")


class Provider:
    """/me knows one credential; /odd, /moved and /slow misbehave."""

    def __init__(self):
        self.requests = []
        self.gate = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append((self.path, dict(self.headers)))
                if self.path == "/slow":
                    outer.gate.wait(30)
                isGood = GOOD in (self.headers.get("Authorization"), self.headers.get("X-Api-Key"), (self.headers.get("Authorization") or "")[7:])
                status = {"/odd": 500, "/moved": 302}.get(self.path, 200 if isGood else 401)
                # Some say no with a 200.
                body = json.dumps({"ok": isGood, "you_sent": self.headers.get("Authorization")}).encode()
                self.send_response(200 if self.path == "/chatty" else status)
                if self.path == "/moved":
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/me")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


def profile(name, url, header="Authorization: Bearer {token}", verify=True):
    rule = f"verify:\n  url: {url}\n  header: \"{header}\"\n" if verify else ""
    return f"name: {name}\ndisplay_name: {name}\nauth: api_key\n{rule}allowed_hosts: [127.0.0.1]\n"


@pytest.fixture(scope="module")
def provider():
    made = Provider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, provider):
    made = tmp_path_factory.mktemp("profiles")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()[1]
    at = f"http://127.0.0.1:{provider.port}"
    for name, text in {
        "acme": profile("acme", at + "/me"), "keyed": profile("keyed", at + "/me", "X-Api-Key: {token}"),
        "chatty": profile("chatty", at + "/chatty"), "odd": profile("odd", at + "/odd"), "moved": profile("moved", at + "/moved"),
        "slow": profile("slow", at + "/slow"), "down": profile("down", f"http://127.0.0.1:{closed}/me"),
        "mute": profile("mute", at, verify=False),
    }.items():
        (made / f"{name}.yaml").write_text(text)
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory, folder):
    made = ServiceServer(
        tmp_path_factory.mktemp("s"), COFFER_PLATFORM_DIR=folder, COFFER_ALLOW_PRIVATE_ENDPOINTS="true")
    made.start("-env-file=.env", "-log-level=trace")
    yield made
    made.close()


def check(server, provider, value, status, detail=None, service="myscheduler"):
    reply = server.service(service).post("/api/secrets/test", json={"provider": provider, "value": value})
    assert reply.status_code == status, reply.text
    assert detail is None or detail in reply.json()["detail"], reply.text
    assert value not in reply.text and json.dumps(value)[1:-1] not in reply.text
    return reply


def test_good_and_bad_credentials(server, provider):
    for name in ("acme", "keyed", "chatty", "Acme"):
        assert check(server, name, GOOD, 200).json() == {"status": "ok", "message": "The provider accepts this credential"}
        check(server, name, "bad-credential-of-some-length", 400, "The provider does not accept this credential")
    assert {path for path, _ in provider.requests} == {"/me", "/chatty"}
    assert all(headers["host"] == f"127.0.0.1:{provider.port}" for _, headers in provider.requests)


def test_a_provider_that_says_nothing_about_it(server, provider):
    for name in ("odd", "down", "moved"):
        check(server, name, GOOD, 502, "The provider could not be asked")
    # A redirect is not followed: the credential went to one place.
    assert [path for path, _ in provider.requests].count("/moved") == 1 and provider.requests[-1][0] == "/moved"


def test_slow_providers_are_waited_for_so_long_and_in_so_many_places(server, provider):
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(lambda: server.service("myscheduler").post(
            "/api/secrets/test", json={"provider": "slow", "value": GOOD})) for _ in range(40)]
        replies = [f.result() for f in asked]
    assert time.monotonic() - started < 15
    assert {r.status_code for r in replies} == {502, 503}
    busy = [r for r in replies if r.status_code == 503]
    assert len(busy) == 8 and all(r.headers["retry-after"] == "1" and "Too many" in r.json()["detail"] for r in busy)
    # Their places are free again, and meanwhile nothing else stood still.
    provider.gate.set()
    check(server, "slow", GOOD, 200)
    check(server, "acme", GOOD, 200)


def test_what_cannot_be_asked(server, provider):
    count = len(provider.requests)
    known = check(server, "no-such-provider", GOOD, 422, "unknown provider 'no-such-provider'; this server can check: ").json()["detail"]
    assert "acme" in known and "github" in known and "mute" not in known
    check(server, "mute", GOOD, 422, "field 'provider' has no rule")
    for value in ("", "a\nX-Evil: 1", "a\r\n\r\n", "x" * 9_000, "nul\0"):
        reply = server.service("myscheduler").post("/api/secrets/test", json={"provider": "acme", "value": value})
        assert reply.status_code == 422 and "field 'value'" in reply.json()["detail"]
    for body in ({"provider": "acme"}, {"value": "v"}, {"provider": 7, "value": "v"}, {"provider": "acme", "value": ["v"]}):
        assert server.service("myscheduler").post("/api/secrets/test", json=body).status_code == 422
    # Nobody is asked for somebody who is not known.
    wrong = server.service("myscheduler", token="w" * 40).post("/api/secrets/test", json={"provider": "acme", "value": GOOD})
    assert wrong.status_code == 401 and len(provider.requests) == count


def test_private_addresses_are_not_asked_unless_it_is_allowed(tmp_path, folder, provider):
    shut = ServiceServer(tmp_path / "s", COFFER_PLATFORM_DIR=folder).start()
    try:
        count = len(provider.requests)
        for name in ("acme", "keyed", "down"):
            check(shut, name, GOOD, 502, "The provider could not be asked")
        assert len(provider.requests) == count
    finally:
        shut.close()


def test_the_value_stays_nowhere(server):
    bad = canary.make("bad").replace("é", "e").replace('"', "'")
    check(server, "acme", GOOD, 200)
    check(server, "acme", bad, 400)
    check(server, "odd", bad, 502)
    check(server, "no-such-provider", bad, 422)
    assert canary.leaks(places(server), [GOOD, bad]) == []
    # That somebody asked is on record.
    asked = [json.loads(line) for line in server.audit_path.read_text().splitlines()]
    asked = [r for r in asked if r.get("request", {}).get("path") == "service-projects/caller" and (r["request"].get("data") or {}).get("provider")]
    assert {r["auth"].get("display_name") for r in asked} - {None} == {"myscheduler"}
