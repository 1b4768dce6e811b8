"""What services that already speak this API bring along and expect: their config.yaml, their names, lists and wordings."""

import base64
import concurrent.futures
import re
import urllib.parse
import uuid

import httpx
import pytest
from service_harness import ServiceServer

# The sections of their deployment, with the services of which only two have tokens.
CONFIG = """
application: {name: myVault, version: "1.0"}
database: {url: "sqlite:///./data/myvault.db"}
security: {algorithm: AES-256-GCM}
audit: {enabled: true}
cors: {origins: ["*"]}
policies:
  - name: all
    permissions:
      - {effect: allow, actions: ["*"], resources: ["secret:*:*"]}
  - name: slip
    permissions:
      - {effect: allow, actions: ["*"], resources: ["secret:newsbot:"]}
services:
  - {name: commonui, enabled: true, roles: [all]}
  - {name: slipped, enabled: true, roles: [slip]}
  - {name: tokenless, enabled: true, roles: [all]}
"""


@pytest.fixture
def make(tmp_path):
    made = []

    def build(policies=CONFIG, **variables):
        server = ServiceServer(tmp_path / f"s{len(made)}", rules={"idle": ""}, policies=policies, **variables)
        server.tokens |= {"commonui": "c" * 40, "slipped": "s" * 40}
        server.rules |= {"commonui": "", "slipped": ""}
        server.write()
        made.append(server)
        return server

    yield build
    for server in made:
        server.close()


@pytest.fixture
def server(make):
    return make().start()


@pytest.fixture
def ui(server):
    return server.service("commonui")


def refused(reply, status, detail):
    assert reply.status_code == status and set(reply.json()) == {"detail"}, reply.text
    assert re.search(detail, reply.json()["detail"]) if isinstance(detail, re.Pattern) else reply.json()["detail"] == detail
    return reply


def test_their_configuration_starts_and_says_what_it_ignores(server):
    for section in ("application", "database", "security", "audit", "cors"):
        assert server.log().count(f"the section '{section}' is ignored") == 1
    assert server.log().count("TOKEN_tokenless is missing") == 1
    assert "grants nothing" in server.log() and "line 13" in server.log()


def test_a_service_without_a_token_is_refused_alone(server, ui):
    for token in ("x" * 40, "c" * 40):
        refused(server.service("tokenless", token=token).get("/api/projects"), 403, "No token configured for service 'tokenless'")
    assert ui.get("/api/projects").status_code == 200


def test_a_resource_without_a_path_grants_nothing(server, ui):
    assert ui.post("/api/secrets", json={"project": "newsbot", "path": "prod/a", "value": "v"}).status_code == 201
    slipped = server.service("slipped")
    for method, path in (("GET", "/api/secrets/newsbot/prod/a"), ("GET", "/api/secrets/newsbot"),
                         ("DELETE", "/api/secrets/newsbot/prod/a"), ("PATCH", "/api/secrets/newsbot/prod/a")):
        assert slipped.request(method, path, json={"value": "x"} if method == "PATCH" else None).status_code == 403
    assert slipped.get("/api/secrets").json() == []


@pytest.mark.parametrize("resource, line", [("secret:?ewsbot:*", 5), ("secret:newsbot:p?od/*", 5), ("secret:newsbot:[pd]*", 5)])
def test_wildcards_that_a_rule_cannot_mean_are_refused_with_their_place(make, resource, line):
    server = make(policies=f"""policies:
  - name: p
    permissions:
      - actions: [read]
        resources: ["{resource}"]
services: []
""").start(wait=False)
    assert server.process.wait(20) == 1
    assert f"policies.yaml:{line}" in server.log() and "are not wildcards" in server.log()


def test_listings_are_whole_and_say_so_where_they_are_not(server, ui):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda n: ui.post(
            "/api/secrets", json={"project": "many", "path": f"p/{n:04}", "value": "v"}).status_code, range(1_131)))
    assert set(made) == {201}
    whole = ui.get("/api/secrets?project=many")
    assert len(whole.json()) == 1_131 and whole.headers["x-total-count"] == "1131" and "link" not in whole.headers
    seen, url = [], "/api/secrets?project=many&prefix=p/&limit=500"
    while url:
        page = ui.get(url)
        seen += [row["path"] for row in page.json()]
        url = page.links["next"]["url"] if "next" in page.links else None
    assert seen == [f"p/{n:04}" for n in range(1_131)]


def test_there_is_no_default_project_until_one_is_set(ui):
    for name in ("proj1", "proj2"):
        assert ui.post("/api/projects", json={"name": name}).json()["is_default"] is False
    assert ui.post("/api/secrets", json={"project": "proj3", "path": "x", "value": "v"}).status_code == 201
    assert [p["name"] for p in ui.get("/api/projects").json() if p["is_default"]] == []
    assert ui.put("/api/projects/proj2/set-default").json()["is_default"] is True
    assert [p["name"] for p in ui.get("/api/projects").json() if p["is_default"]] == ["proj2"]


@pytest.mark.parametrize("name", ["my project", "\u79d8\u5bc6\u306e\u30d7\u30ed\u30b8\u30a7\u30af\u30c8", "a:b", "50% off", "x" * 255, "\u3042" * 255])
def test_project_names_of_any_script(server, ui, name):
    made = ui.post("/api/projects", json={"name": name, "description": "d"})
    assert made.status_code == 201 and made.json()["name"] == name, made.text
    quoted = urllib.parse.quote(name, safe="")
    assert ui.get(f"/api/projects/{quoted}").json() == made.json()
    assert ui.post("/api/secrets", json={"project": name, "path": "prod/x", "value": "v"}).status_code == 201
    assert ui.get(f"/api/secrets/{quoted}/prod/x").json()["value"] == "v"
    assert [row["project"] for row in ui.get("/api/secrets", params={"project": name}).json()] == [name]
    assert ui.get(f"/api/secrets/{quoted}").json()[0]["value"] == "v"
    assert ui.put(f"/api/projects/{quoted}/set-default").json()["is_default"] is True
    assert ui.delete(f"/api/secrets/{quoted}/prod/x").status_code == 204
    assert ui.delete(f"/api/projects/{quoted}").status_code == 204


def test_new_projects_come_with_their_secrets(make):
    server = make(SERVICE_PROJECT_SECRETS="GOOGLE_CREDS_ENCRYPTION_KEY=fernet, H=hex,B=base64,U=uuid").start()
    ui = server.service("commonui")
    assert ui.post("/api/projects", json={"name": "one"}).status_code == 201
    found = {row["path"]: row for row in ui.get("/api/secrets/one").json()}
    assert set(found) == {"GOOGLE_CREDS_ENCRYPTION_KEY", "H", "B", "U"}
    assert {(row["updated_by"], row["version"]) for row in found.values()} == {("system", 1)}
    fernet = found["GOOGLE_CREDS_ENCRYPTION_KEY"]["value"]
    assert len(base64.urlsafe_b64decode(fernet)) == 32 and len(fernet) == 44
    assert re.fullmatch("[0-9a-f]{64}", found["H"]["value"]) and len(base64.b64decode(found["B"]["value"])) == 32
    uuid.UUID(found["U"]["value"])
    # A project that a first secret brings about has them too, each its own, and they stay when it is registered.
    assert ui.post("/api/secrets", json={"project": "two", "path": "x", "value": "v"}).status_code == 201
    two = {row["path"]: row["value"] for row in ui.get("/api/secrets/two").json()}
    assert set(two) == {*found, "x"} and two["H"] != found["H"]["value"]
    assert ui.post("/api/projects", json={"name": "two"}).status_code == 201
    assert {row["path"]: row["value"] for row in ui.get("/api/secrets/two").json()} == two
    # Nobody becomes the one that writes them, and nobody who may not register has any made.
    refused(server.service("system", token="x" * 40).get("/api/projects"), 403, re.compile("not allowed"))
    refused(server.service("idle").post("/api/projects", json={"name": "three"}), 403, re.compile("permission"))
    assert ui.get("/api/secrets", params={"project": "three"}).json() == []
    # An empty project goes, with what came with it; one whose key was changed holds a secret.
    assert ui.delete("/api/projects/one").status_code == 204
    assert ui.get("/api/secrets", params={"project": "one"}).json() == []
    assert ui.post("/api/projects", json={"name": "four"}).status_code == 201
    assert ui.patch("/api/secrets/four/H", json={"value": "mine"}).status_code == 200
    refused(ui.delete("/api/projects/four"), 400, "Cannot delete project 'four' with existing secrets. Delete all secrets first.")


def test_a_project_that_a_secret_brought_about_can_still_be_registered(server, ui):
    assert ui.post("/api/secrets", json={"project": "late", "path": "x", "value": "v"}).status_code == 201
    assert ui.get("/api/projects/late").json()["description"] == ""
    made = ui.post("/api/projects", json={"name": "late", "description": "registered later"})
    assert made.status_code == 201 and made.json()["description"] == "registered later"
    refused(ui.post("/api/projects", json={"name": "late", "description": "again"}), 409, "Project 'late' already exists")
    assert ui.get("/api/projects/late").json()["description"] == "registered later"


def test_nothing_to_change_is_no_mistake(ui):
    made = ui.post("/api/projects", json={"name": "same", "description": "d"}).json()
    for body in ({}, {"description": None}):
        reply = ui.patch("/api/projects/same", json=body)
        assert reply.status_code == 200 and reply.json() == made, reply.text
    refused(ui.patch("/api/projects/other", json={}), 404, "Project 'other' not found")


def test_pages_of_configured_origins_may_call(make):
    server = make(SERVICE_CORS_ORIGINS="https://ui.example,http://localhost:8501").start()
    asking = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "x-service,x-token"}
    for origin in ("https://ui.example", "http://localhost:8501"):
        reply = httpx.options(server.address + "/api/secrets/p/x", headers={"Origin": origin, **asking}, trust_env=False)
        assert reply.status_code == 204 and reply.headers["access-control-allow-origin"] == origin
        assert "PATCH" in reply.headers["access-control-allow-methods"] and "x-token" in reply.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in reply.headers
        for reply in (server.service("commonui").get("/api/projects", headers={"Origin": origin}),
                      server.service("commonui", token="w" * 40).get("/api/projects", headers={"Origin": origin})):
            assert reply.headers["access-control-allow-origin"] == origin and "origin" in reply.headers["vary"].lower()
    for origin in ("https://ui.example.evil", "https://UI.example", "http://ui.example", "null", "https://ui.example:444", "*"):
        reply = httpx.options(server.address + "/api/secrets/p/x", headers={"Origin": origin, **asking}, trust_env=False)
        assert reply.status_code == 405 and "access-control-allow-origin" not in reply.headers
        reply = server.service("commonui").get("/api/projects", headers={"Origin": origin})
        assert "access-control-allow-origin" not in reply.headers and "origin" in reply.headers["vary"].lower()


def test_without_origins_no_page_may_call(server):
    reply = httpx.options(server.address + "/api/projects", trust_env=False,
                          headers={"Origin": "https://ui.example", "Access-Control-Request-Method": "GET"})
    assert reply.status_code == 405 and not any(name.startswith("access-control") for name in reply.headers)
