"""Every route, status and error text of the Service API, by a client as a service would write it."""

import concurrent.futures
import http.client
import json
import re
import subprocess
import sys

import httpx
import pytest
from harness import clean_environment
from service_harness import ServiceServer

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = ServiceServer(tmp_path_factory.mktemp("service")).start()
    yield made
    try:
        assert made.process.poll() is None, made.log()[-4000:]
        done = made.cli("audit", "verify", str(made.audit_path))
        assert done.returncode == 0, done.stdout + done.stderr
        assert made.stop() == 0
    finally:
        made.close()


@pytest.fixture
def scheduler(server):
    return server.service("myscheduler")


@pytest.fixture
def ui(server):
    return server.service("commonUI")


def refused(reply, status, detail):
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    body = reply.json()
    assert list(body) == ["detail"]
    if isinstance(detail, str):
        assert body["detail"] == detail
    else:
        assert detail.search(body["detail"]), body
    return reply


def test_open_routes(server):
    anyone = server.anonymous()
    reply = anyone.get("/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "healthy", "service": "myVault"})
    assert anyone.get("/").json() == {"message": "Welcome to myVault - Secure data vault service"}
    refused(anyone.get("/nowhere"), 404, "Not Found")
    refused(anyone.get("/api/nowhere"), 404, "Not Found")
    refused(anyone.get("/api/secretsx"), 404, "Not Found")
    refused(anyone.post("/health"), 405, "Method Not Allowed")


def test_who_is_asking(server):
    for method, path in [
        ("GET", "/api/projects"), ("POST", "/api/projects"), ("GET", "/api/projects/newsbot"), ("PATCH", "/api/projects/newsbot"),
        ("DELETE", "/api/projects/newsbot"), ("PUT", "/api/projects/newsbot/set-default"), ("GET", "/api/secrets"),
        ("POST", "/api/secrets"), ("GET", "/api/secrets/newsbot"), ("GET", "/api/secrets/newsbot/prod/x"),
        ("PATCH", "/api/secrets/newsbot/prod/x"), ("DELETE", "/api/secrets/newsbot/prod/x"),
        ("GET", "/api/secrets/newsbot/prod/x/versions"), ("POST", "/api/secrets/test"),
    ]:
        for headers in ({}, {"X-Service": "myscheduler"}, {"X-Token": server.tokens["myscheduler"]}):
            reply = refused(
                server.anonymous(**headers).request(method, path), 401, "Missing X-Service or X-Token header")
            assert reply.headers["www-authenticate"] == 'ServiceToken realm="myVault"'
        wrong = server.service("myscheduler", token="wrong-token-of-some-length").request(method, path)
        refused(wrong, 401, "Invalid token")
        assert wrong.headers["www-authenticate"] == 'ServiceToken realm="myVault"'
        refused(server.service("stranger", token="x" * 64).request(method, path), 403, "Service '?' is not allowed")
    # Another service's token is a wrong one, and names have their case.
    refused(server.service("jobqueue", token=server.tokens["myscheduler"]).get("/api/projects"), 401, re.compile("Invalid token"))
    refused(server.service("MYSCHEDULER", token=server.tokens["myscheduler"]).get("/api/projects"), 403, re.compile("not allowed"))
    two = httpx.get(server.address + "/api/projects", trust_env=False, headers=[
        ("X-Service", "myscheduler"), ("X-Service", "jobqueue"), ("X-Token", server.tokens["jobqueue"])])
    refused(two, 400, "X-Service or X-Token was sent twice")
    # No number of wrong tokens keeps the right one out.
    assert server.service("myscheduler").get("/api/projects").status_code == 200


def test_projects(server, ui, scheduler):
    made = ui.post("/api/projects", json={"name": "newsbot", "description": "collects news"})
    assert made.status_code == 201
    project = made.json()
    assert set(project) == {"id", "name", "description", "is_default", "created_at", "created_by"}
    assert (project["name"], project["description"], project["created_by"]) == ("newsbot", "collects news", "commonUI")
    # Nobody has chosen a default.
    assert project["is_default"] is False and TIME.match(project["created_at"])
    refused(scheduler.post("/api/projects", json={"name": "newsbot"}), 409, "Project 'newsbot' already exists")
    assert ui.get("/api/projects/newsbot").json() == project
    refused(ui.get("/api/projects/nothing"), 404, "Project 'nothing' not found")

    second = scheduler.post("/api/projects", json={"name": "scratch"}).json()
    assert second["is_default"] is False and second["description"] == ""
    listed = {p["name"]: p for p in scheduler.get("/api/projects").json()}
    assert listed["newsbot"] == project and listed["scratch"] == second
    changed = ui.patch("/api/projects/newsbot", json={"description": "reads"})
    assert changed.status_code == 200 and changed.json() == {**project, "description": "reads"}
    refused(ui.patch("/api/projects/nothing", json={"description": "x"}), 404, "Project 'nothing' not found")

    # Exactly one default, whoever asks at the same time.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(
            lambda n: ui.put(f"/api/projects/{'newsbot' if n % 2 else 'scratch'}/set-default").status_code, range(32)))
    assert set(replies) == {200}
    assert sum(p["is_default"] for p in ui.get("/api/projects").json()) == 1
    assert ui.put("/api/projects/scratch/set-default").json()["is_default"] is True
    assert [p["name"] for p in ui.get("/api/projects").json() if p["is_default"]] == ["scratch"]
    refused(ui.put("/api/projects/nothing/set-default"), 404, "Project 'nothing' not found")
    refused(
        server.service("jobqueue").put("/api/projects/newsbot/set-default"), 403,
        "Service 'jobqueue' does not have 'write' permission for 'project:newsbot'")

    # With secrets it stays; without them it goes, and there is still a default.
    assert ui.post("/api/secrets", json={"project": "scratch", "path": "a/b", "value": "1"}).status_code == 201
    refused(ui.delete("/api/projects/scratch"), 400, "Cannot delete project 'scratch' with existing secrets. Delete all secrets first.")
    assert ui.delete("/api/secrets/scratch/a/b").status_code == 204
    gone = ui.delete("/api/projects/scratch")
    assert gone.status_code == 204 and gone.content == b""
    refused(ui.delete("/api/projects/scratch"), 404, "Project 'scratch' not found")
    assert sum(p["is_default"] for p in ui.get("/api/projects").json()) == 1
    refused(
        server.service("jobqueue").delete("/api/projects/newsbot"), 403,
        "Service 'jobqueue' does not have 'delete' permission for 'project:newsbot'")
    # Whoever made a project may take it away, rules or not.
    assert server.service("jobqueue").post("/api/projects", json={"name": "mine"}).status_code == 201
    assert server.service("jobqueue").delete("/api/projects/mine").status_code == 204


def test_a_secret_and_its_history(server, scheduler):
    url = "/api/secrets/newsbot/prod/api-key"
    made = scheduler.post("/api/secrets", json={"project": "newsbot", "path": "prod/api-key", "value": "first"})
    assert made.status_code == 201, made.text
    secret = made.json()
    assert set(secret) == {"id", "project", "path", "value", "version", "updated_at", "updated_by"}
    assert (secret["project"], secret["path"], secret["value"], secret["version"]) == ("newsbot", "prod/api-key", "first", 1)
    assert secret["updated_by"] == "myscheduler" and TIME.match(secret["updated_at"])
    refused(
        scheduler.post("/api/secrets", json={"project": "newsbot", "path": "prod/api-key", "value": "again"}), 409,
        "Secret 'secret:newsbot:prod/api-key' already exists")
    assert scheduler.get(url).json() == secret

    rotated = server.service("commonUI").patch(url, json={"value": "second", "expected_version": 1})
    assert rotated.status_code == 200
    assert (rotated.json()["value"], rotated.json()["version"], rotated.json()["updated_by"]) == ("second", 2, "commonUI")
    refused(
        scheduler.patch(url, json={"value": "late", "expected_version": 1}), 409,
        "Secret 'prod/api-key' in project 'newsbot' is not at the expected version; read it again")
    assert scheduler.patch(url, json={"value": "third"}).json()["version"] == 3
    versions = scheduler.get(url + "/versions").json()
    assert [(v["version"], v["updated_by"]) for v in versions] == [(1, "myscheduler"), (2, "commonUI"), (3, "myscheduler")]
    assert all(set(v) == {"version", "updated_at", "updated_by"} and TIME.match(v["updated_at"]) for v in versions)

    deleted = scheduler.delete(url)
    assert deleted.status_code == 204 and deleted.content == b""
    for reply in (scheduler.get(url), scheduler.patch(url, json={"value": "x"}), scheduler.delete(url)):
        refused(reply, 404, "Secret 'secret:newsbot:prod/api-key' not found")
    # The place is free again, and the history goes on.
    assert scheduler.post(
        "/api/secrets", json={"project": "newsbot", "scope": "prod", "env": "eu", "name": "api-key", "value": "new"}
    ).json()["path"] == "prod/eu/api-key"
    assert scheduler.post("/api/secrets", json={"project": "newsbot", "path": "prod/api-key", "value": "4"}).json()["version"] == 4
    refused(scheduler.get("/api/secrets/newsbot/prod/nothing/versions"), 404, re.compile("not found"))


def test_one_store_two_views(server, scheduler):
    assert scheduler.post(
        "/api/secrets", json={"project": "common", "path": "prod/smtp", "value": "pässword \"1\""}).status_code == 201
    shown = server.cli("kv", "get", "-field=value", "services/common/prod/smtp")
    assert shown.stdout.strip() == "pässword \"1\"", shown.stderr
    assert server.cli("kv", "put", "services/common/prod/smtp", "value=from the other side").returncode == 0
    seen = scheduler.get("/api/secrets/common/prod/smtp").json()
    assert (seen["value"], seen["version"], seen["updated_by"]) == ("from the other side", 2, "root")
    assert scheduler.delete("/api/secrets/common/prod/smtp").status_code == 204
    assert server.cli("kv", "undelete", "-versions=2", "services/common/prod/smtp").returncode == 0
    assert scheduler.get("/api/secrets/common/prod/smtp").json()["value"] == "from the other side"
    # What was stored with other fields is shown whole.
    assert server.cli("kv", "put", "services/common/prod/db", "user=app", "password=x").returncode == 0
    assert scheduler.get("/api/secrets/common/prod/db").json()["value"] == {"user": "app", "password": "x"}
    # The audit has the service and no value.
    trail = server.audit_path.read_text()
    assert "myscheduler" in trail and "from the other side" not in trail


def test_permissions(server, scheduler):
    place = "secret:other:prod/x"
    body = {"project": "other", "path": "prod/x", "value": "v"}
    assert server.service("graphAiServer").post("/api/secrets", json=body).status_code == 201
    refused(scheduler.post("/api/secrets", json=body), 403, f"Service 'myscheduler' does not have 'write' permission for '{place}'")
    refused(scheduler.get("/api/secrets/other/prod/x"), 403, f"Service 'myscheduler' does not have 'read' permission for '{place}'")
    refused(
        scheduler.patch("/api/secrets/other/prod/x", json={"value": "w"}), 403,
        f"Service 'myscheduler' does not have 'write' permission for '{place}'")
    refused(
        scheduler.delete("/api/secrets/other/prod/x"), 403, f"Service 'myscheduler' does not have 'delete' permission for '{place}'")
    refused(
        scheduler.get("/api/secrets/other/prod/x/versions"), 403,
        f"Service 'myscheduler' does not have 'read' permission for '{place}'")
    # What does not exist is refused alike.
    refused(
        scheduler.delete("/api/secrets/other/prod/nothing"), 403,
        "Service 'myscheduler' does not have 'delete' permission for 'secret:other:prod/nothing'")
    refused(scheduler.get("/api/secrets/other"), 403, "Service 'myscheduler' does not have 'read' permission for 'secret:other:*'")
    for path in ["/api/secrets/newsbot/production/x", "/api/secrets/newsbot/PROD/x", "/api/secrets/newsbot/prod",
                 "/api/secrets/newsbots/prod/x", "/api/secrets/newsbot/dev/prod/x"]:
        assert scheduler.get(path).status_code in (403, 404) and "permission" in scheduler.get(path).text, path
    idle = server.service("idle")
    assert idle.get("/api/secrets").json() == [] and idle.get("/api/projects").status_code == 200
    refused(idle.post("/api/projects", json={"name": "x"}), 403, "Service 'idle' does not have 'write' permission for 'project:x'")


@pytest.mark.parametrize("path", [
    "newsbot/prod/%2e%2e/dev/x", "newsbot/prod/..%2fdev/x", "newsbot/prod%2f..%2f..%2fother/x", "newsbot%2fprod/x",
    "newsbot/prod//x", "newsbot/prod/./x", "newsbot/prod/x/", "newsbot/prod/%252e%252e/x", "newsbot/prod/%00x", "newsbot/prod/%0ax",
    "newsbot/prod/e%cc%81", "newsbot/%ff",
])
def test_paths_that_could_be_read_in_two_ways(server, path):
    """Sent as they stand, which clients would not do."""
    for method in ("GET", "PATCH", "DELETE"):
        status, body = raw(server, method, path, server.tokens["commonUI"])
        assert status == 400 and list(json.loads(body)) == ["detail"], body
    # Of what is wrong with a path nobody hears who may not be here.
    assert raw(server, "GET", path, "w" * 32)[0] == 401


def raw(server, method, path, token):
    """Clients tidy paths up before they send them; this one does not."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.putrequest(method, f"/api/secrets/{path}")
        connection.putheader("X-Service", "commonUI")
        connection.putheader("X-Token", token)
        connection.putheader("Content-Length", "13" if method == "PATCH" else "0")
        connection.endheaders(b'{"value":"v"}' if method == "PATCH" else b"")
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize("method, path, body, detail", [
    ("POST", "/api/secrets", {}, "field 'project' is required"),
    ("POST", "/api/secrets", {"project": "newsbot", "value": "v"}, "field 'path' is required, unless scope, env and name are sent"),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "prod/x"}, "field 'value' is required"),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "prod/x", "value": 7}, "field 'value' must be a string"),
    ("POST", "/api/secrets", {"project": "news/bot", "path": "prod/x", "value": "v"}, re.compile("^field 'project'")),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "prod/../x", "value": "v"}, re.compile("^field 'path' is not acceptable")),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "prod/x/", "value": "v"}, "field 'path' must not end in '/'"),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "prod/versions", "value": "v"}, "field 'path' must not end in 'versions'"),
    ("POST", "/api/secrets", {"project": "newsbot", "scope": "prod", "env": "e", "value": "v"}, "field 'name' is required"),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "x", "scope": "a", "value": "v"}, "field 'path' must not be sent together with scope, env and name"),
    ("POST", "/api/secrets", {"project": "newsbot", "scope": "a/b", "env": "e", "name": "n", "value": "v"}, re.compile("'scope'")),
    ("POST", "/api/secrets", [1], "the body must be a JSON object"),
    ("POST", "/api/secrets", b'{"project": ', re.compile("^the body is not acceptable JSON")),
    ("POST", "/api/secrets", b'{"project": "a", "project": "b"}', re.compile("^the body is not acceptable JSON")),
    ("PATCH", "/api/secrets/newsbot/prod/x", {}, "field 'value' is required"),
    ("PATCH", "/api/secrets/newsbot/prod/x", {"value": "v", "expected_version": "one"}, re.compile("^field 'expected_version'")),
    ("PATCH", "/api/secrets/newsbot/prod/x", {"value": "v", "expected_version": 0}, re.compile("^field 'expected_version'")),
    ("POST", "/api/projects", {}, "field 'name' is required"),
    ("POST", "/api/projects", {"name": ""}, re.compile("^field 'name'")),
    ("POST", "/api/projects", {"name": "a/b"}, re.compile("^field 'name'")),
    ("POST", "/api/projects", {"name": "../x"}, re.compile("^field 'name'")),
    ("POST", "/api/projects", {"name": "x", "description": 1}, "field 'description' must be a string"),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "prod/x", "value": ""}, "field 'value' must not be empty"),
    ("PATCH", "/api/secrets/newsbot/prod/x", {"value": ""}, "field 'value' must not be empty"),
    ("POST", "/api/secrets", {"project": "newsbot", "path": "p" * 501, "value": "v"}, "field 'path' must be at most 500 characters long"),
    ("POST", "/api/projects", {"name": "x" * 256}, re.compile("^field 'name'")),
    ("POST", "/api/projects", {"name": "a\\b"}, re.compile("^field 'name'")),
    ("POST", "/api/projects", {"name": "a\nb"}, re.compile("^field 'name'")),
    ("POST", "/api/projects", {"name": "x", "description": "d" * 501}, "field 'description' must be at most 500 characters long"),
    ("PATCH", "/api/projects/newsbot", {"description": "d" * 501}, "field 'description' must be at most 500 characters long"),
    ("PATCH", "/api/projects/newsbot", {"name": "other"}, "field 'name' cannot be changed"),
    ("GET", "/api/secrets?limit=0", None, re.compile("^field 'limit'")),
    ("GET", "/api/secrets?limit=x", None, re.compile("^field 'limit'")),
    ("GET", "/api/secrets?projekt=x", None, re.compile("^the query knows")),
    ("GET", "/api/secrets?project=newsbot&project=other", None, "the query has the same parameter twice"),
    ("GET", "/api/secrets?project=%ff", None, "the query is not valid percent-encoded UTF-8"),
    ("GET", "/api/secrets?" + "&".join(f"p{n}=" for n in range(64)) + "&project=newsbot", None, "the query has more than 64 parameters"),
    ("GET", "/api/secrets?project=a/b", None, re.compile("^field 'project'")),
    ("GET", "/api/secrets?prefix=../x", None, re.compile("^field 'prefix'")),
    ("POST", "/api/secrets/test", {"provider": "acme"}, "field 'value' is required"),
    ("POST", "/api/secrets/test", {"provider": "no-such-provider", "value": "v"}, re.compile("^unknown provider 'no-such-provider'")),
])
def test_validation_names_the_field(server, method, path, body, detail):
    sent = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    refused(server.service("commonUI").request(method, path, **sent), 422, detail)
    refused(server.service("commonUI", token="w" * 32).request(method, path, **sent), 401, re.compile("Invalid token"))


@pytest.mark.parametrize("method, path, allowed", [
    ("PUT", "/api/projects", "GET, POST"), ("POST", "/api/projects/x", "DELETE, GET, PATCH"),
    ("GET", "/api/projects/x/set-default", "PUT"), ("DELETE", "/api/secrets", "GET, POST"), ("PUT", "/api/secrets/a/b", "DELETE, GET, PATCH"),
    ("POST", "/api/secrets/a/b/versions", "GET"), ("DELETE", "/api/secrets/a", "GET"),
])
def test_methods(scheduler, method, path, allowed):
    reply = refused(scheduler.request(method, path), 405, "Method Not Allowed")
    assert reply.headers["allow"] == allowed


def test_own_credentials(scheduler):
    reply = scheduler.post("/api/secrets/test")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "message": "Authentication successful for service 'myscheduler'"})
    assert scheduler.post("/api/secrets/test", json={}).status_code == 200


def test_listings_show_what_may_be_listed(server):
    ui, graph, queue = (server.service(n) for n in ("commonUI", "graphAiServer", "jobqueue"))
    for path in ("prod/l/a", "prod/l/b", "dev/l/a"):
        assert ui.post("/api/secrets", json={"project": "newsbot", "path": path, "value": "v"}).status_code == 201
    for n in range(3):
        graph.post("/api/secrets", json={"project": f"p{n}", "path": "prod/only", "value": "v"}).raise_for_status()
        queue.post("/api/secrets", json={"project": "common", "path": f"env{n}/key", "value": "v"}).raise_for_status()
    paths = lambda client, **query: [s["id"] for s in client.get("/api/secrets", params=query).raise_for_status().json()]
    seen = paths(graph)
    assert {"newsbot/prod/l/a", "newsbot/prod/l/b", "p0/prod/only", "p2/prod/only"} <= set(seen)
    assert all(p.split("/")[1] == "prod" for p in seen) and seen == sorted(seen)
    assert set(paths(queue)) >= {"common/env0/key", "common/env2/key"} and all(p.startswith("common/") for p in paths(queue))
    assert paths(ui, project="newsbot", prefix="dev/") == ["newsbot/dev/l/a"]
    assert paths(ui, project="newsbot", prefix="prod/l") == ["newsbot/prod/l/a", "newsbot/prod/l/b"]
    assert paths(ui, project="newsbot", prefix="pro") == paths(ui, project="newsbot", prefix="prod")
    assert paths(ui, project="other") == [] and paths(ui, project="nothing") == []
    row = ui.get("/api/secrets", params={"project": "newsbot", "prefix": "dev/"}).json()[0]
    assert set(row) == {"id", "project", "path", "version", "updated_at", "updated_by"}
    # Page by page it is the same list.
    pages, after = [], None
    while True:
        page = paths(graph, limit=2, **({"after": after} if after else {}))
        if not page:
            break
        assert len(page) <= 2
        pages += page
        after = page[-1]
    assert pages == seen

    whole = graph.get("/api/secrets/newsbot").json()
    assert {(s["path"], s["value"]) for s in whole} >= {("prod/l/a", "v"), ("prod/l/b", "v")}
    assert all(s["path"].startswith("prod/") for s in whole)
    refused(ui.get("/api/secrets/other"), 403, re.compile("permission for 'secret:other:\\*'"))
    refused(graph.get("/api/secrets/never"), 404, "Project 'never' not found")


def test_concurrent_creates_of_one_path(server):
    bodies = [{"project": "newsbot", "path": f"prod/race/{n // 24}", "value": f"v{n}"} for n in range(24 * 8)]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        clients = [server.service("myscheduler") for _ in range(24)]
        replies = list(pool.map(lambda n: clients[n % 24].post("/api/secrets", json=bodies[n]), range(len(bodies))))
    for path in range(8):
        mine = [r for r, b in zip(replies, bodies) if b["path"] == f"prod/race/{path}"]
        assert sorted(r.status_code for r in mine) == [201] + [409] * 23
        winner = next(r.json() for r in mine if r.status_code == 201)
        assert server.service("myscheduler").get(f"/api/secrets/newsbot/prod/race/{path}").json() == winner
    versions = {r.json()["version"] for r in replies if r.status_code == 201}
    assert versions == {1}


def test_values_of_every_kind(scheduler):
    for n, value in enumerate(["0", " ", "a\nb\r\n", "\u0000x", "日本語 🔑", "x" * 100_000, '{"json": true}', "\\\"/"]):
        made = scheduler.post("/api/secrets", json={"project": "newsbot", "path": f"prod/kinds/{n}", "value": value})
        assert made.status_code == 201, made.text[:300]
        assert scheduler.get(f"/api/secrets/newsbot/prod/kinds/{n}").json()["value"] == value
    big = scheduler.post("/api/secrets", json={"project": "newsbot", "path": "prod/kinds/big", "value": "x" * (1 << 20)})
    refused(big, 413, re.compile("request body"))
    for name in ("with space", "plus+sign", "100%", "ümlaut", "a~b!c", "q?s", "h#x"):
        assert scheduler.post(
            "/api/secrets", json={"project": "newsbot", "path": f"prod/names/{name}", "value": name}).status_code == 201, name
        from urllib.parse import quote
        assert scheduler.get("/api/secrets/newsbot/prod/names/" + quote(name)).json()["value"] == name


def test_a_quota_is_said_in_this_dialect(server):
    root = httpx.Client(base_url=server.address, headers={"X-Vault-Token": server.root_token}, trust_env=False)
    assert root.post("/v1/sys/quotas/rate-limit/services", json={"path": "services/", "rate": 2, "interval": "60s"}).status_code == 204
    try:
        client = server.service("commonUI")
        replies = [client.get("/api/secrets/newsbot/quota/x") for _ in range(5)]
        assert [r.status_code for r in replies] == [404, 404, 429, 429, 429]
        assert refused(replies[-1], 429, re.compile("rate limit")).headers["retry-after"].isdigit()
        # What asks nothing of that mount goes on.
        assert client.get("/api/projects").status_code == 200
    finally:
        assert root.delete("/v1/sys/quotas/rate-limit/services").status_code == 204


def test_the_document_describes_every_route(server):
    """Every route and status that these tests saw stands in `/openapi.json`, and what stands there is a route."""
    document = server.anonymous().get("/openapi.json").json()
    assert document["openapi"].startswith("3.1") and set(document["components"]["securitySchemes"]) == {"service", "token"}
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"}
    assert described == {
        ("GET", "/"), ("GET", "/health"), ("GET", "/api/projects"), ("POST", "/api/projects"), ("GET", "/api/projects/{project}"),
        ("PATCH", "/api/projects/{project}"), ("DELETE", "/api/projects/{project}"), ("PUT", "/api/projects/{project}/set-default"),
        ("GET", "/api/secrets"), ("POST", "/api/secrets"), ("POST", "/api/secrets/test"), ("GET", "/api/secrets/{project}"),
        ("GET", "/api/secrets/{project}/{path}"), ("PATCH", "/api/secrets/{project}/{path}"), ("DELETE", "/api/secrets/{project}/{path}"),
        ("GET", "/api/secrets/{project}/{path}/versions"),
    }
    client = server.service("commonUI")
    for method, path in described:
        reply = client.request(method, path.replace("{project}", "nothing").replace("{path}", "at/all"))
        assert reply.status_code not in (405, 500), (method, path)
        assert str(reply.status_code) in document["paths"][path][method.lower()]["responses"], (method, path, reply.text)
        assert reply.json().get("detail") != "Not Found" if reply.status_code == 404 else True


def test_made_up_requests_are_answered_as_described(tmp_path):
    """schemathesis asks from the document: statuses, types and shapes of all answers are those that it names."""
    made = ServiceServer(tmp_path / "s").start()
    try:
        seed = made.service("commonUI")
        for n in range(3):
            seed.post("/api/secrets", json={"project": "newsbot", "path": f"prod/{n}", "value": "v"}).raise_for_status()
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{made.address}/openapi.json", "--url", made.address,
             "-H", "X-Service: commonUI", "-H", f"X-Token: {made.tokens['commonUI']}",
             "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
             "--phases", "coverage,fuzzing", "--mode", "all", "--seed", "20260101", "--max-time", "15", "--request-timeout", "10",
             "--continue-on-failure", "--no-shrink", "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"],
            capture_output=True, text=True, timeout=120, cwd=tmp_path, env=clean_environment())
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        assert made.process.poll() is None and seed.get("/api/projects").status_code == 200
    finally:
        made.close()
