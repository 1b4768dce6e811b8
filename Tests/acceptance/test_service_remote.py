"""The Service API over another server that keeps the secrets, and moving between the two."""

import concurrent.futures
import socket
import subprocess
import time

import pytest
from harness import BINARY, clean_environment
from service_harness import ServiceServer
from test_tls import Authority, TLSServer


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
    assert "11 secrets were fully copied" in done.stdout and "0 of 12" in done.stderr
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
    # An unreachable target leaves everything as it is, and that is said.
    assert remote.stop() == 0
    failed = front.cli("service", "migrate", "-to=vault")
    assert failed.returncode == 2 and "Nothing was copied" in failed.stderr


def test_a_secret_that_cannot_be_seen_over_there_is_not_taken_for_none(pair):
    remote, make = pair
    token = remote.new_token(
        'path "secret/*" { capabilities = ["create", "read", "update", "patch", "list", "delete"] }\n'
        'path "secret/metadata/newsbot/hidden" { capabilities = ["deny"] }')
    front = make(SERVICE_PROVIDER="vault", SERVICE_VAULT_TOKEN=token).start()
    client = front.service("commonUI")
    assert client.post("/api/secrets", json={"project": "newsbot", "path": "hidden", "value": "v"}).status_code == 201
    for reply in (client.get("/api/secrets?project=newsbot"), client.get("/api/secrets/newsbot"), client.delete("/api/projects/newsbot")):
        assert reply.status_code == 503, reply.text
    assert client.get("/api/projects/newsbot").status_code == 200 and client.get("/api/secrets/newsbot/hidden").json()["value"] == "v"


def wait_until_listening(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_another_server_is_known_by_its_certificate(tmp_path):
    authority = Authority(tmp_path)
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    remote = TLSServer(tmp_path / "remote")
    fronts = []
    try:
        remote.listen(authority, *authority.issue("good")).start()
        remote.set_up()
        with remote.session() as session:
            assert session.post("/v1/sys/mounts/secret", json={"type": "kv", "options": {"version": "2"}}).status_code == 204
        remote.token, root = None, remote.token

        def status(**variables):
            front = ServiceServer(
                tmp_path / f"front{len(fronts)}", SERVICE_PROVIDER="vault", SERVICE_VAULT_TOKEN=root,
                **{"SERVICE_VAULT_ADDR": remote.address, **variables})
            fronts.append(front)
            front.start()
            reply = front.service("commonUI").post("/api/secrets", json={"project": "newsbot", "path": f"p{len(fronts)}", "value": "v"})
            return reply.status_code

        assert status(SERVICE_VAULT_CACERT=authority.certificate) == 201
        assert status(SERVICE_VAULT_CACERT=stranger.certificate) == 503
        assert status() == 503
        # The right authority and another host's certificate.
        remote.close()
        text = remote.configuration.read_text()
        authority.issue("elsewhere", names="DNS:vault.example.com")
        remote.configuration.write_text(text.replace("good.pem", "elsewhere.pem").replace("good.key", "elsewhere.key"))
        remote.start(wait=False)
        wait_until_listening(remote.port)
        assert status(SERVICE_VAULT_CACERT=authority.certificate) == 503
    finally:
        for front in fronts:
            front.close()
        remote.close()


def test_a_killed_migration_goes_on_where_it_stopped(pair):
    remote, make = pair
    remote.put("sys/policies/acl/mover", {"policy": 'path "secret/*" { capabilities = ["create", "read", "update", "patch", "list"] }'})
    remote.post("sys/auth/approle", {"type": "approle"}).expect(204)
    remote.post("auth/approle/role/mover", {"token_policies": ["mover"]}).expect(204)
    role = remote.get("auth/approle/role/mover/role-id").data["role_id"]
    secret = remote.post("auth/approle/role/mover/secret-id", {}).data["secret_id"]
    front = make(SERVICE_VAULT_ROLE_ID=role, SERVICE_VAULT_SECRET_ID=secret).start()
    client = front.service("commonUI")
    count = 400
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        made = pool.map(lambda n: client.post("/api/secrets", json={"project": "newsbot", "path": f"m/{n:04}", "value": f"v{n}"}).status_code, range(count))
        assert set(made) == {201}
    before = client.get("/api/secrets/newsbot").json()

    moving = subprocess.Popen(
        [str(BINARY), "service", "migrate", "-to=vault"], cwd=front.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=clean_environment(VAULT_ADDR=front.address, VAULT_TOKEN=front.root_token, HOME=str(front.directory)))
    for line in moving.stderr:
        if line.startswith(f"100 of {count}"):
            moving.kill()
            break
    assert moving.wait(20) == -9
    there = remote.list("secret/metadata/newsbot/m/").data["keys"]
    assert 100 <= len(there) < count
    # Nothing changed for those who use them.
    assert client.get("/api/secrets/newsbot").json() == before
    assert client.patch("/api/secrets/newsbot/m/0399", json={"value": "changed meanwhile"}).status_code == 200

    done = front.cli("service", "migrate", "-to=vault")
    assert done.returncode == 0 and f"{count} secrets were fully copied" in done.stdout, done.stderr
    assert remote.get("secret/data/newsbot/m/0399").data["data"] == {"value": "changed meanwhile"}
    # What was there already was not written a second time.
    for name in (there[0], there[-2], "0350"):
        assert remote.get(f"secret/data/newsbot/m/{name}").data["metadata"]["version"] == 1
    assert secret not in done.stdout + done.stderr
