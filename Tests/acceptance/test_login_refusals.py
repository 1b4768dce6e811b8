"""What every login method must refuse, and what a refusal leaves behind: no token, no entity, no secret, and a line in the audit."""

import json
import secrets
import time

import pytest
from directories import Slapd
from identity_provider import IdentityProvider, Key, encoded, hs256
from test_cert_login import ASKS, Issuer
from test_github import API
from test_kubernetes_login import REVIEWER, Cluster
from test_tls import Authority, TLSServer


def counts(server):
    """How many tokens and entities there are."""
    listed = [server.list(path) for path in ("auth/token/accessors", "identity/entity/id")]
    return [len(reply.data["keys"]) if reply.status == 200 else 0 for reply in listed]


@pytest.fixture(scope="module")
def provider():
    made = IdentityProvider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def methods(server, provider):
    """By method: the path of its login, a body that is admitted, and bodies that are not."""
    directory, cluster, github = Slapd(), Cluster(), API()
    for kind in ("jwt", "kubernetes", "ldap", "github", "userpass", "approle"):
        server.post(f"sys/auth/{kind}", {"type": kind}).expect(204)
    server.post("auth/jwt/config", {"oidc_discovery_url": provider.address}).expect(200, 204)
    server.post("auth/jwt/role/app", {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer"}).expect(200, 204)
    server.post("auth/kubernetes/config", {"kubernetes_host": cluster.url, "token_reviewer_jwt": REVIEWER}).expect(200, 204)
    server.post("auth/kubernetes/role/web", {
        "bound_service_account_names": "web", "bound_service_account_namespaces": "prod", "audience": "coffer"}).expect(200, 204)
    server.post("auth/ldap/config", directory.settings()).expect(200, 204)
    server.post("auth/github/config", {"organization": "example", "base_url": github.url}).expect(200, 204)
    server.post("auth/userpass/users/ann", {"password": "ann-password"}).expect(204)
    server.post("auth/approle/role/r", {}).expect(204)
    role_id = server.get("auth/approle/role/r/role-id").data["role_id"]
    secret_id = server.post("auth/approle/role/r/secret-id", {}).data["secret_id"]
    key = provider.key
    yield {
        "jwt": ("jwt/login", {"role": "app", "jwt": key.sign(provider.claims())}, [
            {"role": "app", "jwt": Key("RS256", key.kid).sign(provider.claims(sub="eve"))}, {"role": "app", "jwt": key.sign(provider.claims(aud="x", sub="eve"))}]),
        "kubernetes": ("kubernetes/login", {"role": "web", "jwt": cluster.token()}, [
            {"role": "web", "jwt": cluster.token(name="api")}, {"role": "web", "jwt": cluster.token(known=False, jti="1")}]),
        "ldap": ("ldap/login/ann", {"password": "ann-password"}, [{"password": "wrong-" + secrets.token_hex(8)}]),
        "github": ("github/login", {"token": "ghp_ann"}, [{"token": "ghp_eve"}, {"token": "ghp_" + secrets.token_hex(8)}]),
        "userpass": ("userpass/login/ann", {"password": "ann-password"}, [{"password": "wrong-" + secrets.token_hex(8)}]),
        "approle": ("approle/login", {"role_id": role_id, "secret_id": secret_id}, [{"role_id": role_id, "secret_id": secrets.token_hex(16)}]),
    }
    directory.close()
    cluster.server.shutdown()
    github.shutdown()
    github.server_close()


@pytest.mark.parametrize("name", ["jwt", "kubernetes", "ldap", "github", "userpass", "approle"])
def test_ghsa_7j6w_a_refused_login_leaves_nothing(server, methods, name):
    path, admitted, refused = methods[name]
    before = counts(server)
    lines = server.audit_path.read_text().count("\n")
    for body in refused:
        for headers in ({}, {"X-Vault-Wrap-TTL": "60"}):
            reply = server.post(f"auth/{path}", body, token=None, headers=headers)
            assert reply.status in (400, 403), (name, reply)
            assert set(reply.json) == {"errors"}, "a refusal has neither a token nor a wrapping token"
    assert counts(server) == before
    written = server.audit_path.read_text().splitlines()[lines:]
    about = [entry for entry in map(json.loads, written) if entry.get("request", {}).get("path") == f"auth/{path}"]
    assert len(about) >= 2 * 2 * len(refused) and any(entry.get("error") or entry.get("response") for entry in about)
    trail, log = "\n".join(written), server.log()
    for body in refused:
        for secret in (body.get("jwt"), body.get("password"), body.get("token"), body.get("secret_id")):
            assert not secret or (secret not in trail and secret not in log and secret not in reply.body.decode())
    server.post(f"auth/{path}", admitted, token=None).expect(200)
    assert counts(server)[0] == before[0] + 1


@pytest.mark.parametrize("name", ["jwt", "kubernetes", "ldap", "github", "userpass", "approle"])
def test_addresses_of_a_role_hold_at_the_login_and_after(server, methods, name):
    path, admitted, _ = methods[name]
    place = {"jwt": "jwt/role/app", "kubernetes": "kubernetes/role/web", "ldap": "ldap/config", "github": "github/config",
             "userpass": "userpass/users/ann", "approle": "approle/role/r"}[name]
    held = server.post(f"auth/{path}", admitted, token=None).expect(200).json["auth"]["client_token"]
    kept = {"user_claim": "sub", "role_type": "jwt", "bound_audiences": "coffer"} if name == "jwt" else {}
    server.post(f"auth/{place}", {**kept, "token_bound_cidrs": ["10.9.9.0/24"]}).expect(200, 204)
    before = counts(server)
    assert server.post(f"auth/{path}", admitted, token=None).status in (400, 403)
    assert counts(server) == before
    # A renewal takes the role's addresses of now.
    assert server.post("auth/token/renew-self", {}, token=held).status in (400, 403)
    server.post(f"auth/{place}", {**kept, "token_bound_cidrs": []}).expect(200, 204)
    server.post(f"auth/{path}", admitted, token=None).expect(200)


def test_bodies_that_are_no_logins(server, methods):
    before = counts(server)
    for name, (path, admitted, _) in methods.items():
        for member in admitted:
            for value in (None, "", 0, True, [], {}, ["x"], {"a": "b"}, "x" * 100_000, "\0", "é\u0301" * 100):
                reply = server.post(f"auth/{path}", {**admitted, member: value}, token=None)
                assert reply.status in (400, 403, 404, 413), (name, member, value, reply)
                assert reply.errors and len(reply.errors[0]) < 400, "what is repeated is bounded"
        for body in (b"", b"[]", b"{", b"null", b'"text"', b"\xff", b'{"jwt":1,"jwt":2}'):
            assert server.post(f"auth/{path}", body, token=None, headers={"Content-Type": "application/json"}).status in (400, 403), (name, body)
    assert counts(server) == before and server.get("sys/health").status == 200


def test_a_mount_takes_no_token_of_another_mounts_issuer(server, provider, methods):
    other = IdentityProvider()
    other.keys = provider.keys
    server.post("sys/auth/jwt-other", {"type": "jwt"}).expect(204)
    server.post("auth/jwt-other/config", {"oidc_discovery_url": other.address}).expect(200, 204)
    server.post("auth/jwt-other/role/app", {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer"}).expect(200, 204)
    for mount, mine, theirs in (("jwt", provider, other), ("jwt-other", other, provider)):
        server.post(f"auth/{mount}/login", {"role": "app", "jwt": mine.key.sign(mine.claims())}, token=None).expect(200)
        # Even with the same keys, tokens are of the issuer that they name.
        refused = server.post(f"auth/{mount}/login", {"role": "app", "jwt": theirs.key.sign(theirs.claims())}, token=None)
        assert (refused.status, refused.errors) == (400, ["error validating token: invalid issuer (iss) claim"])
    other.close()


def test_a_shared_secret_is_a_source_by_its_own_name_only(server, provider):
    server.post("sys/auth/jwt-secret", {"type": "jwt"}).expect(204)
    secret = "a secret of thirty-two bytes or more"
    fields = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "authenticated", "bound_claims": {"role": "authenticated"}}
    config = "auth/jwt-secret/config"
    for refused in ({"jwt_validation_pubkeys": [secret]}, {"jwt_shared_secret": "short"}, {"jwt_shared_secret": secret, "jwks_url": provider.address}):
        assert server.post(config, refused).status == 400
    server.post(config, {"jwt_shared_secret": secret, "bound_issuer": "https://ref.supabase.co/auth/v1"}).expect(200, 204)
    assert secret not in server.get(config).body.decode()
    server.post("auth/jwt-secret/role/app", fields).expect(200, 204)
    now = int(time.time())
    claims = {"iss": "https://ref.supabase.co/auth/v1", "aud": "authenticated", "sub": "123e4567", "role": "authenticated", "iat": now, "exp": now + 60}

    def status(token):
        return server.post("auth/jwt-secret/login", {"role": "app", "jwt": token}, token=None).status

    assert status(hs256(claims, secret)) == 200
    head, payload, signature = hs256(claims, secret).split(".")
    for token in (hs256(claims, secret + "x"), hs256({**claims, "role": "anon"}, secret), hs256({**claims, "aud": "anon"}, secret),
                  hs256({**claims, "iss": "x"}, secret), hs256({**claims, "exp": now - 300}, secret),
                  encoded(b'{"alg":"none"}') + f".{payload}.", encoded(b'{"alg":"HS512"}') + f".{payload}.{signature}",
                  Key("ES256").sign(claims), provider.key.sign(claims)):
        assert status(token) == 400
    # A mount with keys takes no HS256, whatever the secret.
    for made_with in (provider.key.pem, provider.key.pem.strip(), json.dumps(provider.key.jwk), "", secret):
        forged = hs256(provider.claims(), made_with or "\0", provider.key.kid)
        assert server.post("auth/jwt/login", {"role": "app", "jwt": forged}, token=None).status == 400


def test_a_certificate_of_another_mount_and_one_revoked_before_any_login(tmp_path):
    authority, made = Authority(tmp_path), TLSServer(tmp_path / "server")
    issuers = {}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        issuers[name] = Issuer(tmp_path / name)
    try:
        made.listen(authority, *authority.issue("server"), more=ASKS).start()
        made.set_up()
        with made.session() as session:
            for name, issuer in issuers.items():
                assert session.post(f"/v1/sys/auth/cert-{name}", json={"type": "cert"}).status_code == 204
                entry = {"certificate": issuer.certificate.read_text(), "token_policies": "default"}
                assert session.post(f"/v1/auth/cert-{name}/certs/app", json=entry).status_code == 204
        pairs = {name: issuer.issue("app", common_name="app") for name, issuer in issuers.items()}

        def log_in(mount, pair):
            made.client_certificate = pair
            with made.session() as session:
                made.client_certificate = None
                return session.post(f"/v1/auth/cert-{mount}/login", json={"name": "app"}, headers={"X-Vault-Token": ""}).status_code

        assert [log_in(mount, pairs[name]) for mount in issuers for name in issuers] == [200, 400, 400, 200]
        with made.session() as session:
            body = {"crl": issuers["one"].revocation_list(pairs["one"][0])}
            assert session.post("/v1/auth/cert-one/crls/ca", json=body).status_code in (200, 204)
            # A list of one mount says nothing in another one.
            assert log_in("two", pairs["two"]) == 200
        made.kill()
        made.start()
        # The first login after a start.
        assert log_in("one", pairs["one"]) == 400
    finally:
        made.close()
