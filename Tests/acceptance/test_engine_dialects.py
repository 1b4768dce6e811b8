"""What engines that already speak this API send and expect: their own shapes, names, events and engine control."""

import http.server
import json
import threading
import time
import urllib.parse

import pytest
from test_connections import KEYS, ask, get, platform, provider, store  # noqa: F401 (two of them are fixtures)

MANAGER = "INTEGRATION_MANAGER"


class Service:
    """A service of the platform on loopback: notes what it is sent, answers as told."""

    def __init__(self, answer):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((dict(self.headers), body))
                status, text = answer(dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_token_and_access_token_are_the_same(platform):  # noqa: F811
    server = platform()
    assert ask(server, MANAGER, "POST", "/vault/token", {"project": "p", "service": "slack", "token": "xoxb-1"})[0] == 200
    status, body = ask(server, "ACTION", "GET", "/vault/token/p/slack")
    assert status == 200 and body["token"] == body["access_token"] == "xoxb-1"
    # The legacy form of store.
    assert ask(server, MANAGER, "POST", "/vault/store", {"projectId": "p", "service": "Notion", "token": "secret-2"})[0] == 200
    assert ask(server, "ACTION", "GET", "/vault/token/p/notion")[1]["token"] == "secret-2"


def test_query_forms(platform, provider):  # noqa: F811
    server = platform()
    store(server, provider)
    status, body = ask(server, "ACTION", "POST", "/get_token?user_id=u123&platform=gmail")
    assert status == 200 and body["access_token"] == "old-u123"
    assert "refresh_token" not in body
    status, body = ask(server, "SYNC", "POST", "/status?user_id=u123")
    assert status == 200 and {"platform": "gmail", "status": "active"} in body["connected_platforms"]
    assert ask(server, "SYNC", "GET", "/status?user_id=u123")[1]["connected_platforms"] == body["connected_platforms"]
    # No secret goes into a URL.
    assert ask(server, MANAGER, "POST", "/store_token?user_id=u&platform=gmail&access_token=x")[0] == 400


def test_names_outside_the_catalogue(platform):  # noqa: F811
    server = platform()
    status, body = ask(server, MANAGER, "POST", "/vault/token", {"project": "p", "service": "myapi", "token": "k-1"})
    assert status == 200 and body["type"] == "manual" and body["status"] == "active", body
    assert ask(server, "ACTION", "GET", "/vault/token/p/myapi")[1]["token"] == "k-1"
    for path in ("/vault/token/p/nothing", "/vault/token/nobody/myapi"):
        status, body = ask(server, "ACTION", "GET", path)
        assert status == 404 and body["error"]["code"] == "not_connected", body


@pytest.mark.parametrize("project", ["my project", "\u05e9\u05dc\u05d5\u05dd \u05d9\u05e8\u05d5\u05e9\u05dc\u05d9\u05dd", "\u30d7\u30ed\u30b8\u30a7\u30af\u30c8"])
def test_projects_of_any_name(platform, project):  # noqa: F811
    server = platform()
    assert ask(server, MANAGER, "POST", "/vault/token", {"project": project, "service": "slack", "token": "t"})[0] == 200
    quoted = urllib.parse.quote(project)
    assert ask(server, "ACTION", "GET", f"/vault/token/{quoted}/slack")[1]["token"] == "t"
    assert ask(server, "CLEANUP", "GET", "/vault/projects")[1]["projects"] == [project]
    assert ask(server, "CLEANUP", "DELETE", f"/vault/projects/{quoted}")[1]["deleted"] == 1
    server.verify_audit()


def test_lives_of_python_callers(platform, provider):  # noqa: F811
    server = platform()
    body = store(server, provider, user="f", platform="acme", expires_in=3599.5)
    assert body["status"] == "active"
    assert 3590 <= get(server, user="f", platform="acme")[1]["expires_in"] <= 3599
    token = {"access_token": "a", "refresh_token": provider.refresh_token(), "expires_at": 1.5}
    status, body = ask(server, MANAGER, "POST", "/store_token", {"user_id": "old", "platform": "acme", "token": token})
    assert status == 200 and body["status"] == "token_expired", body


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/store_token", {}), ("POST", "/get_token", {}), ("POST", "/get_token", None), ("GET", "/status", None),
    ("POST", "/vault/store", {"project_id": 5}), ("POST", "/vault/token", [1]), ("GET", "/vault/token/p/bad%20platform", None)])
def test_credentials_are_checked_before_fields(platform, method, path, body):  # noqa: F811
    server = platform()
    for headers, status, code in (({}, 401, "unauthorized"), ({"X-Engine-ID": "action", "X-Engine-Key": "wrong"}, 401, "unauthorized"),
                                  ({"X-Engine-ID": "cleanup", "X-Engine-Key": KEYS["CLEANUP"]}, 403, "forbidden"),
                                  ({"Authorization": "Bearer " + server.token}, 400, "invalid_request")):
        got, answer = ask(server, None, method, path, body, headers=headers)
        assert got == status and answer["error"]["code"] == code, (headers, answer)


def test_events_one_by_one(platform):  # noqa: F811
    # As `/monitoring/logs` of theirs: an array is a 400.
    sink = Service(lambda _, body: (200, b"{}") if isinstance(body, dict) and body.get("level") else (400, b'{"error":"bad"}'))
    server = platform(COFFER_EVENTS_URL=sink.url, COFFER_EVENTS_FORMAT="object")
    ask(server, MANAGER, "POST", "/vault/token", {"project": "p", "service": "slack", "token": "t"})
    get(server, user="nobody")
    wait_for(lambda: {"connection.stored", "connection.refused"} <= {body["event"] for _, body in sink.requests})
    assert all(isinstance(body, dict) for _, body in sink.requests)
    sink.close()


def test_events_that_are_refused_are_kept_and_told(platform, tmp_path):  # noqa: F811
    sink = Service(lambda _, body: (200, b"{}") if isinstance(body, dict) else (400, b'{"error":"bad"}'))
    spool = tmp_path / "spool"
    server = platform(COFFER_EVENTS_URL=sink.url, COFFER_EVENTS_DIR=spool)
    ask(server, MANAGER, "POST", "/vault/token", {"project": "p", "service": "slack", "token": "t"})
    wait_for(lambda: any(file.suffix == ".refused" for file in spool.iterdir()))
    assert "the event service rejected events" in server.log() and "400" in server.log()
    events = server.get("connections/insights").expect(200).data["events"]
    assert events["refused"] >= 1 and events["refused_kept"] >= 1 and events["dropped"] == 0
    # With the right form at the next start they arrive.
    server.stop()
    server.start(COFFER_EVENTS_FORMAT="object")
    wait_for(lambda: any(isinstance(body, dict) and body["event"] == "connection.stored" for _, body in sink.requests))
    wait_for(lambda: list(spool.iterdir()) == [])
    sink.close()


def test_engine_control_that_is_asked_about_actions(platform, provider):  # noqa: F811
    def check(headers, body):
        if headers.get("X-Engine-Id", headers.get("X-Engine-ID")) != "vault" or headers.get("X-Engine-Key") != "vault-key":
            return 403, b'{"detail":"Forbidden"}'
        if set(body) != {"engine_id", "platform", "action_type"}:
            return 422, b'{"detail":"bad"}'
        allowed = (body["engine_id"], body["action_type"]) in {("action", "fetch"), ("integration_manager", "store")}
        return 200, json.dumps({"allowed": allowed, "required_scopes": ["read"], "platform_status": "active"}).encode()

    control = Service(check)
    server = platform(COFFER_ENGINE_CONTROL_URL=control.url + "/actions/check", COFFER_ENGINE_CONTROL_PROTOCOL="actions",
                      COFFER_ENGINE_CONTROL_KEY="vault-key")
    store(server, provider)
    assert get(server)[1]["access_token"] == "old-u123"
    assert control.requests[-1][1] == {"engine_id": "action", "platform": "gmail", "action_type": "fetch"}
    assert ask(server, "SYNC", "GET", "/status?user_id=u123")[0] == 403
    before = len(control.requests)
    assert ask(server, "ACTION", "POST", "/get_token", {"user_id": "u123", "platform": "gmail"}, key="wrong")[0] == 401
    assert len(control.requests) == before, "an engine that is not known is not asked about"
    assert all("action-key" not in json.dumps([headers, body]) for headers, body in control.requests)
    control.close()
    assert get(server, user="other")[0] == 503


@pytest.mark.parametrize("environment", [
    {"COFFER_ENGINE_CONTROL_PROTOCOL": "soap"}, {"COFFER_EVENTS_FORMAT": "lines"},
    {"COFFER_ENGINE_CONTROL_URL": "http://127.0.0.1:1/", "COFFER_ENGINE_CONTROL_PROTOCOL": "actions"}])
def test_a_configuration_that_cannot_be_meant_does_not_start(new_server, environment):
    server = new_server(environment=environment)
    server.start(wait=False)
    assert server.process.wait(20) != 0
    assert next(iter(environment)).lower().removeprefix("coffer_").split("_")[0] in server.log().lower()
