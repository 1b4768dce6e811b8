"""OAuth connections through the Engine API and `/v1`, against a provider that speaks real HTTP."""

import concurrent.futures
import http.client
import http.server
import json
import re
import subprocess
import threading
import time
import types
import urllib.parse

import canary
import pytest
import requests
from harness import BINARY, clean_environment, free_port
from oauth_provider import Provider

KEYS = {"ACTION": "action-key-1", "SYNC": "sync-key-1", "INTEGRATION_MANAGER": "manager-key-1", "CLEANUP": "cleanup-key-1"}


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.close()
    assert made.twice == [], "a refresh token was used twice"


@pytest.fixture
def platform(new_server, provider, tmp_path):
    """A server with engines, and profiles that lead to the provider."""
    def start(**environment):
        profiles = tmp_path / "profiles"
        profiles.mkdir(exist_ok=True)
        provider.profiles(profiles, "acme", "calm", "gmail", "notion")
        server = new_server(environment={
            "COFFER_PLATFORM_DIR": profiles, "COFFER_ALLOW_PRIVATE_ENDPOINTS": "true",
            **{f"{name}_ENGINE_KEY": key for name, key in KEYS.items()}, **environment}).ready()
        for name in ("acme", "calm", "gmail", "notion"):
            server.put(f"connections/platforms/{name}", {"client_id": "id", "client_secret": "client-secret"}).expect(204)
        return server

    return start


def ask(server, engine, method, path, body=None, headers=None, key=None):
    sent = {"X-Engine-ID": engine, "X-Engine-Key": key or KEYS[engine]} if engine else {}
    sent.update(headers or {})
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
        response = connection.getresponse()
        text = response.read()
        assert response.headers["Cache-Control"] == "no-store"
        request_id = response.headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id), request_id
        if text[:1] != b"{":
            assert request_id in text.decode()
            return response.status, text.decode()
        answer = json.loads(text)
        assert (answer["error"] if response.status >= 400 else answer)["request_id"] == request_id, answer
        return response.status, answer
    finally:
        connection.close()


def store(server, provider, user="u123", platform="gmail", expires_in=3600, **more):
    token = {"access_token": "old-" + user, "refresh_token": provider.refresh_token(), "expires_in": expires_in, "scopes": ["read"]}
    status, body = ask(server, "INTEGRATION_MANAGER", "POST", "/store_token",
                       {"user_id": user, "platform": platform, "token": {**token, **more}})
    assert status == 200 and "old-" not in json.dumps(body), body
    return body


def get(server, user="u123", platform="gmail", engine="ACTION", **more):
    return ask(server, engine, "POST", "/get_token", {"user_id": user, "platform": platform, **more})


def test_store_fetch_and_status(platform, provider):
    server = platform()
    store(server, provider, platform="Gmail")
    status, token = get(server, platform="GMAIL")
    assert status == 200 and token["access_token"] == "old-u123" and token["token_type"] == "Bearer"
    assert token["scopes"] == ["read"] and 3590 <= token["expires_in"] <= 3600 and token["expires_at"].endswith("Z")
    store(server, provider, platform="notion", expires_in=0, refresh_token=None)
    status, body = ask(server, "SYNC", "GET", "/status?user_id=u123")
    shown = {row["platform"]: row["status"] for row in body["connected_platforms"]}
    assert shown["gmail"] == "active" and shown["notion"] == "token_expired" and shown["slack"] == "not_connected"
    # The same connection through the Vault API.
    assert server.get("connections/tokens/user:u123/prod/gmail").expect(200).data["access_token"] == "old-u123"
    assert "user:u123" in server.list("connections/owners").expect(200).data["keys"]
    assert provider.calls() == []


def test_projects_and_the_older_shapes(platform, provider):
    server = platform()
    manager, cleanup = "INTEGRATION_MANAGER", "CLEANUP"
    token = {"access_token": "p1", "refresh_token": provider.refresh_token(), "expires_in": 3600, "scopes": ["read"]}
    status, body = ask(server, manager, "POST", "/vault/store", {
        "engine_id": "integration_manager", "project_id": "pf_203", "platform": "Notion", "token_data": token, "environment": "prod"})
    assert status == 200 and body["platform"] == "notion" and "p1" not in json.dumps(body)
    status, body = ask(server, "ACTION", "GET", "/vault/token/pf_203/notion?scopes=read")
    assert status == 200 and set(body) == {"access_token", "token", "valid_until", "scopes", "request_id"}
    assert body["access_token"] == body["token"] == "p1"
    assert ask(server, manager, "POST", "/vault/token", {"project": "pf_203", "service": "acme", "token": {"access_token": "p2"}})[0] == 200
    assert ask(server, cleanup, "GET", "/vault/projects")[1]["projects"] == ["pf_203"]
    assert ask(server, cleanup, "DELETE", "/vault/token/pf_203/acme")[0] == 200
    assert ask(server, cleanup, "DELETE", "/vault/delete/pf_203/notion")[1]["revocation"] == "revoked"
    assert provider.revoked == [token["refresh_token"]] or token["refresh_token"] in provider.revoked
    assert ask(server, "ACTION", "GET", "/vault/token/pf_203/notion")[0] == 404
    for _ in range(2):
        assert ask(server, cleanup, "DELETE", "/vault/projects/pf_203")[0] == 200
    assert ask(server, cleanup, "GET", "/vault/projects")[1]["projects"] == []


def test_refusals_have_their_codes(platform, provider):
    server = platform()
    store(server, provider)

    def refused(answer, status, code):
        assert answer[0] == status and answer[1]["error"]["code"] == code, answer
        assert len(answer[1]["error"]["request_id"]) == 36 and answer[1]["error"]["message"]

    refused(get(server, user="nobody"), 404, "not_connected")
    refused(get(server, scopes=["read", "files"]), 409, "insufficient_scope")
    refused(ask(server, "SYNC", "POST", "/get_token", {"user_id": "u123", "platform": "gmail"}), 403, "forbidden")
    refused(ask(server, "ACTION", "GET", "/status?user_id=u123"), 403, "forbidden")
    refused(ask(server, "ACTION", "DELETE", "/vault/projects/x"), 403, "forbidden")
    refused(ask(server, "ACTION", "POST", "/get_token", {"user_id": "u123", "platform": "gmail"}, key="wrong"), 401, "unauthorized")
    refused(ask(server, "NOBODY", "POST", "/get_token", {"user_id": "u123", "platform": "gmail"}, key="x"), 401, "unauthorized")
    refused(ask(server, None, "POST", "/get_token", {"user_id": "u123", "platform": "gmail"}), 401, "unauthorized")
    refused(ask(server, "ACTION", "POST", "/get_token", {"user_id": "../x", "platform": "gmail"}), 400, "invalid_request")
    refused(ask(server, "ACTION", "POST", "/get_token", {"user_id": "u1/prod/slack/u2", "platform": "gmail"}), 400, "invalid_request")
    refused(ask(server, "ACTION", "GET", "/get_token"), 405, "method_not_allowed")
    # A query that cannot be read does not stand for the default environment.
    for query in ("environment=%ff", "environment=dev&environment=prod", "environment=dev&" + "&".join(f"p{n}=" for n in range(64))):
        refused(ask(server, "ACTION", "POST", "/get_token?" + query, {"user_id": "u123", "platform": "gmail"}), 400, "invalid_request")
    refused(ask(server, "ACTION", "GET", "/vault/nothing"), 404, "not_found")
    provider.modes = ["invalid_grant"]
    store(server, provider, user="gone", expires_in=0)
    refused(get(server, user="gone"), 410, "token_expired")
    provider.modes = ["500"]
    store(server, provider, user="out", expires_in=0)
    answer = get(server, user="out")
    refused(answer, 424, "provider_failing")
    assert answer[1]["error"]["retry_after"] > 0
    status, token = ask(server, None, "POST", "/get_token", {"user_id": "u123", "platform": "gmail"},
                        headers={"Authorization": "Bearer " + KEYS["ACTION"]})
    assert status == 200
    server.put("sys/seal").expect(204)
    refused(get(server), 503, "sealed")


def test_the_local_engine_is_let_in_in_dev_mode(tmp_path):
    port = free_port()
    environment = clean_environment(HOME=tmp_path, LOCAL_ENGINE_KEY="local-key", ACTION_ENGINE_KEY=KEYS["ACTION"])
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([str(BINARY), "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}"], env=environment,
                                   cwd=tmp_path, stdout=log, stderr=log)
    try:
        server = types.SimpleNamespace(port=port)
        body = {"user_id": "x", "platform": "gmail", "token": {"access_token": "t"}}
        deadline = time.monotonic() + 20
        while True:
            try:
                assert ask(server, "local", "POST", "/store_token", body, key="local-key")[0] == 200
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.05)
        assert get(server, user="x")[1]["access_token"] == "t"
        assert ask(server, "local", "POST", "/get_token", {"user_id": "x", "platform": "gmail"}, key="local-key")[0] == 403
    finally:
        process.kill()
        process.wait()


def test_one_request_id_is_in_reply_audit_event_and_log(platform, provider):
    sink = Sink()
    sink.is_up = True
    server = platform(COFFER_EVENTS_URL=sink.url)
    store(server, provider, expires_in=0)
    request_id = get(server)[1]["request_id"]
    lines = [json.loads(line) for line in server.audit_path.read_text().splitlines() if request_id in line]
    seen = {(line["type"], line["request"]["path"]) for line in lines if line["request"]["id"] == request_id}
    fetch = "connections/tokens/user:u123/prod/gmail"
    assert seen == {(kind, path) for kind in ("request", "response") for path in (fetch, fetch + "/refresh")}
    deadline = time.monotonic() + 20
    while {e["event"] for e in sink.events if e["request_id"] == request_id} != {"connection.refreshed", "connection.fetched"}:
        assert time.monotonic() < deadline, sink.events
        time.sleep(0.05)
    # What is refused before anybody reads it has one too.
    head, _, body = server.raw(b"POST /get_token HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n").partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert head.startswith(b"HTTP/1.1 413") and error["code"] == "too_large" and error["request_id"].encode() in head
    sink.server.shutdown()


def test_two_keys_while_one_replaces_the_other(platform, provider):
    server = platform(ACTION_ENGINE_KEY="new-key", ACTION_ENGINE_KEY_PREVIOUS="old-key", LOCAL_ENGINE_KEY="local-key")
    store(server, provider)
    for key, status in (("new-key", 200), ("old-key", 200), ("other", 401)):
        assert ask(server, "ACTION", "POST", "/get_token", {"user_id": "u123", "platform": "gmail"}, key=key)[0] == status
    # The local engine is for dev mode alone.
    assert ask(server, "local", "POST", "/store_token", {"user_id": "x", "platform": "gmail", "token": {"access_token": "t"}},
               key="local-key")[0] == 401


@pytest.mark.parametrize("mode", ["grant", "omit", "no expiry", "slow"])
def test_an_expired_token_is_refreshed_once_for_64_callers(platform, provider, mode):
    server = platform()
    store(server, provider, expires_in=0)
    provider.modes = [mode]
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: get(server), range(64)))
    assert {status for status, _ in answers} == {200}
    assert len({body["access_token"] for _, body in answers}) == 1
    assert len(provider.calls()) == 1
    path, headers, form = provider.calls()[0]
    assert form["client_secret"] == "client-secret" and not any(h.lower().startswith(("x-vault", "x-engine", "authorization")) for h in headers)


@pytest.mark.parametrize("mode, code", [
    ("500", "provider_failing"), ("ok:false", "provider_failing"), ("html", "provider_failing"), ("redirect", "provider_failing"),
    ("invalid_grant", "token_expired"), ("huge", "provider_failing")])
def test_misbehaviour_is_told_and_never_spends_a_token_twice(platform, provider, mode, code):
    server = platform()
    store(server, provider, expires_in=0)
    provider.modes = [mode]
    for _ in range(3):
        status, body = get(server)
        assert body["error"]["code"] == code, body
    assert len(provider.calls()) == 1


def test_kill_after_the_commit_keeps_the_new_token(platform, provider):
    server = platform()
    store(server, provider, expires_in=0)
    status, body = get(server)
    assert status == 200
    server.kill()
    server.start()
    assert get(server)[1]["access_token"] == body["access_token"]
    assert len(provider.calls()) == 1


def test_what_falls_due_is_refreshed_without_being_asked(platform, provider):
    server = platform()
    # Of a token of 40 seconds the last quarter is the margin.
    store(server, provider, expires_in=0)
    deadline = time.monotonic() + 20
    while len(provider.calls()) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while get(server)[1]["access_token"] == "old-u123":
        assert time.monotonic() < deadline
    assert len(provider.calls()) == 1
    assert "background-refresh" in server.audit_path.read_text()


def test_private_addresses_are_not_called(platform, provider):
    server = platform(COFFER_ALLOW_PRIVATE_ENDPOINTS="false")
    store(server, provider, expires_in=0)
    status, body = get(server)
    assert status == 424 and provider.requests == []


def test_connect_flow(platform, provider):
    server = platform()
    begun = server.post("connections/authorize/acme", {"owner": "user:u9"}).expect(200).data
    assert begun["redirect_uri"] == server.address + "/oauth/callback"
    browser, stranger = requests.Session(), requests.Session()
    assert begun["authorization_url"].startswith(server.address + "/oauth/start?state=")
    gone = browser.get(begun["authorization_url"], allow_redirects=False)
    assert gone.status_code == 302 and gone.headers["Location"].startswith(provider.url + "/acme/authorize?")
    cookie = gone.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(gone.headers["Location"]).query))
    assert query["code_challenge_method"] == "S256" and query["redirect_uri"] == server.address + "/oauth/callback"
    provider.codes["the-code"] = query["code_challenge"]
    back = server.address + "/oauth/callback?" + urllib.parse.urlencode({"state": query["state"], "code": "the-code"})
    # Another browser can neither take the link over nor come back from it.
    assert stranger.get(begun["authorization_url"], allow_redirects=False).status_code == 400
    assert stranger.get(back).status_code == 400 and get(server, user="u9", platform="acme")[0] == 404
    assert provider.calls("/acme/token") == []
    assert browser.get(back).status_code == 200
    assert get(server, user="u9", platform="acme")[0] == 200
    assert browser.get(back).status_code == 400, "a state is good once"
    assert ask(server, None, "GET", "/oauth/callback?state=9999999999.x&code=y")[0] == 400
    assert ask(server, None, "POST", "/oauth/start?state=x", {})[0] == 405


class Sink:
    """A monitoring service that is away at first."""

    def __init__(self):
        self.events, self.is_up, self.headers = [], False, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.headers = dict(self.headers)
                if outer.is_up:
                    outer.events += json.loads(body)
                self.send_response(200 if outer.is_up else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/logs"


def test_events_arrive_after_an_outage_and_nothing_shows_a_token(platform, provider):
    sink = Sink()
    server = platform(COFFER_EVENTS_URL=sink.url, COFFER_EVENTS_TOKEN="events-token", COFFER_LOG_LEVEL="trace")
    planted = [canary.make(f"tok{n}").replace('"', "").replace("é", "").replace("\\", "") for n in range(2)]
    store(server, provider, user="c1", access_token=planted[0])
    store(server, provider, user="c2", access_token=planted[1], expires_in=0)
    assert get(server, user="c1")[1]["access_token"] == planted[0]
    assert get(server, user="c2")[0] == 200
    get(server, user="nobody")
    # Every error that can be provoked, from a provider that says in it what it was sent, and with wrong keys.
    errors = []
    for number, mode in enumerate(("echo", "echo html", "invalid_grant", "500", "html", "ok:false", "redirect")):
        provider.modes = [mode]
        store(server, provider, user=f"e{number}", expires_in=0)
        errors += [get(server, user=f"e{number}"), get(server, user=f"e{number}", scopes=["no-such-scope"])]
    wrong = "wrong-engine-key-" + "0123456789abcdef"
    errors.append(ask(server, "ACTION", "POST", "/get_token", {"user_id": "c1", "platform": "gmail"}, key=wrong))
    errors.append(ask(server, "SYNC", "POST", "/store_token",
                      {"user_id": "c1", "platform": "gmail", "token": {"access_token": planted[0], "refresh_token": planted[1]}}))
    errors.append(ask(server, "INTEGRATION_MANAGER", "POST", "/store_token",
                      {"user_id": "c1", "platform": "no such", "token": {"access_token": planted[0]}}))
    errors.append(ask(server, "INTEGRATION_MANAGER", "POST", "/store_token",
                      {"user_id": "c1", "platform": "gmail", "token": {"access_token": planted[0] + " with a space"}}))
    assert {status for status, _ in errors} == {400, 401, 403, 409, 410, 424}, errors
    planted += [*provider.issued, wrong]
    sink.is_up = True
    deadline = time.monotonic() + 30
    while not {"connection.stored", "connection.fetched", "connection.refreshed", "connection.refused"} <= {e["event"] for e in sink.events}:
        assert time.monotonic() < deadline, sink.events
        time.sleep(0.1)
    assert all(e["level"] and e["message"] and e["engine"] and e["request_id"] for e in sink.events)
    assert sink.headers["Authorization"] == "Bearer events-token"
    places = {p.name: p.read_bytes() for p in [*server.database_files(), *server.audit_directory.iterdir(), server.log_path]}
    places["events"] = json.dumps(sink.events).encode()
    places["errors"] = json.dumps(errors).encode()
    places["insights"] = server.get("connections/insights").expect(200).body
    places["status"] = server.get("connections/status/user:e0?detailed=true").expect(200).body
    assert canary.leaks(places, planted) == []
    sink.server.shutdown()


def test_insights_and_lint(platform, provider, tmp_path):
    server = platform()
    provider.modes = ["invalid_grant"]
    store(server, provider, user="i1", expires_in=0)
    get(server, user="i1")
    store(server, provider, user="i1", platform="notion")
    data = server.get("connections/insights?days=7").expect(200).data
    assert data["disconnections"][0] == {"platform": "gmail", "count": 1, "reasons": {"invalid_grant": 1}}
    assert data["partial_owners"]["owners"][0]["owner"] == "user:i1"
    assert sum(row["count"] for row in data["expiries_ahead"]) == 1
    shown = server.cli("insights", "-days=7")
    assert shown.returncode == 0 and "invalid_grant" in shown.stdout and "█" in shown.stdout, shown.stdout + shown.stderr
    assert server.cli("platform", "lint", str(tmp_path / "profiles")).returncode == 0
    (tmp_path / "profiles" / "bad.yaml").write_text("name: bad\ntoken_ulr: x\n")
    bad = server.cli("platform", "lint", str(tmp_path / "profiles"))
    assert bad.returncode == 1 and "bad.yaml:2: unknown key 'token_ulr'" in bad.stderr


def test_engine_control_decides_and_fails_closed(platform, provider):
    seen, answers = [], {"body": b'{"allowed":true}', "status": 200}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers["status"])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answers["body"])))
            self.end_headers()
            self.wfile.write(answers["body"])

        def log_message(self, *_):
            pass

    control = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    server = platform(COFFER_ENGINE_CONTROL_URL=f"http://127.0.0.1:{control.server_address[1]}/decide")
    store(server, provider)
    assert get(server)[0] == 200 and get(server)[0] == 200
    assert seen[-1] == {"engine_id": "action", "token": KEYS["ACTION"], "action": "fetch",
                        "resource": "connections/tokens/user:u123/prod/gmail"}
    assert len([s for s in seen if s["action"] == "fetch"]) == 1, "the answer is kept for a moment"
    for body, status, expected in ((b'{"allowed":false}', 200, 403), (b'{"allowed":"yes"}', 200, 503), (b"[]", 200, 503),
                                   (b'{"allowed":true,"more":1}', 200, 503), (b'{"allowed":true}', 500, 503)):
        answers.update(body=body, status=status)
        assert get(server, user="u-" + str(len(seen)))[0] == expected, body
    control.shutdown()
    control.server_close()
    status, body = get(server, user="last")
    assert status == 503
    lines = [line for line in server.log().splitlines() if body["error"]["request_id"] in line]
    assert len(lines) == 1 and "request failed" in lines[0], server.log()


def test_client_secrets_are_never_answered_back(platform, provider):
    server = platform()
    shown = server.get("connections/platforms/gmail").expect(200)
    assert shown.data["client_id"] == "id" and b"client-secret" not in shown.body
    # Another spelling of a path does not go round a policy.
    server.put("connections/tokens/user:u1/prod/acme", {"access_token": "t", "expires_in": 60}).expect(200)
    token = server.new_token('path "connections/tokens/+/+/*" { capabilities = ["read"] }\n'
                             'path "connections/tokens/+/+/acme" { capabilities = ["deny"] }')
    for spelling in ("acme", "Acme", "ACME"):
        server.get(f"connections/tokens/user:u1/prod/{spelling}", token=token).expect(403)
