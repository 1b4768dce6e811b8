"""Logins with tokens and at an OpenID provider, through hvac and the command line, against Coffer and, answer by answer, against OpenBao."""

import json
import os
import secrets
import subprocess
import time
import urllib.parse

import hvac
import pytest
import requests
from harness import BINARY, clean_environment, free_port
from hvac import exceptions
from identity_provider import IdentityProvider, Key, encoded, hs256
from test_openbao_cli import OpenBao, Peer

REDIRECT = "http://localhost:8250/oidc/callback"


@pytest.fixture
def provider():
    made = IdentityProvider()
    yield made
    made.close()


@pytest.fixture
def mount(client):
    name = "jwt-" + secrets.token_hex(4)
    client.sys.enable_auth_method("jwt", path=name)
    yield name
    client.sys.disable_auth_method(name)


def configured(client, provider, mount, **settings):
    client.auth.jwt.configure(oidc_discovery_url=provider.address, path=mount, **settings)


def role(client, mount, name="app", **fields):
    fields = {"user_claim": "sub", "allowed_redirect_uris": [], "role_type": "jwt", "bound_audiences": ["coffer"], **fields}
    client.auth.jwt.create_role(name=name, path=mount, **fields)


def logged_in(server, mount, token, name="app"):
    caller = hvac.Client(url=server.address)
    return caller, caller.auth.jwt.jwt_login(role=name, jwt=token, path=mount)["auth"]


def test_hvac_logs_in_and_reads_what_it_wrote(server, client, provider, mount):
    configured(client, provider, mount, default_role="app")
    role(client, mount, claim_mappings={"team": "team"}, groups_claim="groups", token_policies=["dev"], token_ttl=600)
    assert client.auth.jwt.read_config(path=mount)["data"]["oidc_discovery_url"] == provider.address
    assert client.auth.jwt.read_config(path=mount)["data"]["status"] == "valid"
    assert client.auth.jwt.list_roles(path=mount)["data"]["keys"] == ["app"]
    assert client.auth.jwt.read_role("app", path=mount)["data"]["bound_audiences"] == ["coffer"]
    accessor = client.sys.list_auth_methods()["data"][mount + "/"]["accessor"]
    client.sys.create_or_update_policy("of-staff", 'path "sys/mounts" { capabilities = ["read"] }')
    group = client.secrets.identity.create_or_update_group(name="staff-" + mount, group_type="external", policies=["of-staff"])["data"]["id"]
    client.secrets.identity.create_or_update_group_alias(name="staff", mount_accessor=accessor, canonical_id=group)
    caller, auth = logged_in(server, mount, provider.key.sign(provider.claims(team="red", groups=["staff", "other"])))
    assert auth["token_policies"] == ["default", "dev"] and auth["identity_policies"] == ["of-staff"]
    assert auth["metadata"] == {"role": "app", "team": "red"} and auth["lease_duration"] == 600
    assert caller.sys.list_mounted_secrets_engines()["data"]
    entity = client.secrets.identity.read_entity(auth["entity_id"])["data"]
    assert [(a["name"], a["metadata"], a["mount_accessor"]) for a in entity["aliases"]] == [("ada", {"role": "app", "team": "red"}, accessor)]
    again = logged_in(server, mount, provider.key.sign(provider.claims(team="red", groups="none")))[1]
    assert again["entity_id"] == auth["entity_id"] and not again["identity_policies"]
    assert caller.auth.token.renew_self()["auth"]["lease_duration"] == 600
    client.auth.jwt.delete_role("app", path=mount)
    with pytest.raises(exceptions.InvalidRequest, match="does not exist during renewal"):
        caller.auth.token.renew_self()


def test_keys_change_without_an_outage(server, client, provider, mount):
    configured(client, provider, mount)
    role(client, mount)
    logged_in(server, mount, provider.key.sign(provider.claims()))
    new = Key("ES256", "k2")
    provider.keys.append(new)
    time.sleep(10.5)
    logged_in(server, mount, new.sign(provider.claims()))
    provider.fault = "error"
    logged_in(server, mount, new.sign(provider.claims()))
    logged_in(server, mount, provider.key.sign(provider.claims()))
    provider.fault = None
    before = len(provider.requests)
    for index in range(50):
        with pytest.raises(exceptions.InvalidRequest):
            logged_in(server, mount, Key("ES256", f"made-up-{index}").sign(provider.claims()))
    assert len(provider.requests) - before <= 4


@pytest.mark.parametrize("fault", ["slow", "huge", "wrong", "error"])
def test_a_provider_that_is_slow_huge_or_wrong(server, client, provider, mount, fault):
    client.auth.jwt.configure(jwks_url=provider.address + "/keys", path=mount)
    role(client, mount)
    provider.fault = fault
    server.post(f"auth/{mount}/config", {"jwks_url": provider.address + "/keys", "bound_issuer": provider.address, "skip_jwks_validation": True}).expect()
    began = time.monotonic()
    reply = server.post(f"auth/{mount}/login", {"role": "app", "jwt": provider.key.sign(provider.claims())}, token=None)
    assert time.monotonic() - began < 9
    assert reply.status == 503 and "127.0.0.1" not in reply.errors[0] and "10.0.0.7" not in reply.errors[0]
    assert "an identity provider did not answer as it should" in server.log()


def test_refusals(server, client, provider, mount):
    configured(client, provider, mount)
    role(client, mount)
    key, claims = provider.key, provider.claims()
    other = Key("RS256", key.kid)
    good = key.sign(claims)
    head, payload, signature = good.split(".")
    duplicate = json.dumps(claims).encode()[:-1] + b', "sub": "root"}'
    tokens = {
        "none": encoded(b'{"alg":"none"}') + "." + payload + ".", "none with a signature": encoded(b'{"alg":"none"}') + f".{payload}.{signature}",
        "HS256 with the public key": hs256(claims, key.pem, key.kid), "HS256 with the JWK": hs256(claims, json.dumps(key.jwk), key.kid),
        "another key of the same name": other.sign(claims), "another algorithm": key.sign(claims, {"alg": "PS256", "kid": key.kid}),
        "key in the header": other.sign(claims, {"alg": "RS256", "jwk": other.jwk}), "critical": key.sign(claims, {"alg": "RS256", "crit": ["x"], "x": 1}),
        "unencoded": key.sign(claims, {"alg": "RS256", "b64": False, "crit": ["b64"]}), "duplicate": key.sign(claims, payload=duplicate),
        "audience": key.sign({**claims, "aud": "other"}), "audiences": key.sign({**claims, "aud": ["a", "b"]}),
        "no audience": key.sign({k: v for k, v in claims.items() if k != "aud"}), "empty audience": key.sign({**claims, "aud": ""}),
        "issuer": key.sign({**claims, "iss": "http://other"}), "expired": key.sign({**claims, "exp": int(time.time()) - 100}),
        "not yet": key.sign({**claims, "nbf": int(time.time()) + 100}), "text time": key.sign({**claims, "exp": str(claims["exp"])}),
        "huge": key.sign({**claims, "x": "x" * 70_000}), "deep": key.sign({}, payload=b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"),
        "cut": good[:-1], "trailing": good + "A", "padding": good + "=", "space": good + " ", "four parts": good + ".AA", "two parts": f"{head}.{payload}", "empty": "..",
    }
    count = len(server.get("auth/token/accessors?list=true").data["keys"])
    for name, token in tokens.items():
        reply = server.post(f"auth/{mount}/login", {"role": "app", "jwt": token}, token=None)
        assert reply.status == 400, name
        assert reply.errors[0].startswith("error validating token: "), (name, reply.errors)
    assert len(server.get("auth/token/accessors?list=true").data["keys"]) == count
    logged_in(server, mount, good)


def browse(address):
    """What a browser does until it would leave the provider: the address that it is sent to."""
    return requests.get(address, allow_redirects=False, timeout=20).headers["Location"]


def test_hvac_oidc(server, client, provider, mount):
    configured(client, provider, mount, oidc_client_id=provider.client, oidc_client_secret=provider.secret)
    role(client, mount, role_type="oidc", bound_audiences=[provider.client], allowed_redirect_uris=[REDIRECT], groups_claim="groups", claim_mappings={"email": "mail"})
    caller = hvac.Client(url=server.address)
    address = caller.auth.jwt.oidc_authorization_url_request("app", REDIRECT, path=mount)["data"]["auth_url"]
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browse(address)).query))
    nonce = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))["nonce"]
    auth = caller.auth.jwt.oidc_callback(state=back["state"], nonce=nonce, code=back["code"], path=mount)["auth"]
    assert auth["metadata"] == {"role": "app", "mail": "ada@example.com"}
    with pytest.raises(exceptions.InvalidRequest, match="Expired or missing OAuth state"):
        caller.auth.jwt.oidc_callback(state=back["state"], nonce=nonce, code=back["code"], path=mount)
    foreign = caller.auth.jwt.oidc_authorization_url_request("app", "https://evil.example/cb", path=mount)
    assert foreign["data"]["auth_url"] == "" and foreign["warnings"]


def test_direct_mode_asks_the_person_and_device_mode_the_provider(server, client, provider, mount):
    configured(client, provider, mount, oidc_client_id=provider.client, oidc_client_secret=provider.secret)
    redirect = f"{server.address}/v1/auth/{mount}/oidc/callback"
    fields = {"role_type": "oidc", "user_claim": "sub", "allowed_redirect_uris": redirect}
    server.post(f"auth/{mount}/role/direct", {**fields, "callback_mode": "direct"}).expect()
    begun = server.post(f"auth/{mount}/oidc/auth_url", {"role": "direct", "redirect_uri": redirect, "client_nonce": "n1"}, token=None).data
    poll = {"state": begun["state"], "client_nonce": "n1"}
    back = browse(begun["auth_url"])
    page = requests.get(back, timeout=20)
    assert page.status_code == 200 and "Confirm the login" in page.text and "<script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"] and page.headers["Content-Type"].startswith("text/html")
    assert server.post(f"auth/{mount}/oidc/poll", poll, token=None).errors == ["authorization_pending"]
    assert requests.get(back + "&confirmation=yes", timeout=20).status_code == 400
    confirmation = page.text.split('name="confirmation" value="')[1].split('"')[0]
    assert "You are signed in" in requests.get(f"{back}&confirmation={confirmation}", timeout=20).text
    assert server.post(f"auth/{mount}/oidc/poll", {**poll, "client_nonce": "n2"}, token=None).errors == ["invalid client_nonce"]
    assert server.post(f"auth/{mount}/oidc/poll", poll, token=None).json["auth"]["client_token"]
    assert server.post(f"auth/{mount}/oidc/poll", poll, token=None).status == 400

    server.post(f"auth/{mount}/role/device", {**fields, "callback_mode": "device"}).expect()
    begun = server.post(f"auth/{mount}/oidc/auth_url", {"role": "device", "client_nonce": "n1"}, token=None).data
    assert begun["user_code"] == "WXYZ-1234" and begun["poll_interval"] == "1"
    poll["state"] = begun["state"]
    time.sleep(1.1)
    assert server.post(f"auth/{mount}/oidc/poll", poll, token=None).errors == ["authorization_pending"]
    provider.device_done = True
    time.sleep(1.1)
    assert server.post(f"auth/{mount}/oidc/poll", poll, token=None).json["auth"]["metadata"] == {"role": "device"}


def test_the_command_line_logs_in(server, client, provider, mount, tmp_path):
    configured(client, provider, mount, oidc_client_id=provider.client, oidc_client_secret=provider.secret, default_role="app")
    port = free_port()
    role(client, mount, role_type="oidc", bound_audiences=[provider.client], allowed_redirect_uris=[REDIRECT])
    role(client, mount, name="machine")
    environment = clean_environment(COFFER_ADDR=server.address, HOME=tmp_path, BROWSER="/bin/false")
    run = subprocess.Popen(
        [BINARY, "login", "-method=oidc", f"-path={mount}", f"port={port}", "skip_browser=true"], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    address = ""
    while not address:
        line = run.stderr.readline()
        assert line, "no address"
        address = line.strip() if line.strip().startswith("http") else ""
    assert requests.get(f"http://127.0.0.1:{port}/favicon.ico", timeout=5).status_code == 404
    page = requests.get(browse(address).replace("localhost", "127.0.0.1"), timeout=20)
    assert page.status_code == 200 and "You are signed in" in page.text
    output, errors = run.communicate(timeout=20)
    assert run.returncode == 0, errors
    kept = (tmp_path / ".coffer-token").read_text().strip()
    assert hvac.Client(url=server.address, token=kept).auth.token.lookup_self()["data"]["meta"] == {"role": "app"}
    token = tmp_path / "token"
    token.write_text(provider.key.sign(provider.claims(), {"alg": "RS256", "kid": "k1"}) + "\n")
    run = subprocess.run(
        [BINARY, "login", "-method=jwt", f"-path={mount}", "role=machine", f"jwt=@{token}", "-token-only"], env=environment,
        text=True, capture_output=True, timeout=60)
    assert run.returncode == 0 and run.stdout.strip(), run.stderr


# What differs from OpenBao in answer to the same requests, and why.
DIFFERENCES = {
    "two sources": "Coffer has one source more", "role for browsers": "Coffer warns of a role that admits everybody",
    "user claim": "OpenBao's decoder expects a text, and says so in its own words", "signature": "the text of a library",
    "duplicate": "OpenBao takes one of two members; whoever looked at the token before may have read the other",
}


def test_answers_beside_openbao(server, client, provider, mount, tmp_path):
    bao = OpenBao(tmp_path, "static")
    try:
        peer = Peer("openbao", bao.address, "static")
        peers = {"coffer": (server.address, server.token), "openbao": (bao.address, peer.token)}
        key, claims = provider.key, provider.claims()
        requests.post(f"{bao.address}/v1/sys/auth/{mount}", json={"type": "jwt"}, headers={"X-Vault-Token": peer.token}, timeout=20)

        def ask(path, body, with_token=False):
            answers = {}
            for name, (address, token) in peers.items():
                headers = {"X-Vault-Token": token} if with_token else {}
                reply = requests.post(f"{address}/v1/auth/{mount}/{path}", json=body, headers=headers, timeout=30)
                content = reply.json() if reply.content else {}
                auth = content.get("auth") or {}
                answers[name] = (reply.status_code, content.get("errors"), auth.get("metadata"), auth.get("policies"), auth.get("lease_duration"))
            return answers

        cases = {
            "no configuration": ask("login", {"role": "app", "jwt": "x"}),
            "two sources": ask("config", {"jwks_url": "http://x", "oidc_discovery_url": "http://y"}, True),
            "a client without its secret": ask("config", {"oidc_discovery_url": provider.address, "oidc_client_id": "c"}, True),
            "well-known": ask("config", {"oidc_discovery_url": provider.address + "/.well-known/openid-configuration"}, True),
            "configuration": ask("config", {"oidc_discovery_url": provider.address, "bound_issuer": provider.address}, True),
            "unbound role": ask("role/app", {"role_type": "jwt", "user_claim": "sub"}, True),
            "role without a user claim": ask("role/app", {"role_type": "jwt", "bound_subject": "x"}, True),
            "role for browsers without a redirect": ask("role/app", {"user_claim": "sub"}, True),
            "role": ask("role/app", {
                "role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer", "token_policies": "dev", "token_ttl": 600,
                "bound_claims": {"env": ["prod", "stage"]}, "claim_mappings": {"team": "team"}}, True),
            "role without audiences": ask("role/bare", {"role_type": "jwt", "user_claim": "sub", "bound_subject": "ada"}, True),
            "role for browsers": ask("role/person", {"user_claim": "sub", "allowed_redirect_uris": REDIRECT}, True),
            "missing role": ask("login", {"jwt": "x"}), "unknown role": ask("login", {"role": "nobody", "jwt": "x"}),
            "role of the other kind": ask("login", {"role": "person", "jwt": "x"}), "missing token": ask("login", {"role": "app"}),
        }
        for name, changes in {
            "good": {}, "list of audiences": {"aud": ["x", "coffer"]}, "audience": {"aud": "x"}, "audience without bounds": {}, "issuer": {"iss": "x"},
            "claim missing": {"env": None}, "claim other": {"env": "dev"}, "user claim": {"sub": 7}, "no user": {"sub": None},
            "mapping": {"team": 7}, "expired": {"exp": int(time.time()) - 400, "iat": int(time.time()) - 900},
        }.items():
            token = {k: v for k, v in {**claims, "env": "prod", "team": "red", **changes}.items() if v is not None}
            cases[name] = ask("login", {"role": "bare" if name == "audience without bounds" else "app", "jwt": key.sign(token)})
        cases["signature"] = ask("login", {"role": "app", "jwt": Key("RS256").sign(claims)})
        cases["duplicate"] = ask("login", {"role": "app", "jwt": key.sign({}, payload=json.dumps({**claims, "env": "prod"}).encode()[:-1] + b', "env": "prod"}')})
        cases["redirect"] = ask("oidc/auth_url", {"role": "person", "redirect_uri": "https://evil"})
        different = {name: answers for name, answers in cases.items() if answers["coffer"] != answers["openbao"]}
        if os.environ.get("COFFER_SHOW_DIFFERENCES"):
            print(json.dumps(different, indent=1))
        statuses = {name for name, answers in different.items() if answers["coffer"][0] != answers["openbao"][0]}
        assert statuses == {"duplicate", "role for browsers"}, different
        assert set(different) == set(DIFFERENCES), different
    finally:
        bao.close()
