"""The calls of Terraform's provider for Vault (5.x) for the login methods: what it writes must read back as it was, or every plan would change it.

The provider is a binary of its registry and cannot be had everywhere, so these are its requests: a write with the fields of the
configuration, its defaults among them, then a read, whose members it keeps in its state."""

import secrets

import pytest
from test_github import API
from test_kubernetes_login import REVIEWER
from test_tls import Authority

# What the provider sends of every token when nothing is configured, and what a configuration can have.
TOKEN = {"token_type": "default"}
TOKENS = {
    "token_ttl": 3600, "token_max_ttl": 7200, "token_explicit_max_ttl": 9000, "token_period": 0, "token_policies": ["dev", "prod"],
    "token_bound_cidrs": ["10.0.0.0/8", "127.0.0.1/32"], "token_no_default_policy": True, "token_num_uses": 5, "token_type": "service",
}
READ_ONLY = "never read back"


@pytest.fixture
def mount(server):
    made = []

    def make(kind):
        path = f"{kind}-{secrets.token_hex(4)}"
        server.post(f"sys/auth/{path}", {"type": kind, "description": "of Terraform", "local": False, "config": {}}).expect(204)
        made.append(path)
        # What the provider reads of a mount, and what it changes.
        shown = server.get(f"sys/mounts/auth/{path}/tune").expect(200).data
        assert type(shown["default_lease_ttl"]) is int and shown["token_type"] == "default-service" and shown["description"] == "of Terraform"
        tune = {"default_lease_ttl": "1h", "max_lease_ttl": "2h", "listing_visibility": "unauth", "audit_non_hmac_request_keys": ["role"]}
        server.post(f"sys/mounts/auth/{path}/tune", tune).expect(204)
        shown = server.get(f"sys/mounts/auth/{path}/tune").expect(200).data
        assert (shown["default_lease_ttl"], shown["max_lease_ttl"], shown["listing_visibility"]) == (3600, 7200, "unauth")
        assert shown["audit_non_hmac_request_keys"] == ["role"]
        return path

    yield make
    for path in made:
        server.delete(f"sys/auth/{path}").expect(204)


def alike(read, written):
    """Whether a state made of `read` needs no change: sets have no order, and what is absent is empty."""
    if isinstance(written, list) and all(isinstance(one, (str, int)) for one in written):
        return isinstance(read or [], list) and sorted(read or []) == sorted(written)
    if isinstance(written, dict):
        # The provider joins lists of allowed values with commas.
        flat = {key: ",".join(value) if isinstance(value, list) else value for key, value in (read or {}).items()}
        return flat == {key: ",".join(value) if isinstance(value, list) else value for key, value in written.items()}
    if written in ("", 0, False, None):
        return read in ("", 0, False, None, [], {}) and not (isinstance(written, bool) and not isinstance(read, (bool, type(None))))
    return read == written and type(read) is type(written)


def apply(server, path, fields, method="PUT", **reads):
    """Writes, reads, and writes again; the members of the read, which are the same after both."""
    reads = {**fields, **reads}
    server.request(method, path, fields).expect(200, 204)
    first = server.get(path).expect(200).data
    for name, written in reads.items():
        if written == READ_ONLY:
            assert name not in first, name
        else:
            assert alike(first.get(name), written), f"{name}: {written!r} was written, {first.get(name)!r} read"
    server.request(method, path, fields).expect(200, 204)
    assert server.get(path).expect(200).data == first
    return first


def destroyed(server, path):
    server.delete(path).expect(204)
    assert server.get(path).status == 404


@pytest.mark.parametrize("kind", ["jwt", "oidc"])
def test_vault_jwt_auth_backend(server, mount, kind):
    path = mount(kind)
    from identity_provider import IdentityProvider, Key
    provider = IdentityProvider()
    try:
        apply(server, f"auth/{path}/config", {
            "oidc_discovery_url": provider.address, "oidc_client_id": provider.client, "oidc_client_secret": provider.secret,
            "oidc_response_mode": "form_post", "oidc_response_types": ["code"], "bound_issuer": provider.address,
            "jwt_supported_algs": ["RS256", "ES256"], "default_role": "app", "namespace_in_state": True,
        }, oidc_client_secret=READ_ONLY)
        apply(server, f"auth/{path}/config", {"jwks_url": provider.address + "/keys", "namespace_in_state": True})
        keys = [Key("ES256").pem.strip(), Key("RS256").pem.strip()]
        shown = apply(server, f"auth/{path}/config", {"jwt_validation_pubkeys": keys, "namespace_in_state": False})
        # Everything else that the provider keeps in its state, of the types that it can take.
        for name in ("oidc_discovery_url", "oidc_discovery_ca_pem", "oidc_client_id", "oidc_response_mode", "jwks_url", "jwks_ca_pem",
                     "bound_issuer", "default_role"):
            assert isinstance(shown[name], str), name
        for name in ("oidc_response_types", "jwt_supported_algs", "jwks_pairs"):
            assert isinstance(shown[name], (list, type(None))), name
        assert shown["provider_config"] in ({}, None)
    finally:
        provider.close()


def test_vault_jwt_auth_backend_role(server, mount):
    path = mount("jwt")
    common = {"user_claim": "sub", "user_claim_json_pointer": False, "clock_skew_leeway": 0, "expiration_leeway": 0, "not_before_leeway": 0,
              "verbose_oidc_logging": False, "bound_claims": {}}
    shown = apply(server, f"auth/{path}/role/least", {**common, **TOKEN, "role_type": "jwt", "bound_audiences": ["https://coffer.example"]})
    # The provider takes these without asking whether they are there.
    for name in ("user_claim", "role_type", "bound_subject", "groups_claim"):
        assert isinstance(shown[name], str), name
    shown = apply(server, f"auth/{path}/role/most", {
        **common, **TOKENS, "role_type": "oidc", "user_claim": "/user/id", "user_claim_json_pointer": True, "bound_audiences": ["a", "b"],
        "bound_subject": "ada", "allowed_redirect_uris": ["https://b.example/cb", "http://localhost:8250/oidc/callback"],
        "oidc_scopes": ["profile", "groups"], "bound_claims_type": "glob", "bound_claims": {"department": ["dev*", "ops*"], "/x/y": ["1"]},
        "claim_mappings": {"given_name": "first", "/user/mail": "mail"}, "groups_claim": "/user/groups", "clock_skew_leeway": -1,
        "expiration_leeway": 60, "not_before_leeway": 30, "verbose_oidc_logging": True, "max_age": 120})
    assert isinstance(shown["bound_claims"], dict)
    # A change sends all of the role and of the tokens only what changed.
    server.put(f"auth/{path}/role/most", {**common, "role_type": "oidc", "user_claim": "sub", "token_policies": []}).expect(200, 204)
    shown = server.get(f"auth/{path}/role/most").data
    assert not shown["token_policies"] and shown["token_ttl"] == 3600 and shown["bound_claims"] in ({}, None)
    destroyed(server, f"auth/{path}/role/most")


def test_vault_kubernetes_auth_backend(server, mount, tmp_path):
    path = mount("kubernetes")
    authority = Authority(tmp_path).certificate.read_text()
    for certificate in (authority, authority.strip()):
        shown = apply(server, f"auth/{path}/config", {
            "kubernetes_host": "https://127.0.0.1:6443", "kubernetes_ca_cert": certificate, "token_reviewer_jwt": REVIEWER, "pem_keys": "",
            "issuer": "https://cluster", "disable_iss_validation": True, "disable_local_ca_jwt": True}, token_reviewer_jwt=READ_ONLY)
    assert not shown.get("pem_keys")
    apply(server, f"auth/{path}/config", {"kubernetes_host": "http://example.com:443", "disable_iss_validation": False, "pem_keys": ""})
    shown = apply(server, f"auth/{path}/role/least", {
        **TOKEN, "bound_service_account_names": ["web"], "bound_service_account_namespaces": ["prod"],
        "bound_service_account_namespace_selector": "", "alias_name_source": "serviceaccount_uid"})
    assert shown["audience"] == ""
    apply(server, f"auth/{path}/role/most", {
        **TOKENS, "bound_service_account_names": ["api", "web"], "bound_service_account_namespaces": ["stage", "prod"],
        "bound_service_account_namespace_selector": '{"matchLabels":{"team":"a"}}', "audience": "coffer",
        "alias_name_source": "serviceaccount_name"})
    assert sorted(server.list(f"auth/{path}/role").data["keys"]) == ["least", "most"]
    destroyed(server, f"auth/{path}/role/most")


def test_vault_cert_auth_backend_role(server, mount, tmp_path):
    path = mount("cert")
    certificate = Authority(tmp_path).certificate.read_text()
    flags = {"ocsp_enabled": False, "ocsp_fail_open": False, "ocsp_query_all_servers": False}
    for text in (certificate, certificate.strip()):
        apply(server, f"auth/{path}/certs/least", {**TOKEN, **flags, "certificate": text, "ocsp_max_retries": 4})
    apply(server, f"auth/{path}/certs/most", {
        **TOKENS, "certificate": certificate, "display_name": "apps", "allowed_names": ["*.example.com", "app"],
        "allowed_common_names": ["app", "web-*"], "allowed_dns_sans": ["a.example.com"], "allowed_email_sans": ["a@example.com"],
        "allowed_uri_sans": ["spiffe://example/*"], "allowed_organizational_units": ["engineering"], "required_extensions": ["2.1.1.1:x*"],
        "ocsp_ca_certificates": certificate, "ocsp_servers_override": ["http://127.0.0.1:1/"], "ocsp_enabled": True, "ocsp_fail_open": True,
        "ocsp_query_all_servers": True, "ocsp_max_retries": 2, "ocsp_this_update_max_age": 60})
    destroyed(server, f"auth/{path}/certs/most")


def test_vault_ldap_auth_backend(server, mount, tmp_path):
    path = mount("ldap")
    authority = Authority(tmp_path)
    flags = {"starttls": False, "insecure_tls": False, "case_sensitive_names": False, "discoverdn": False, "deny_null_bind": True,
             "username_as_alias": False, "use_token_groups": False, "anonymous_group_search": False}
    # -1 is the provider's default for the size of a page.
    apply(server, f"auth/{path}/config", {**flags, "url": "ldap://127.0.0.1", "max_page_size": -1})
    certificate, key = authority.issue("client")
    apply(server, f"auth/{path}/config", {
        **TOKENS, **flags, "url": "ldap://one.example,ldap://two.example", "starttls": True, "tls_min_version": "tls12",
        "tls_max_version": "tls13", "certificate": authority.certificate.read_text(), "binddn": "cn=searcher,dc=example,dc=com",
        "bindpass": "searcher-password", "userdn": "ou=people,dc=example,dc=com", "userattr": "uid", "userfilter": "({{.UserAttr}}={{.Username}})",
        "groupfilter": "(member={{.UserDN}})", "groupdn": "ou=groups,dc=example,dc=com", "groupattr": "cn", "dereference_aliases": "always",
        "case_sensitive_names": True, "username_as_alias": True, "max_page_size": 500, "connection_timeout": 10, "request_timeout": 20,
        "client_tls_cert": open(certificate).read(), "client_tls_key": open(key).read(),
    }, bindpass=READ_ONLY, client_tls_key=READ_ONLY)
    # Resources of their own, written with commas between groups.
    apply(server, f"auth/{path}/users/ann", {"policies": ["own", "dev"], "groups": "dba,staff"})
    shown = apply(server, f"auth/{path}/users/ben", {})
    assert shown["groups"] == "" and shown["policies"] == []
    apply(server, f"auth/{path}/groups/dba", {"policies": ["dba", "dev"]})
    assert apply(server, f"auth/{path}/groups/none", {})["policies"] == []
    for resource in ("users/ann", "groups/dba"):
        destroyed(server, f"auth/{path}/{resource}")


def test_vault_github(server, mount):
    path, api = mount("github"), API()
    try:
        shown = apply(server, f"auth/{path}/config", {**TOKENS, "organization": "example", "organization_id": 7, "base_url": api.url})
        assert type(shown["organization_id"]) is int
        # Without the number, the server finds it, and the provider keeps what it reads.
        assert apply(server, f"auth/{path}/config", {"organization": "example", "base_url": api.url})["organization_id"] == 7
        for kind in ("teams", "users"):
            shown = apply(server, f"auth/{path}/map/{kind}/dev", {"key": "dev", "value": "b,a"})
            assert shown == {"key": "dev", "value": "b,a"}
            destroyed(server, f"auth/{path}/map/{kind}/dev")
    finally:
        api.shutdown()
        api.server_close()


def test_vault_generic_backends(server, mount):
    """The methods whose resources are as old as the provider, with the fields of tokens that all share."""
    approle, userpass = mount("approle"), mount("userpass")
    apply(server, f"auth/{approle}/role/r", {
        **TOKENS, "bind_secret_id": True, "secret_id_bound_cidrs": ["10.0.0.0/8"], "secret_id_num_uses": 3, "secret_id_ttl": 600})
    apply(server, f"auth/{userpass}/users/u", {**TOKENS, "password": "a long password"}, password=READ_ONLY)
    destroyed(server, f"auth/{approle}/role/r")
    destroyed(server, f"auth/{userpass}/users/u")
