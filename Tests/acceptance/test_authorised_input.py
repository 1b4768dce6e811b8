"""What is authorised is what is read; what is refused is on record; and what a real client meets of both."""

import base64
import json

import hvac
import pytest
import requests
from harness import status_of

HELPDESK = """
path "auth/userpass/users/*" {
  capabilities = ["create", "update"]
  denied_parameters = { token_policies = [], policies = ["admin", "root*"] }
}
path "auth/token/create" { capabilities = ["update"]  denied_parameters = { ttl = [], policies = [] } }
path "secret/data/*" { capabilities = ["create", "update", "read", "delete"]  denied_parameters = { version = [], cas = [] } }
path "secret/metadata/*" { capabilities = ["list"]  denied_parameters = { recursive = [] } }
path "transit/encrypt/*" { capabilities = ["create", "update"]  denied_parameters = { key_version = ["1"] } }
"""


@pytest.fixture(scope="module")
def helpdesk(server):
    server.post("sys/auth/userpass", {"type": "userpass"}).expect()
    server.post("sys/mounts/transit", {"type": "transit"}).expect()
    server.post("transit/keys/k").expect()
    server.post("secret/data/x", {"data": {"a": "1"}}).expect()
    return server.new_token(HELPDESK)


class TestParameters:
    @pytest.mark.parametrize("query", ["token_policies=admin", "Token_Policies=admin", "policies=admin", "token_policies[]=admin"])
    def test_the_query_makes_no_admin(self, server, helpdesk, query):
        made = server.post(f"auth/userpass/users/mallory?{query}", {"password": "pw"}, token=helpdesk).expect(200, 204)
        assert "The query of a write is ignored" in made.json["warnings"][0]
        assert server.get("auth/userpass/users/mallory").data["token_policies"] == []
        login = server.post("auth/userpass/login/mallory", {"password": "pw"}, token=None).expect(200)
        assert login.json["auth"]["policies"] == ["default"]

    @pytest.mark.parametrize("body", [
        {"token_policies": "admin"}, {"TOKEN_POLICIES": ["x"]}, {"policies": "default,Admin"}, {"policies": ["default", "ROOT-x"]},
        {"policies": "default, admin"},
    ])
    def test_a_denied_parameter_in_every_spelling(self, server, helpdesk, body):
        server.post("auth/userpass/users/mallory", {"password": "pw", **body}, token=helpdesk).expect(403)

    def test_a_token_from_the_query(self, server, helpdesk):
        made = server.post("auth/token/create?ttl=10h&policies=other", {}, token=helpdesk).expect(200)
        plain = server.post("auth/token/create", {}, token=helpdesk).expect(200)
        assert made.json["auth"]["policies"] == plain.json["auth"]["policies"]
        assert abs(made.json["auth"]["lease_duration"] - plain.json["auth"]["lease_duration"]) < 5

    def test_the_query_of_a_read(self, server, helpdesk):
        server.get("secret/data/x", token=helpdesk).expect(200)
        for query in ("version=1", "Version=1", "version="):
            server.get(f"secret/data/x?{query}", token=helpdesk).expect(403)
        server.request("LIST", "secret/metadata/", token=helpdesk).expect(200)
        server.request("SCAN", "secret/metadata/", token=helpdesk).expect(403)
        server.get("secret/metadata/?list=true", token=helpdesk).expect(200)

    @pytest.mark.parametrize("body", [{"data": {}, "options": {"cas": 1}}, {"data": {}, "options": {"CAS": 1}}, {"data": {"cas": "x"}}])
    def test_a_nested_member(self, server, helpdesk, body):
        server.post("secret/data/nested", body, token=helpdesk).expect(403)

    def test_an_item_of_a_batch(self, server, helpdesk):
        text = base64.b64encode(b"text").decode()
        server.post("transit/encrypt/k", {"batch_input": [{"plaintext": text}]}, token=helpdesk).expect(200)
        for version in (1, "1"):
            items = {"batch_input": [{"plaintext": text}, {"plaintext": text, "key_version": version}]}
            server.post("transit/encrypt/k", items, token=helpdesk).expect(403)


# GHSA-xp3c-3jw3-4vcr: a LIST passed a `deny`, because a wildcard rule that was taken for more specific granted it.
class TestListingUnderADenial:
    @pytest.mark.parametrize("rules", [("deny", "list"), ("list", "deny")])
    @pytest.mark.parametrize("path", ["secret/metadata/a/b", "secret/metadata/a/b/", "secret/metadata/a/b/c", "secret/metadata/a/b/c/"])
    def test_the_longer_prefix_decides(self, server, rules, path):
        texts = {
            "deny": 'path "secret/metadata/a/*" { capabilities = ["deny"] }',
            "list": 'path "secret/metadata/+/b/*" { capabilities = ["list"] }',
        }
        token = server.new_token("\n".join(texts[rule] for rule in rules))
        for reply in (server.request("LIST", path, token=token), server.get(path + "?list=true", token=token)):
            reply.expect(403)
        server.post("secret/data/z/b/c", {"data": {}}).expect()
        server.request("LIST", "secret/metadata/z/b/", token=token).expect(200)


class TestNothingIsToldBefore:
    @pytest.mark.parametrize("method, path, body", [
        ("POST", "secret/data/x", {"data": 5}), ("POST", "secret/data/x", b"{"), ("POST", "secret/nonsense", {}), ("POST", "nowhere/x", {}),
        ("POST", "nowhere/x", b"{"), ("PUT", "sys/mounts/secret", {"type": 5}), ("PUT", "sys/mounts/nowhere", {"type": 5}),
        ("DELETE", "secret/config", None), ("GET", "secret/data/x?version=one", None), ("LIST", "secret/config", None),
        ("POST", "transit/encrypt/k", {"plaintext": 5}), ("POST", "transit/encrypt/none", {"plaintext": "!"}),
        ("POST", "auth/userpass/users/x", {"token_ttl": "soon"}), ("GET", "secret/x", None), ("POST", "secret/data/x/", {"data": {}}),
    ])
    def test_one_refusal(self, server, helpdesk, method, path, body):
        token = server.new_token('path "kv1/own" { capabilities = ["read"] }')
        bodies = set()
        for who in (token, "wrong", None):
            reply = server.request(method, path, body, token=who)
            assert reply.status == 403, (who, reply)
            bodies.add(reply.body)
        assert bodies == {b'{"errors":["permission denied"]}'}


class TestOnRecord:
    def entries(self, server, start):
        return [json.loads(line) for line in server.audit_path.read_text()[start:].splitlines() if line.startswith("{")]

    @pytest.fixture
    def since(self, server):
        return len(server.audit_path.read_text())

    @pytest.mark.parametrize("method, path, status, operation", [
        ("GET", "/v1/secret/../sys/mounts", 400, "read"), ("TRACE", "/v1/secret/data/x", 405, "trace"),
        ("GET", "/nowhere", 404, "get"), ("GET", "/v1//secret/data/x", 307, "get"), ("GET", "/v1/sys/leader", 200, "read"),
        ("GET", "/v1/sys/init", 200, "read"), ("GET", "/vault/nothing", 404, "get"), ("GET", "/store_token", 405, "get"),
    ])
    def test_a_line_for_each_answer(self, server, since, method, path, status, operation):
        token = b"X-Vault-Token: " + server.token.encode() + b"\r\n"
        reply = server.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() + token + b"\r\n")
        assert status_of(reply) == status
        request_id = next(line for line in reply.decode().splitlines() if line.startswith("x-request-id: ")).split()[1]
        lines = [entry for entry in self.entries(server, since) if entry.get("request", {}).get("id") == request_id]
        assert [entry["type"] for entry in lines] == ["request", "response"]
        assert all(entry["request"]["operation"] == operation for entry in lines)

    def test_shares_are_never_in_clear(self, server, since):
        share = base64.b64encode(b"a share of thirty-three bytes ....").decode()
        server.post("sys/unseal", {"key": share}, token=None)
        server.post("sys/unseal", {"key": "", share: "x"}, token=None)
        server.post(f"sys/unseal?key={share}", {}, token=None)
        text = server.audit_path.read_text()[since:]
        assert text.count('"path":"sys/unseal"') == 6 and share not in text

    def test_a_token_in_a_path_is_in_no_line(self, server, since):
        token = server.new_token('path "secret/data/x" { capabilities = ["read"] }')
        for path in (token, f"nowhere/{token}", f"secret//{token}", f"sys/internal/ui/mounts/{token}", f"secret/../{token}"):
            for who in (server.token, token, None):
                server.raw(
                    f"GET /v1/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
                    + (b"X-Vault-Token: " + who.encode() + b"\r\n" if who else b"") + b"\r\n")
        assert token not in server.audit_path.read_text()[since:] and token not in server.log()


class TestRealClients:
    def test_requests_follows_a_doubled_slash(self, server, helpdesk):
        headers = {"X-Vault-Token": server.token}
        base = server.address + "/v1/"
        assert requests.post(base + "/secret/data//slashed", headers=headers, json={"data": {"a": "b"}}).status_code == 200
        assert requests.get(base + "/secret/data/slashed?version=1", headers=headers).json()["data"]["data"] == {"a": "b"}
        assert requests.request("LIST", base + "secret/metadata//", headers=headers).status_code == 200
        assert requests.delete(base + "secret//data/slashed", headers=headers).status_code == 204

    def test_two_megabytes_of_plaintext(self, server, helpdesk):
        client = hvac.Client(url=server.address, token=server.token)
        text = base64.b64encode(b"x" * 2_000_000).decode()
        sealed = client.secrets.transit.encrypt_data("k", text)["data"]["ciphertext"]
        assert client.secrets.transit.decrypt_data("k", sealed)["data"]["plaintext"] == text
        with pytest.raises(hvac.exceptions.VaultError, match="larger than max_request_size"):
            hvac.Client(url=server.address, token="wrong").secrets.transit.encrypt_data("k", text)

    def test_a_secret_by_its_bare_path(self, server, helpdesk):
        reply = server.get("secret/one")
        assert reply.status == 404 and reply.json["data"] is None
        assert reply.json["warnings"][0].endswith("use 'coffer kv get' for this operation.")
        server.get("secret/one", token=helpdesk).expect(403)

    def test_exempt_paths_are_prefixes(self, server, helpdesk):
        server.post("sys/mounts/limited", {"type": "kv"}).expect()
        server.post("sys/quotas/config", {"rate_limit_exempt_paths": ["limited/free/"]}).expect()
        server.post("sys/quotas/rate-limit/s", {"path": "limited/", "rate": 1, "interval": "1h"}).expect()
        try:
            assert [server.get("limited/free/x").status for _ in range(3)] == [404] * 3
            assert [server.get("limited/x").status for _ in range(3)] == [404, 429, 429]
        finally:
            server.delete("sys/quotas/rate-limit/s").expect()
            server.delete("sys/mounts/limited").expect()
