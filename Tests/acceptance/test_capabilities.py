"""Tokens that their holders narrow by themselves."""

import concurrent.futures
import time

import pytest
from service_harness import ServiceServer

POLICY = 'path "secret/*" { capabilities = ["create", "read", "update", "list", "delete"] }\n' \
         'path "auth/token/*" { capabilities = ["create", "read", "update", "sudo"] }\n' \
         'path "cubbyhole/*" { capabilities = ["create", "read", "update"] }'


@pytest.fixture
def parent(server):
    for path in ("app/a", "app/b", "apple/a", "other/a"):
        server.put(f"secret/data/{path}", {"data": {"v": path}}).expect(200)
    return server.new_token(POLICY)


@pytest.fixture
def attenuate(server):
    def run(token, *limits):
        # Offline: there is no server at that address, and the token comes in by the standard input.
        done = server.cli("token", "attenuate", *limits, "-", token=None, stdin=token + "\n", env={"VAULT_ADDR": "http://127.0.0.1:1"})
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("coffer.c.")
        return done.stdout.strip()

    return run


def test_paths_and_operations(server, parent, attenuate):
    token = attenuate(parent, "-path=secret/data/app/", "-op=read")
    assert server.get("secret/data/app/a", token=token).expect(200).data["data"] == {"v": "app/a"}
    assert server.get("secret/data/app/a", token=None, headers={"Authorization": f"Bearer {token}"}).status == 200
    for method, path in [("GET", "secret/data/apple/a"), ("GET", "secret/data/app"), ("GET", "secret/data/other/a"), ("PUT", "secret/data/app/a"),
                         ("DELETE", "secret/data/app/a"), ("LIST", "secret/metadata/app/"), ("GET", "sys/mounts")]:
        assert server.request(method, path, {"data": {}} if method == "PUT" else None, token=token).status == 403, path
    listing = attenuate(parent, "-secrets=secret:app/")
    assert server.list("secret/metadata/app/", token=listing).expect(200).data["keys"] == ["a", "b"]
    assert server.list("secret/metadata/app", token=listing).status == 200
    assert server.list("secret/metadata/", token=listing).status == 403
    # Narrowed again it is the intersection, whatever the second one asks for.
    both = attenuate(token, "-path=secret/data/other/", "-path=secret/data/app/b")
    assert server.get("secret/data/app/b", token=both).status == 200
    assert server.get("secret/data/app/a", token=both).status == 403 and server.get("secret/data/other/a", token=both).status == 403


def test_it_makes_no_tokens(server, parent, attenuate):
    token = attenuate(parent, "-ttl=1h")
    assert server.get("secret/data/other/a", token=token).status == 200
    assert server.get("auth/token/lookup-self", token=token).status == 200
    for path in ("auth/token/create", "auth/token/create-orphan", "auth/token/renew-self", "auth/token/revoke-self", "auth/token/lookup"):
        assert server.post(path, {"token": parent}, token=token).status == 403, path
    assert server.get("secret/data/other/a", token=parent).status == 200


def test_expiry_and_addresses(server, parent, attenuate):
    short = attenuate(parent, "-ttl=1s")
    deadline = time.monotonic() + 10
    while server.get("secret/data/app/a", token=short).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.get("secret/data/app/a", token=attenuate(parent, "-cidr=127.0.0.0/8,10.0.0.0/8")).status == 200
    assert server.get("secret/data/app/a", token=attenuate(parent, "-cidr=10.0.0.0/8")).status == 403


def test_uses_are_counted_exactly(server, parent, attenuate):
    token = attenuate(parent, "-uses=7")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: server.get("secret/data/app/a", token=token).status, range(40)))
    assert sorted(found) == [200] * 7 + [403] * 33
    # A copy that is narrowed further spends from the same count; another one has its own.
    assert server.get("secret/data/app/a", token=attenuate(token, "-op=read")).status == 403
    assert server.get("secret/data/app/a", token=attenuate(parent, "-uses=1")).status == 200


def test_it_ends_with_its_parent(server, parent, attenuate):
    token, counted = attenuate(parent, "-op=read"), attenuate(parent, "-uses=5")
    assert {server.get("secret/data/app/a", token=t).status for t in (token, counted)} == {200}
    server.post("auth/token/revoke", {"token": parent}).expect(204)
    assert {server.get("secret/data/app/a", token=t).status for t in (token, counted)} == {403}


def test_forgeries(server, parent, attenuate):
    token = attenuate(parent, "-path=secret/data/app/")
    for position in range(9, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1:]
        assert server.get("secret/data/app/a", token=changed).status == 403
    for text in ("coffer.c.", "coffer.c." + "A" * 100, token + "A", token[:-1], "coffer.c." + "A" * 7900):
        assert server.get("secret/data/app/a", token=text).status == 403
    # Another token's holder cannot speak for this one.
    assert token not in server.audit_path.read_text() and parent not in server.audit_path.read_text()


def test_bad_limits_make_no_token(server, parent):
    for limits in ([], ["-op=fly"], ["-ttl=soon"], ["-uses=0"], ["-uses=-1"], ["-cidr="], ["-path="]):
        done = server.cli("token", "attenuate", *limits, "-", token=None, stdin=parent)
        assert done.returncode == 1 and done.stdout == "" and parent not in done.stderr, limits


def test_a_service_narrows_its_token(tmp_path):
    made = ServiceServer(tmp_path / "s").start()
    try:
        def narrowed(*limits, token=made.tokens["commonUI"]):
            done = made.cli("token", "attenuate", *limits, token)
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()

        whole = made.service("commonUI")
        for path in ("prod/a", "prod/b", "dev/a"):
            whole.post("/api/secrets", json={"project": "newsbot", "path": path, "value": path}).raise_for_status()
        reader = made.service("commonUI", token=narrowed("-secrets=services:newsbot/prod/", "-op=read,list"))
        assert reader.get("/api/secrets/newsbot/prod/a").json()["value"] == "prod/a"
        assert reader.post("/api/secrets/test").status_code == 200
        assert [s["path"] for s in reader.get("/api/secrets?project=newsbot&prefix=prod/").json()] == ["prod/a", "prod/b"]
        for reply in (reader.get("/api/secrets/newsbot/dev/a"), reader.patch("/api/secrets/newsbot/prod/a", json={"value": "x"}),
                      reader.delete("/api/secrets/newsbot/prod/a"), reader.post("/api/projects", json={"name": "x"})):
            assert reply.status_code == 403 and "permission" in reply.json()["detail"], reply.text
        # Only in its own name, and only from the right place.
        assert made.service("myscheduler", token=narrowed("-op=read")).get("/api/secrets/newsbot/prod/a").status_code in (401, 403)
        assert made.service("commonUI", token=narrowed("-cidr=10.0.0.0/8")).get("/api/projects").status_code == 403
        # One request is one use, however often it asks inside.
        counted = made.service("commonUI", token=narrowed("-uses=3"))
        assert [counted.get("/api/secrets/newsbot").status_code for _ in range(5)] == [200, 200, 200, 401, 401]
        # It ends with the service's token.
        made.tokens["commonUI"] = "n" * 64
        made.write()
        made.reload()
        assert reader.get("/api/secrets/newsbot/prod/a").status_code in (401, 403)
        # Made from one of Coffer's tokens it is good here too.
        root = made.service("commonUI", token=narrowed("-secrets=services:newsbot/dev/", token=made.root_token))
        assert root.get("/api/secrets/newsbot/dev/a").json()["value"] == "dev/a"
        assert root.get("/api/secrets/newsbot/prod/a").status_code == 403
    finally:
        made.close()
