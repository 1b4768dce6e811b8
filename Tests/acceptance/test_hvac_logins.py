"""Every call that hvac has for the login methods, with every argument: what it writes reads back, and its logins work."""

import inspect
import secrets

import hvac
import pytest
from directories import BASE, SEARCHER, Slapd
from hvac import exceptions
from hvac.api import auth_methods
from identity_provider import IdentityProvider, Key
from test_github import API
from test_kubernetes_login import REVIEWER, Cluster
from test_terraform_logins import alike
from test_tls import Authority

TOKENS = {
    "token_ttl": 600, "token_max_ttl": 1200, "token_policies": ["dev"], "token_bound_cidrs": ["127.0.0.1", "10.0.0.0/8"],
    "token_explicit_max_ttl": 1800, "token_no_default_policy": True, "token_num_uses": 7, "token_period": 0, "token_type": "service"}
# What each function has besides its settings.
ASIDE = {"self", "name", "path", "mount_point", "certificate_file"}
called = set()


@pytest.fixture
def mount(client):
    made = []

    def make(kind):
        made.append(f"{kind}-{secrets.token_hex(4)}")
        client.sys.enable_auth_method(kind, path=made[-1])
        return made[-1]

    yield make
    for path in made:
        client.sys.disable_auth_method(path)


def call(function, *arguments, **settings):
    """Calls a function of hvac, and notes that it was called."""
    called.add(function.__qualname__)
    return function(*arguments, **settings)


def write(function, *arguments, **settings):
    """Calls a function that writes settings, with all that it has."""
    missing = set(inspect.signature(function).parameters) - set(settings) - ASIDE
    assert not missing - {"period", "ttl", "max_ttl", "policies"}, missing
    return call(function, *arguments, **settings)


def reads(shown, written, *hidden):
    shown = shown["data"] if "data" in shown else shown
    for name, value in written.items():
        if name in hidden:
            assert name not in shown, name
        else:
            assert alike(shown[name], value), f"{name}: {value!r} was written, {shown[name]!r} read"


def caller(server):
    return hvac.Client(url=server.address)


@pytest.mark.parametrize("kind", ["jwt", "oidc"])
def test_jwt_and_oidc(server, client, mount, kind):
    path, provider = mount(kind), IdentityProvider()
    api = client.auth.jwt if kind == "jwt" else client.auth.oidc
    try:
        keys = dict.fromkeys(("jwks_url", "jwks_ca_pem", "jwt_validation_pubkeys"))
        settings = {
            "oidc_discovery_url": provider.address, "oidc_discovery_ca_pem": "", "oidc_client_id": provider.client,
            "oidc_client_secret": provider.secret, "oidc_response_mode": "query", "oidc_response_types": ["code"],
            "bound_issuer": provider.address, "jwt_supported_algs": ["RS256", "ES256"], "default_role": "all", "provider_config": {},
            "namespace_in_state": False}
        write(api.configure, path=path, **settings, **keys)
        reads(call(api.read_config, path=path), settings, "oidc_client_secret")
        role = {
            "user_claim": "sub", "allowed_redirect_uris": ["http://localhost:8250/oidc/callback"], "role_type": kind,
            "bound_audiences": ["coffer", provider.client], "clock_skew_leeway": 30, "expiration_leeway": 60, "not_before_leeway": 90,
            "bound_subject": "ada", "bound_claims": {"env": ["prod", "stage"]}, "groups_claim": "groups", "claim_mappings": {"team": "team"},
            "oidc_scopes": ["profile"], "bound_claims_type": "glob", "verbose_oidc_logging": False, "user_claim_json_pointer": False, **TOKENS}
        write(api.create_role, "all", path=path, **role)
        reads(call(api.read_role, "all", path=path), role)
        assert call(api.list_roles, path=path)["data"]["keys"] == ["all"]
        machine = caller(server)
        if kind == "jwt":
            token = provider.key.sign(provider.claims(env="prod", team="red", groups=["staff"]))
            auth = call(machine.auth.jwt.jwt_login, "all", token, path=path)["auth"]
            assert auth["policies"] == ["dev"] and auth["metadata"] == {"role": "all", "team": "red"} and auth["num_uses"] == 7
            assert machine.token == auth["client_token"] and client.lookup_token(machine.token)["data"]["type"] == "service"
        else:
            begun = call(machine.auth.oidc.oidc_authorization_url_request, "all", role["allowed_redirect_uris"][0], path=path)
            assert begun["data"]["auth_url"].startswith(provider.address)
            with pytest.raises(exceptions.InvalidRequest):
                call(machine.auth.oidc.oidc_callback, "state", "nonce", "code", path=path)
        pairs = {"jwt_validation_pubkeys": [Key("ES256").pem], "bound_issuer": "i"}
        call(api.configure, path=path, **pairs)
        assert call(api.read_config, path=path)["data"]["oidc_discovery_url"] == ""
        call(api.delete_role, "all", path=path)
        with pytest.raises(exceptions.InvalidPath):
            call(api.read_role, "all", path=path)
    finally:
        provider.close()


def test_kubernetes(server, client, mount, tmp_path):
    path, cluster = mount("kubernetes"), Cluster()
    api = client.auth.kubernetes
    settings = {"kubernetes_host": cluster.url, "token_reviewer_jwt": REVIEWER, "issuer": "https://cluster", "disable_local_ca_jwt": True,
                "kubernetes_ca_cert": Authority(tmp_path).certificate.read_text()}
    write(api.configure, mount_point=path, pem_keys=None, **settings)
    reads(call(api.read_config, mount_point=path), settings, "token_reviewer_jwt")
    role = {"bound_service_account_names": ["web"], "bound_service_account_namespaces": ["prod"], "alias_name_source": "serviceaccount_name",
            "audience": "coffer"}
    write(api.create_role, "web", mount_point=path, ttl="10m", max_ttl="20m", policies=["dev"], token_type="service", **role)
    shown = call(api.read_role, "web", mount_point=path)
    reads(shown, {**role, "token_ttl": 600, "token_max_ttl": 1200, "token_policies": ["dev"], "token_type": "service"})
    assert call(api.list_roles, mount_point=path)["keys"] == ["web"]
    auth = call(caller(server).auth.kubernetes.login, "web", cluster.token(), mount_point=path)["auth"]
    assert auth["policies"] == ["default", "dev"] and auth["lease_duration"] == 600
    assert client.lookup_token(auth["client_token"])["data"]["display_name"] == f"{path}-prod-web"
    call(api.delete_role, "web", mount_point=path)
    with pytest.raises(exceptions.InvalidPath):
        call(api.read_role, "web", mount_point=path)
    cluster.server.shutdown()


def test_cert(server, client, mount, tmp_path):
    path, authority = mount("cert"), Authority(tmp_path)
    api = client.auth.cert
    role = {
        "allowed_common_names": ["app-*"], "allowed_dns_sans": ["*.example.com"], "allowed_email_sans": ["*@example.com"],
        "allowed_uri_sans": ["spiffe://example/*"], "allowed_organizational_units": ["engineering"], "required_extensions": ["2.1.1.1:x"],
        "display_name": "apps", **TOKENS}
    write(api.create_ca_certificate_role, "apps", certificate=authority.certificate.read_text(), mount_point=path, **role)
    reads(call(api.read_ca_certificate_role, "apps", mount_point=path), role)
    call(api.create_ca_certificate_role, "file", certificate_file=str(authority.certificate), mount_point=path)
    assert call(api.list_certificate_roles, mount_point=path)["data"]["keys"] == ["apps", "file"]
    write(api.configure_tls_certificate, mount_point=path, disable_binding=True)
    assert client.read(f"auth/{path}/config")["data"]["disable_binding"] is True
    call(api.delete_certificate_role, "apps", mount_point=path)
    with pytest.raises(exceptions.InvalidPath):
        call(api.read_ca_certificate_role, "apps", mount_point=path)
    # Logins are those of test_cert_login.py, which has a listener with TLS.
    called.add("Cert.login")


def test_ldap(server, client, mount, tmp_path):
    path, directory, authority = mount("ldap"), Slapd(), Authority(tmp_path)
    api = client.auth.ldap
    certificate, key = authority.issue("client")
    try:
        settings = {
            "userdn": f"ou=people,{BASE}", "groupdn": f"ou=groups,{BASE}", "url": directory.url, "case_sensitive_names": False, "starttls": False,
            "tls_min_version": "tls12", "tls_max_version": "tls13", "insecure_tls": False, "certificate": authority.certificate.read_text(),
            "binddn": SEARCHER, "bindpass": "searcher-password", "userattr": "uid", "discoverdn": False, "deny_null_bind": True, "upndomain": "",
            "groupfilter": "(member={{.UserDN}})", "groupattr": "cn", "use_token_groups": False, "anonymous_group_search": False,
            "client_tls_cert": open(certificate).read(), "client_tls_key": open(key).read(), "connection_timeout": 3, "dereference_aliases": "never",
            "max_page_size": 0, "request_timeout": 4, "userfilter": "({{.UserAttr}}={{.Username}})", "username_as_alias": False, **TOKENS}
        write(api.configure, mount_point=path, **settings)
        reads(call(api.read_configuration, mount_point=path), settings, "bindpass", "client_tls_key")
        call(api.create_or_update_group, "Staff", policies=["of-staff"], mount_point=path)
        call(api.create_or_update_user, "ann", policies=["own"], groups=["local"], mount_point=path)
        assert call(api.list_groups, mount_point=path)["data"]["keys"] == ["staff"]
        assert call(api.list_users, mount_point=path)["data"]["keys"] == ["ann"]
        assert call(api.read_group, "staff", mount_point=path)["data"]["policies"] == ["of-staff"]
        assert call(api.read_user, "ann", mount_point=path)["data"]["groups"] == "local"
        auth = call(caller(server).auth.ldap.login, "ann", "ann-password", mount_point=path)["auth"]
        assert auth["policies"] == ["dev", "of-staff", "own"]
        call(api.delete_user, "ann", mount_point=path)
        call(api.delete_group, "staff", mount_point=path)
        assert call(caller(server).auth.ldap.login, "ann", "ann-password", mount_point=path)["auth"]["policies"] == ["dev"]
    finally:
        directory.close()


def test_github(server, client, mount):
    path, github = mount("github"), API()
    api = client.auth.github
    write(api.configure, organization="example", base_url=github.url, ttl="10m", max_ttl="20m", mount_point=path)
    reads(call(api.read_configuration, mount_point=path), {
        "organization": "example", "base_url": github.url, "token_ttl": 600, "token_max_ttl": 1200})
    call(api.map_team, "dev", policies=["team-dev", "all"], mount_point=path)
    call(api.map_user, "ann", policies=["own"], mount_point=path)
    assert call(api.read_team_mapping, "dev", mount_point=path)["data"] == {"key": "dev", "value": "team-dev,all"}
    assert call(api.read_user_mapping, "ann", mount_point=path)["data"] == {"key": "ann", "value": "own"}
    auth = call(caller(server).auth.github.login, "ghp_ann", mount_point=path)["auth"]
    assert auth["policies"] == ["all", "default", "own", "team-dev"] and auth["lease_duration"] == 600
    github.shutdown()
    github.server_close()


def test_userpass(server, client, mount):
    path, api = mount("userpass"), client.auth.userpass
    call(api.create_or_update_user, "ann", password="a-password", mount_point=path, **TOKENS)
    reads(call(api.read_user, "ann", mount_point=path), TOKENS)
    assert call(api.list_user, mount_point=path)["data"]["keys"] == ["ann"]
    assert call(caller(server).auth.userpass.login, "ann", "a-password", mount_point=path)["auth"]["policies"] == ["dev"]
    call(api.update_password_on_user, "ann", "another-password", mount_point=path)
    with pytest.raises(exceptions.InvalidRequest):
        call(caller(server).auth.userpass.login, "ann", "a-password", mount_point=path)
    call(api.delete_user, "ann", mount_point=path)
    with pytest.raises(exceptions.InvalidPath):
        call(api.read_user, "ann", mount_point=path)


def test_every_call_was_made():
    """Last, so that a version of hvac with more calls is noticed."""
    has = set()
    for kind in (auth_methods.JWT, auth_methods.Kubernetes, auth_methods.Cert, auth_methods.Ldap, auth_methods.Github, auth_methods.Userpass):
        has |= {f"{kind.__name__}.{name}" for name, _ in inspect.getmembers(kind, inspect.isfunction) if name in vars(kind)}
    assert has - called == {"JWT.resolve_path", "Cert.CertificateAuthError"} & has
