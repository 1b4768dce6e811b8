"""What a token may do is decided by its entry, never by the text that is shown: tokens narrowed offline, from the published format alone."""

import base64
import hashlib
import hmac
import secrets
import time

import pytest


def code(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


class Narrowed:
    """docs/formats/capability.md, in a few lines."""

    def __init__(self, parent):
        self.handle = hashlib.sha256(b"coffer/capability-handle/v1\0" + parent.encode()).digest()
        self.caveats = []
        self.signature = code(code(parent.encode(), b"coffer/capability-key/v1"), b"\1" + self.handle)

    def by(self, *caveats):
        made = Narrowed.__new__(Narrowed)
        made.handle, made.caveats, made.signature = self.handle, list(self.caveats), self.signature
        for caveat in caveats:
            made.caveats.append(caveat.encode())
            made.signature = code(made.signature, caveat.encode())
        return made

    def once(self):
        return self.by(f"use=1:{secrets.token_hex(16)}")

    def __str__(self):
        raw = b"\1" + self.handle + bytes([len(self.caveats)])
        for caveat in self.caveats:
            raw += len(caveat).to_bytes(2, "big") + caveat
        return "coffer.c." + base64.urlsafe_b64encode(raw + self.signature).decode().rstrip("=")


@pytest.fixture
def wrapped(server):
    server.put("secret/data/w", {"data": {"k": "canary-wrapped"}}).expect(200)
    return server.get("secret/data/w", headers={"X-Vault-Wrap-TTL": "60"}).expect(200).json["wrap_info"]["token"]


def test_the_derivation_is_right(server):
    assert server.get("auth/token/lookup-self", token=str(Narrowed(server.token).by("op=read"))).expect(200).data["narrowed"] is True


def test_a_wrapped_answer_is_not_read_by_a_token_made_of_its_token(server, wrapped):
    for token in (Narrowed(wrapped), Narrowed(wrapped).by("op=read"), Narrowed(wrapped).by("path=cubbyhole/response")):
        for method, path in [("GET", "cubbyhole/response"), ("POST", "sys/wrapping/unwrap"), ("POST", "sys/wrapping/rewrap"), ("LIST", "cubbyhole/")]:
            reply = server.request(method, path, token=str(token))
            assert reply.status in (400, 403) and b"canary-wrapped" not in reply.body, (path, reply)
        reply = server.post("sys/wrapping/unwrap", {"token": str(token)})
        assert reply.status == 400 and b"canary-wrapped" not in reply.body
    # The one that it was meant for has it, once.
    assert server.post("sys/wrapping/unwrap", token=wrapped).expect(200).data["data"] == {"k": "canary-wrapped"}
    assert server.post("sys/wrapping/unwrap", token=wrapped).status == 400


def test_one_holder_does_not_use_up_the_counters_of_the_others(server):
    parent = server.new_token('path "secret/*" { capabilities = ["read", "list"] }')
    server.put("secret/data/n", {"data": {"k": "v"}}).expect(200)
    handed_out = Narrowed(parent).by("path=secret/data/n", "op=read")
    spent = 0
    for _ in range(1_000):
        if server.get("secret/data/n", token=str(handed_out.once())).status != 200:
            break
        spent += 1
    assert 0 < spent < 500
    # Another holder's, the parent's own, and those that were counted already.
    assert server.get("secret/data/n", token=str(Narrowed(parent).by("op=read").once())).status == 200
    assert server.get("secret/data/n", token=str(Narrowed(parent).once())).status == 200
    assert server.get("secret/data/n", token=str(handed_out)).status == 200


def test_it_is_told_its_own_rights_and_its_own_end(server):
    end = int(time.time()) + 600
    token = str(Narrowed(server.token).by("path=secret/data/app/\nsys/capabilities-self", "op=read,update", f"exp={end}"))
    told = server.post("sys/capabilities-self", {"paths": ["secret/data/app/x", "secret/data/other", "sys/mounts"]}, token=token).expect(200).data
    assert told["secret/data/app/x"] == ["read", "sudo", "update"] and told["secret/data/other"] == told["sys/mounts"] == ["deny"]
    plain = str(Narrowed(server.token).by(f"exp={end}"))
    data = server.get("auth/token/lookup-self", token=plain).expect(200).data
    assert 500 < data["ttl"] <= 600 and data["renewable"] is False
    shown = server.get("sys/internal/ui/mounts", token=token).expect(200).data
    assert "secret/" in shown["secret"] and "kv1/" not in shown["secret"]
    assert server.get("sys/internal/ui/mounts/kv1/x", token=token).status == 403


def test_what_it_makes_ends_with_it(server):
    server.post("sys/auth/approle", {"type": "approle"}).expect(204)
    server.post("auth/approle/role/app", {"token_policies": "default"}).expect(204)
    token = str(Narrowed(server.token).by(f"exp={int(time.time()) + 100}"))
    made = server.post("auth/approle/role/app/secret-id", {}, token=token).expect(200)
    assert 90 <= made.data["secret_id_ttl"] <= 100 and made.json["warnings"]
    assert server.post("auth/approle/role/app/secret-id", {"ttl": "10s"}, token=token).expect(200).data["secret_id_ttl"] == 10
    info = server.get("sys/mounts", token=token, headers={"X-Vault-Wrap-TTL": "1h"}).expect(200).json["wrap_info"]
    assert 90 <= info["ttl"] <= 100
    server.delete("sys/auth/approle").expect(204)
