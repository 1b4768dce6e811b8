"""The Service API over another server that keeps the secrets, and moving between the two."""

import concurrent.futures

import pytest
from service_harness import ServiceServer


@pytest.fixture
def pair(tmp_path, new_server):
    """(a Coffer that plays the remote Vault, a function that makes service servers over it)"""
    remote = new_server().ready()
    made = []

    def make(**variables):
        made.append(ServiceServer(
            tmp_path / f"front{len(made)}", SERVICE_VAULT_ADDR=remote.address, SERVICE_VAULT_MOUNT="secret", **variables))
        return made[-1]

    yield remote, make
    for server in made:
        server.close()


def walk(client):
    """The routes that keep secrets, with what they answer; times left out."""
    said = []

    def say(method, path, **sent):
        reply = client.request(method, path, **sent)
        body = reply.json() if reply.content else None

        def plain(value):
            if isinstance(value, dict):
                return {k: plain(v) for k, v in value.items() if k != "updated_at"}
            return [plain(v) for v in value] if isinstance(value, list) else value

        said.append((method, path, reply.status_code, plain(body)))

    for name in ("a", "b", "eu/c"):
        say("POST", "/api/secrets", json={"project": "newsbot", "path": f"prod/{name}", "value": f"value {name}"})
    say("POST", "/api/secrets", json={"project": "newsbot", "path": "prod/a", "value": "again"})
    say("PATCH", "/api/secrets/newsbot/prod/a", json={"value": "second", "expected_version": 1})
    say("PATCH", "/api/secrets/newsbot/prod/a", json={"value": "late", "expected_version": 1})
    say("GET", "/api/secrets/newsbot/prod/a")
    say("GET", "/api/secrets/newsbot/prod/a/versions")
    say("GET", "/api/secrets?project=newsbot&prefix=prod/")
    say("GET", "/api/secrets?project=newsbot&limit=2")
    say("GET", "/api/secrets?project=newsbot&after=newsbot/prod/a")
    say("GET", "/api/secrets/newsbot")
    say("DELETE", "/api/secrets/newsbot/prod/b")
    say("GET", "/api/secrets/newsbot/prod/b")
    say("GET", "/api/secrets/newsbot")
    say("POST", "/api/secrets", json={"project": "newsbot", "path": "prod/b", "value": "new"})
    say("GET", "/api/secrets/other/x")
    return said


def test_the_same_answers_and_nothing_kept_here(pair):
    remote, make = pair
    token = remote.new_token('path "secret/*" { capabilities = ["create", "read", "update", "patch", "list", "delete"] }')
    local = make().start()
    front = make(SERVICE_PROVIDER="vault", SERVICE_VAULT_TOKEN=token)
    front.start()
    assert walk(front.service("commonUI")) == walk(local.service("commonUI"))
    assert remote.get("secret/data/newsbot/prod/a").data["data"] == {"value": "second"}
    # Policies and the audit are here, the secrets are not.
    assert front.service("myscheduler").get("/api/secrets/newsbot/dev/x").status_code == 403
    trail = front.audit_path.read_text()
    assert "services-remote/data/newsbot/prod/a" in trail and "commonUI" in trail
    assert front.stop() == 0
    assert b"value eu/c" not in (front.directory / "vault-data" / "coffer.db").read_bytes()
    # Without the other server there is an answer that says so.
    front.start()
    assert remote.stop() == 0
    reply = front.service("commonUI").get("/api/secrets/newsbot/prod/a")
    assert reply.status_code == 503 and "cannot be reached" in reply.json()["detail"]


def test_an_app_role_logs_in_again(pair):
    remote, make = pair
    remote.put("sys/policies/acl/front", {"policy": 'path "secret/*" { capabilities = ["create", "read", "update", "patch", "list", "delete"] }'})
    remote.post("sys/auth/approle", {"type": "approle"}).expect(204)
    remote.post("auth/approle/role/front", {"token_policies": ["front"], "token_num_uses": 4}).expect(204)
    role = remote.get("auth/approle/role/front/role-id").data["role_id"]
    secret = remote.post("auth/approle/role/front/secret-id", {}).data["secret_id"]
    front = make(SERVICE_PROVIDER="vault", SERVICE_VAULT_ROLE_ID=role, SERVICE_VAULT_SECRET_ID=secret).start()
    client = front.service("commonUI")
    for n in range(8):
        assert client.post("/api/secrets", json={"project": "newsbot", "path": f"k{n}", "value": "v"}).status_code == 201
    assert [client.get(f"/api/secrets/newsbot/k{n}").status_code for n in range(8)] == [200] * 8


def test_a_role_that_may_not_is_not_logged_in_again_and_again(pair):
    remote, make = pair
    remote.put("sys/policies/acl/front", {"policy": 'path "secret/data/newsbot/open" { capabilities = ["read"] }'})
    remote.put("secret/data/newsbot/open", {"data": {"value": "v"}}).expect(200)
    remote.post("sys/auth/approle", {"type": "approle"}).expect(204)
    remote.post("auth/approle/role/front", {"token_policies": ["front"]}).expect(204)
    role = remote.get("auth/approle/role/front/role-id").data["role_id"]
    secret = remote.post("auth/approle/role/front/secret-id", {}).data["secret_id"]
    front = make(SERVICE_PROVIDER="vault", SERVICE_VAULT_ROLE_ID=role, SERVICE_VAULT_SECRET_ID=secret).start()

    def logins():
        return sum('"type":"response"' in line and '"path":"auth/approle/login"' in line for line in remote.audit_path.read_text().splitlines())

    client = front.service("commonUI")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: client.get("/api/secrets/newsbot/open").status_code, range(16))) == {200}
    assert logins() == 1
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: client.get("/api/secrets/newsbot/shut").status_code, range(40))) == {503}
    # One more to be sure that it is not the token; a second only where the five seconds between such were over.
    assert 2 <= logins() <= 3
    assert client.get("/api/secrets/newsbot/open").json()["value"] == "v"


def test_migrate_there_and_back(pair):
    remote, make = pair
    token = remote.new_token('path "secret/*" { capabilities = ["create", "read", "update", "patch", "list", "delete"] }')
    front = make(SERVICE_VAULT_TOKEN=token).start()
    client = front.service("commonUI")
    for n in range(12):
        client.post("/api/secrets", json={"project": "newsbot", "path": f"m/{n}", "value": f"v{n}"}).raise_for_status()
    client.delete("/api/secrets/newsbot/m/11").raise_for_status()
    # What is there already with another value stops it, and the rest is not lost.
    remote.put("secret/data/newsbot/m/3", {"data": {"value": "another"}}).expect(200)
    stopped = front.cli("service", "migrate", "-to=vault")
    assert stopped.returncode == 1 and "newsbot/m/3" in stopped.stderr and "another" not in stopped.stderr
    done = front.cli("service", "migrate", "-to=vault", "-overwrite")
    assert done.returncode == 0, done.stderr
    assert "11 secrets are whole" in done.stdout and "0 of 12" in done.stderr
    assert remote.get("secret/data/newsbot/m/3").data["data"] == {"value": "v3"}
    assert remote.get("secret/data/newsbot/m/4").data["metadata"]["version"] == 1
    assert remote.get("secret/data/newsbot/m/11").status == 404
    # Nothing changed where they came from, and services are still there.
    assert client.get("/api/secrets/newsbot/m/3").json()["value"] == "v3"
    assert front.stop() == 0
    front.variables["SERVICE_PROVIDER"] = "vault"
    front.write()
    front.start()
    assert client.get("/api/secrets/newsbot/m/3").json()["value"] == "v3"
    client.patch("/api/secrets/newsbot/m/3", json={"value": "rotated there"}).raise_for_status()
    back = front.cli("service", "migrate", "-to=local", "-overwrite")
    assert back.returncode == 0, back.stderr
    assert front.stop() == 0
    front.variables["SERVICE_PROVIDER"] = "local"
    front.write()
    front.start()
    assert client.get("/api/secrets/newsbot/m/3").json()["value"] == "rotated there"
    # An unreachable target leaves everything as it is, and says that it is not whole.
    assert remote.stop() == 0
    failed = front.cli("service", "migrate", "-to=vault")
    assert failed.returncode == 2 and "not whole" in failed.stderr
