"""Identity tokens and the OpenID provider on two nodes over one PostgreSQL database: what one does holds on the other."""

import concurrent.futures
import urllib.parse

import jwt
import requests
from test_identity_provider import REDIRECT, Provider
from test_many_nodes import nodes, postgres  # noqa: F401 (fixtures)


def test_codes_tokens_and_keys_hold_on_both_nodes(nodes):  # noqa: F811
    a, b = nodes()
    provider = Provider(a.address, a.token)
    there = f"{b.address}/v1/identity/oidc/provider/{provider.name}"
    query = {"client_id": provider.client["client_id"], "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid"}
    credentials = (provider.client["client_id"], provider.client["client_secret"])

    def code():
        return provider.authorize("?" + urllib.parse.urlencode(query)).json()["code"]

    def exchange(address, value):
        body = {"grant_type": "authorization_code", "code": value, "redirect_uri": REDIRECT}
        return requests.post(address + "/token", data=body, auth=credentials, timeout=20)

    def told(address, tokens):
        return requests.get(address + "/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=20).status_code

    # A code of one node is exchanged at the other, where its access token works too, and once only.
    value = code()
    tokens = exchange(there, value).json()
    assert told(provider.issuer, tokens) == told(there, tokens) == 200
    assert exchange(provider.issuer, value).json()["error"] == "invalid_grant"
    assert told(provider.issuer, tokens) == told(there, tokens) == 401
    # Of many requests at once on both nodes, one gets tokens.
    for _ in range(3):
        value = code()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda node: exchange(node, value).status_code, [provider.issuer, there] * 4))
        assert answers.count(200) == 1 and answers.count(400) == 7, answers
    # A key that one node rotates signs at the other from then on, and is published there.
    before = jwt.get_unverified_header(exchange(there, code()).json()["id_token"])["kid"]
    a.post("identity/oidc/key/default/rotate", {"verification_ttl": 0}).expect(204)
    after = jwt.get_unverified_header(exchange(there, code()).json()["id_token"])["kid"]
    published = {key["kid"] for key in requests.get(there + "/.well-known/keys", timeout=20).json()["keys"]}
    assert after != before and after in published and before not in published
    # Each node has an address, so an issuer for both has to be set, and the answers say so.
    assert "issuer" in a.get("identity/oidc/config").json["warnings"][0]
    a.post("identity/oidc/config", {"issuer": "https://coffer.example"}).expect(200)
    assert b.get("identity/oidc/.well-known/openid-configuration", token=None).json["issuer"] == "https://coffer.example/v1/identity/oidc"
    assert b.get("identity/oidc/config").json["warnings"] is None
