"""Identity tokens through hvac, verified by PyJWT as other programs would, by Coffer's own login method, and against OpenBao."""

import secrets

import hvac
import jwt
import pytest
from harness import Server
from hvac import exceptions
from test_openbao_cli import OpenBao, Peer

POLICY = 'path "identity/oidc/token/*" { capabilities = ["read"] }\npath "identity/oidc/introspect" { capabilities = ["update"] }'


@pytest.fixture
def identity(client):
    return client.secrets.identity


def person(address, root, name="ada"):
    """A client that is logged in as somebody with an entity."""
    mount = "people-" + secrets.token_hex(4)
    root.sys.enable_auth_method("userpass", path=mount)
    root.sys.create_or_update_policy("identity-tokens", POLICY)
    root.auth.userpass.create_or_update_user(name, password="right", policies=["identity-tokens"], mount_point=mount)
    caller = hvac.Client(url=address)
    caller.auth.userpass.login(name, "right", mount_point=mount)
    return caller


def rotate(identity, name, verification_ttl):
    identity._adapter.post(f"/v1/identity/oidc/key/{name}/rotate", json={"verification_ttl": verification_ttl})


def issuer(server):
    return server.address + "/v1/identity/oidc"


def verified(server, token, audience, algorithms=("RS256",)):
    """The claims, as a program verifies them that knows the issuer and nothing else."""
    import requests

    document = requests.get(issuer(server) + "/.well-known/openid-configuration", timeout=10).json()
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=list(algorithms), audience=audience, issuer=document["issuer"])


def test_hvac_keys(identity):
    assert identity.create_named_key("hvac", rotation_period="12h", verification_ttl="6h", allowed_client_ids=["*"]).status_code == 204
    read = identity.read_named_key("hvac")["data"]
    assert read == {"algorithm": "RS256", "allowed_client_ids": ["*"], "rotation_period": 43_200, "verification_ttl": 21_600}
    assert {"default", "hvac"} <= set(identity.list_named_keys()["data"]["keys"])
    before = {key["kid"] for key in identity.read_active_public_keys()["keys"]}
    # hvac writes the settings of the key here, and does not rotate it.
    assert identity.rotate_named_key("hvac", verification_ttl="1h").status_code == 204
    assert identity.read_named_key("hvac")["data"]["verification_ttl"] == 3_600
    rotate(identity, "hvac", "1h")
    after = {key["kid"] for key in identity.read_active_public_keys()["keys"]}
    assert before < after and len(after - before) == 1
    assert identity.delete_named_key("hvac").status_code == 204
    with pytest.raises(exceptions.InvalidPath):
        identity.read_named_key("hvac")


def test_hvac_configuration(server, identity):
    assert identity.read_tokens_backend_configuration()["data"] == {"issuer": ""}
    assert identity.configure_tokens_backend("https://id.example:8200")["warnings"]
    assert identity.read_well_known_configurations()["issuer"] == "https://id.example:8200/v1/identity/oidc"
    identity.configure_tokens_backend("")
    assert identity.read_well_known_configurations()["issuer"] == issuer(server)
    with pytest.raises(exceptions.InvalidRequest):
        identity.configure_tokens_backend("https://id.example:8200/path")


@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "ES512", "EdDSA"])
def test_tokens_are_verified_by_another_program(server, client, identity, algorithm):
    name = "r-" + algorithm.lower()
    identity.create_named_key(name, allowed_client_ids=["billing"], algorithm=algorithm)
    template = '{"user": {{identity.entity.name}}, "groups": {{identity.entity.groups.names}}}'
    identity.create_or_update_role(name, key=name, client_id="billing", template=template, ttl="5m")
    assert identity.read_role(name)["data"] == {"client_id": "billing", "key": name, "template": template, "ttl": 300}
    assert name in identity.list_roles()["data"]["keys"]
    caller = person(server.address, client)
    me = caller.auth.token.lookup_self()["data"]["entity_id"]
    made = caller.secrets.identity.generate_signed_id_token(name)["data"]
    assert made["client_id"] == "billing" and made["ttl"] == 300
    claims = verified(server, made["token"], "billing", [algorithm])
    assert claims["sub"] == me and claims["exp"] - claims["iat"] == 300 and claims["groups"] == []
    assert caller.secrets.identity.introspect_signed_id_token(made["token"], "billing") == {"active": True}
    assert caller.secrets.identity.introspect_signed_id_token(made["token"], "other")["active"] is False
    # A rotation withdraws nothing by itself, and then it does.
    rotate(identity, name, "1h")
    assert verified(server, made["token"], "billing", [algorithm]) == claims
    again = caller.secrets.identity.generate_signed_id_token(name)["data"]["token"]
    assert jwt.get_unverified_header(again)["kid"] != jwt.get_unverified_header(made["token"])["kid"]
    rotate(identity, name, "0")
    with pytest.raises(jwt.PyJWKClientError):
        verified(server, again, "billing", [algorithm])
    with pytest.raises(exceptions.InvalidRequest):
        identity.delete_named_key(name)
    identity.delete_role(name)
    identity.delete_named_key(name)


def test_a_token_without_an_entity_gets_none(server, client, identity):
    identity.create_or_update_role("of-root", key="default", ttl="5m")
    with pytest.raises(exceptions.InvalidRequest, match="no entity associated"):
        identity.generate_signed_id_token("of-root")
    nobody = hvac.Client(url=server.address)
    for path in ("token/of-root", "role/of-root", "key/default", "config"):
        assert server.get("identity/oidc/" + path, token=None).status == 403
    assert server.post("identity/oidc/introspect", {"token": "x"}, token=None).status == 403
    assert nobody.secrets.identity.read_active_public_keys()["keys"]


def test_documents_may_be_kept_and_nothing_else(server, identity):
    identity.read_named_key("default")
    assert "max-age=3600" in server.get("identity/oidc/.well-known/openid-configuration", token=None).headers["cache-control"]
    kept = server.get("identity/oidc/.well-known/keys", token=None).headers["cache-control"]
    assert kept.startswith("public, max-age=") and 0 < int(kept.split("=")[1]) <= 3_600
    assert server.get("identity/oidc/key/default").headers["cache-control"] == "no-store"


def test_another_coffer_lets_in_whoever_has_a_token(server, client, identity, tmp_path):
    identity.create_or_update_role("other-coffer", key="default", client_id="other-coffer", ttl="5m")
    caller = person(server.address, client)
    token = caller.secrets.identity.generate_signed_id_token("other-coffer")["data"]["token"]
    me = caller.auth.token.lookup_self()["data"]["entity_id"]
    other = Server(tmp_path / "other").ready()
    try:
        root = hvac.Client(url=other.address, token=other.token)
        root.sys.enable_auth_method("jwt")
        root.auth.jwt.configure(oidc_discovery_url=issuer(server))
        root.auth.jwt.create_role(
            name="app", role_type="jwt", user_claim="sub", bound_audiences=["other-coffer"], allowed_redirect_uris=[], token_policies=["dev"])
        auth = hvac.Client(url=other.address).auth.jwt.jwt_login(role="app", jwt=token)["auth"]
        assert auth["token_policies"] == ["default", "dev"]
        entity = root.secrets.identity.read_entity(auth["entity_id"])["data"]
        assert [alias["name"] for alias in entity["aliases"]] == [me]
        # Withdrawn keys let nobody in: the other server asks again for a key that it does not know, and not before.
        rotate(identity, "default", "0")
        fresh = caller.secrets.identity.generate_signed_id_token("other-coffer")["data"]["token"]
        hvac.Client(url=other.address).auth.jwt.jwt_login(role="app", jwt=fresh)
    finally:
        other.close()


# What differs from OpenBao in answer to the same requests, and why.
DIFFERENCES = {
    # The texts say more, or say it otherwise.
    "key without a name", "template with sub", "template that is no JSON", "unknown algorithm", "role longer than its key", "unknown role",
    # OpenBao answers 200 with a null, Coffer 404.
    "unknown key",
}


def test_answers_are_those_of_openbao(server, tmp_path):
    bao = OpenBao(tmp_path, "static")
    try:
        theirs = Peer("openbao", bao.address, "static")
        peers = {"coffer": hvac.Client(url=server.address, token=server.token), "openbao": hvac.Client(url=bao.address, token=theirs.token)}
        shapes = {name: answers(address.url, address) for name, address in peers.items()}
        different = {case for case in shapes["coffer"] if shapes["coffer"][case] != shapes["openbao"][case]}
        assert different <= DIFFERENCES, {case: (shapes["coffer"][case], shapes["openbao"][case]) for case in different}
    finally:
        bao.close()


def answers(address, root):
    """The status and the members of each answer."""
    caller = person(address, root)
    found = {}

    def ask(case, method, path, body=None, who=root):
        reply = who.session.request(method, f"{address}/v1/identity/oidc/{path}", json=body, headers={"X-Vault-Token": who.token}, timeout=20)
        value = reply.json() if reply.content else {}
        data = value.get("data", value)
        found[case] = (reply.status_code, sorted(data) if isinstance(data, dict) else data)
        return value

    ask("key", "POST", "key/diff", {"algorithm": "ES256", "allowed_client_ids": "*"})
    ask("read key", "GET", "key/diff")
    ask("unknown key", "GET", "key/none")
    ask("unknown algorithm", "POST", "key/bad", {"algorithm": "HS256"})
    ask("role", "POST", "role/diff", {"key": "diff", "client_id": "app", "ttl": "1h", "template": '{"n": {{identity.entity.name}}}'})
    ask("read role", "GET", "role/diff")
    ask("template with sub", "POST", "role/bad", {"key": "diff", "template": '{"sub": "x"}'})
    ask("template that is no JSON", "POST", "role/bad", {"key": "diff", "template": '{"a": "{{identity.entity.name}}"}'})
    ask("role longer than its key", "POST", "role/bad", {"key": "diff", "ttl": "25h"})
    ask("role without a key", "POST", "role/bad", {})
    token = ask("token", "GET", "token/diff", who=caller)["data"]["token"]
    found["claims"] = sorted(jwt.decode(token, options={"verify_signature": False}))
    found["header"] = sorted(set(jwt.get_unverified_header(token)) - {"typ"})
    ask("unknown role", "GET", "token/none", who=caller)
    ask("token of root", "GET", "token/diff")
    ask("introspect", "POST", "introspect", {"token": token})
    ask("introspect for another", "POST", "introspect", {"token": token, "client_id": "x"})
    ask("delete key in use", "DELETE", "key/diff")
    ask("delete role", "DELETE", "role/diff")
    ask("delete key", "DELETE", "key/diff")
    ask("delete key again", "DELETE", "key/diff")
    return found
