"""Planted secrets never appear where they must not: database, WAL, logs, audit files, error texts."""

import base64
import json

import canary


def test_the_search_finds_what_it_looks_for():
    secret = canary.make()
    for number, hidden in enumerate((
        secret.encode(), secret.encode().hex().encode(), base64.b64encode(b"x" + secret.encode() + b"yz"),
        json.dumps({"v": secret}).encode(), secret.encode("utf-16-le"),
    )):
        assert canary.leaks({"place": b"before" + hidden + b"after"}, [secret]), number
    assert canary.leaks({"place": b"nothing"}, [secret]) == []


class Replies:
    """Sends requests and keeps what the server said when it refused."""

    def __init__(self, server):
        self.server, self.refused, self.all = server, {}, []

    def send(self, method, path, body=None, expect_error=False, **options):
        reply = self.server.request(method, path, body, **options)
        assert reply.status < 500, (method, path.split("canary")[0], reply.status)
        if expect_error:
            assert 400 <= reply.status < 500, (method, path.split("canary")[0], reply.status)
        if reply.status >= 400:
            headers = "\n".join(f"{k}: {v}" for k, v in reply.headers.items()).encode()
            self.refused[f"reply {len(self.refused)} to {method}"] = headers + reply.body
        return reply


def test_planted_secrets_stay_inside(new_server):
    server = new_server(settings='log_level = "trace"').ready()
    planted = []

    def plant(label="canary"):
        planted.append(canary.make(label))
        return planted[-1]

    send = Replies(server)
    # Stored as they should be, in every place that holds values.
    for n in range(40):
        path = f"secret/data/app/{n}"
        send.send("POST", path, {"data": {"password": plant("kv2"), "deep": {"list": [plant("kv2deep"), 17]}}}).expect(200)
        send.send("PATCH", path, {"data": {"more": plant("kv2patch")}},
                  headers={"Content-Type": "application/merge-patch+json"}).expect(200)
        send.send("PUT", f"kv1/app/{n}", {"v": plant("kv1")}).expect(204)
        send.send("GET", path).expect(200)
    send.send("POST", "secret/metadata/app/1", {"custom_metadata": {"note": plant("meta")}}).expect(204)
    send.send("POST", "sys/mounts/described", {"type": "kv", "description": plant("described")}).expect(204)
    tokens = [server.new_token(policies=["default"], meta={"m": "names the caller"}, no_default_policy=False) for _ in range(5)]
    for token in tokens[:2]:
        send.send("POST", "auth/token/lookup", {"token": token}).expect(200)
        send.send("POST", "auth/token/renew", {"token": token}).expect(200)
        send.send("POST", "auth/token/revoke", {"token": token}).expect(204)
        send.send("GET", "auth/token/lookup-self", token=token, expect_error=True)
        send.send("PUT", "auth/token/renew/x", {"token": token})
    planted += [t for t in tokens] + [server.token]

    # Sent where it does not belong: every refusal must keep it to itself.
    bad = lambda body, method="POST", path="secret/data/bad", **o: send.send(method, path, body, expect_error=True, **o)
    bad(('{"data": {"p": "%s"' % plant("truncated").replace('"', "")).encode())
    bad(('{"data": {"p": %s}}' % plant("unquoted").replace('"', "")).encode())
    bad(('{"%s": 1, "x": 2, "x": 3}' % plant("dupe").replace('"', "").replace("\\", "")).encode())
    bad({"data": plant("wrongtype")})
    bad({"data": {"x": 1}, "options": plant("options")})
    bad({"data": {"x": 1}, "options": {"cas": plant("cas")}})
    bad({"versions": plant("versions")}, path="secret/destroy/app/1")
    bad({"versions": [plant("versionitem")]}, path="secret/delete/app/1")
    bad({"custom_metadata": {"k": [plant("metalist")]}}, path="secret/metadata/app/2")
    bad({"custom_metadata": plant("metastring")}, path="secret/metadata/app/2")
    bad({"max_versions": plant("maxversions")}, path="secret/config")
    bad({"policy": 'path "x" { capabilities = ["%s"] }' % plant("capability").replace('"', "").replace("\\", "")}, path="sys/policies/acl/p")
    bad({"policy": plant("policytext")}, path="sys/policies/acl/p")
    bad({"ttl": plant("ttl")}, path="auth/token/create")
    bad({"num_uses": plant("numuses")}, path="auth/token/create")
    bad({"meta": plant("meta")}, path="auth/token/create")
    bad({"policies": {"a": plant("policies")}}, path="auth/token/create")
    bad({"token": [plant("tokenlist")]}, path="auth/token/lookup")
    bad({"token": plant("tokenvalue")}, path="auth/token/lookup")
    bad({"accessor": plant("accessor")}, path="auth/token/lookup-accessor")
    bad({"type": {"t": plant("mounttype")}}, path="sys/mounts/x")
    bad({"config": plant("mountconfig"), "type": "kv"}, path="sys/mounts/x")
    bad({"options": {"file_path": [plant("filepath")]}, "type": "file"}, path="sys/audit/x", method="PUT")
    bad({"key": plant("rekey"), "nonce": plant("nonce")}, path="sys/rekey/update", method="PUT")
    bad({"key": plant("rootkey"), "nonce": plant("nonce")}, path="sys/generate-root/update", method="PUT")
    send.send("PUT", "sys/unseal", {"key": plant("unseal")}, token=None)
    bad({"secret_shares": plant("shares")}, path="sys/init", method="PUT", token=None)
    secret_token = "hvs." + plant("headertoken").split("/")[0]
    planted.append(secret_token)
    send.send("GET", "secret/data/app/1", token=secret_token, expect_error=True)
    send.send("GET", "secret/data/app/1", token=None, headers={"Authorization": "Bearer " + secret_token}, expect_error=True)
    send.send("GET", "secret/data/app/1", token=None, headers={"Authorization": "Basic " + secret_token}, expect_error=True)
    bad(plant("contenttype").encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    send.send("POST", "no-such-mount/x", {"v": plant("nomount")}, expect_error=True)
    send.send("POST", "secret/data/denied", {"data": {"v": plant("denied")}}, token=tokens[2], expect_error=True)
    send.send("GET", "secret/data/app/1?version=" + plant("query").split("/")[0], expect_error=True)
    done = server.cli("kv", "put", "secret/cli", "v=" + plant("cli"))
    assert done.returncode == 0, done.stderr

    server.post("sys/rotate", {}).expect(200, 204)
    running = places(server)
    assert canary.leaks({**send.refused, **running, "cli": (done.stdout + done.stderr).encode()}, planted) == []
    # The values are really there, so the search was not in vain.
    assert len(running) >= 3 and sum(map(len, running.values())) > 100_000
    assert server.get("secret/data/app/7").data["data"]["password"] in planted
    assert server.stop() == 0
    assert canary.leaks(places(server), planted) == []
    server.start()
    assert server.get("secret/data/app/7").data["data"]["password"] in planted


def places(server):
    """Everything the server wrote, by name."""
    files = {p.name: p for p in [*server.database_files(), *server.audit_directory.iterdir(), server.log_path]}
    return {name: path.read_bytes() for name, path in files.items()}


def test_sealing_leaves_nothing_in_the_files(new_server):
    server = new_server(seal="shamir").ready()
    planted = [canary.make() for _ in range(10)]
    for n, secret in enumerate(planted):
        server.post(f"secret/data/{n}", {"data": {"v": secret}}).expect(200)
        server.get(f"secret/data/{n}").expect(200)
    server.put("sys/seal").expect(204)
    keys = [*server.unseal_keys]
    assert canary.leaks(places(server), planted + keys + [server.token]) == []
