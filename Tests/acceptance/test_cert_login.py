"""Logins with real client certificates, made by openssl, over TLS: hvac, the command line, revocation, and renewals."""

import subprocess

import hvac
import pytest
from hvac import exceptions
from test_tls import Authority, TLSServer

ASKS = "  tls_require_and_verify_client_cert = false\n  tls_disable_client_certs = false\n"


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


class Issuer(Authority):
    """An authority that also signs revocation lists."""

    def revocation_list(self, *revoked):
        place = self.directory / "crl"
        place.mkdir(exist_ok=True)
        (place / "index.txt").write_text("")
        (place / "number").write_text("01")
        (place / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={place}/index.txt\ncrlnumber={place}/number\ndefault_md=sha256\n"
            f"default_crl_days=1\ncertificate={self.certificate}\nprivate_key={self.key}\n")
        for certificate in revoked:
            openssl("ca", "-config", place / "ca.cnf", "-revoke", certificate)
        openssl("ca", "-config", place / "ca.cnf", "-gencrl", "-out", place / "crl.pem")
        return (place / "crl.pem").read_text()


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cert")
    server_authority = Authority(directory)
    (directory / "clients").mkdir()
    (directory / "strangers").mkdir()
    clients, strangers = Issuer(directory / "clients"), Issuer(directory / "strangers")
    server = TLSServer(directory / "server")
    server.listen(server_authority, *server_authority.issue("server"), more=ASKS).start()
    server.set_up()
    with server.session() as session:
        assert session.post("/v1/sys/auth/cert", json={"type": "cert"}).status_code == 204
    yield server, server_authority, clients, strangers
    server.close()


def client(setting, certificate=None, token=None):
    server, authority, _, _ = setting
    return hvac.Client(url=server.address, token=token, verify=str(authority.certificate), cert=certificate)


def test_hvac(setting):
    server, authority, clients, strangers = setting
    cert = client(setting, token=server.token).auth.cert
    cert.create_ca_certificate_role(
        name="web", certificate=clients.certificate.read_text(), allowed_common_names="web-*", token_policies=["default"],
        token_ttl="10m", mount_point="cert")
    role = cert.read_ca_certificate_role("web")["data"]
    assert role["allowed_common_names"] == ["web-*"] and role["token_ttl"] == 600 and "BEGIN CERTIFICATE" in role["certificate"]
    assert cert.list_certificate_roles()["data"]["keys"] == ["web"]
    good, other = clients.issue("web-1", common_name="web-1"), clients.issue("api-1", common_name="api-1")
    stranger = strangers.issue("web-2", common_name="web-2")
    login = client(setting, good).auth.cert.login(name="web", cert_pem=good[0], key_pem=good[1])
    auth = login["auth"]
    assert auth["metadata"]["cert_name"] == "web" and auth["metadata"]["common_name"] == "web-1" and auth["lease_duration"] == 600
    assert auth["metadata"]["serial_number"].isdigit() and auth["entity_id"]
    for pair, text in ((other, "no chain matching all constraints"), (stranger, "invalid certificate or no client")):
        with pytest.raises(exceptions.InvalidRequest, match=text):
            client(setting).auth.cert.login(name="web", cert_pem=pair[0], key_pem=pair[1])
    # Without a certificate.
    with server.session() as session:
        assert session.post("/v1/auth/cert/login", json={}, headers={"X-Vault-Token": ""}).status_code == 400
    # A renewal needs the certificate of the login.
    second = clients.issue("web-3", common_name="web-1")
    token = auth["client_token"]
    with pytest.raises(exceptions.InvalidRequest):
        client(setting, token=token).auth.token.renew_self()
    with pytest.raises(exceptions.InvalidRequest):
        client(setting, second, token=token).auth.token.renew_self()
    assert client(setting, good, token=token).auth.token.renew_self()["auth"]["client_token"] == token
    assert cert.delete_certificate_role("web").status_code == 204
    with pytest.raises(exceptions.InvalidRequest):
        client(setting, good, token=token).auth.token.renew_self()


def test_a_revoked_certificate_and_a_restart(setting):
    server, authority, clients, _ = setting
    root = client(setting, token=server.token)
    root.auth.cert.create_ca_certificate_role(name="apps", certificate=clients.certificate.read_text(), mount_point="cert")
    good, bad = clients.issue("app-1", common_name="app-1"), clients.issue("app-2", common_name="app-2")

    def logs_in(pair):
        try:
            client(setting).auth.cert.login(name="apps", cert_pem=pair[0], key_pem=pair[1])
            return True
        except exceptions.InvalidRequest:
            return False

    assert logs_in(good) and logs_in(bad)
    root.write("auth/cert/crls/clients", crl=clients.revocation_list(bad[0]))
    assert root.read("auth/cert/crls/clients")["data"]["serials"]
    assert logs_in(good) and not logs_in(bad)
    server.kill()
    server.start()
    assert not logs_in(bad) and logs_in(good)
    root.delete("auth/cert/crls/clients")
    assert logs_in(bad)


def test_one_certificate_is_compared_as_a_whole(setting):
    server, authority, clients, _ = setting
    root = client(setting, token=server.token)
    root.delete("auth/cert/certs/apps")
    pair = clients.issue("solo", common_name="solo")
    root.auth.cert.create_ca_certificate_role(name="solo", certificate=open(pair[0]).read(), mount_point="cert")
    # The same key and names again, in a certificate of its own.
    twin = clients.directory / "twin.pem"
    request = clients.directory / "twin.csr"
    openssl("req", "-new", "-key", pair[1], "-subj", "/CN=solo", "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", clients.certificate, "-CAkey", clients.key, "-CAcreateserial", "-days", 1, "-out", twin)
    made = client(setting).auth.cert.login(name="solo", cert_pem=pair[0], key_pem=pair[1])
    assert made["auth"]["metadata"]["common_name"] == "solo"
    with pytest.raises(exceptions.InvalidRequest):
        client(setting).auth.cert.login(name="solo", cert_pem=str(twin), key_pem=pair[1])


def test_the_command_line(setting):
    server, authority, clients, _ = setting
    pair = clients.issue("cli", common_name="cli")
    client(setting, token=server.token).auth.cert.create_ca_certificate_role(
        name="cli", certificate=clients.certificate.read_text(), mount_point="cert")
    files = {"VAULT_CACERT": str(authority.certificate), "VAULT_CLIENT_CERT": pair[0], "VAULT_CLIENT_KEY": pair[1]}
    done = server.cli("login", "-method=cert", "-no-store", "-format=json", "name=cli", token=False, env=files)
    assert done.returncode == 0, done.stderr
    assert '"common_name": "cli"' in done.stdout
    refused = server.cli("login", "-method=cert", "-no-store", "name=nobody", token=False, env=files)
    assert refused.returncode == 2 and "invalid certificate" in refused.stderr
