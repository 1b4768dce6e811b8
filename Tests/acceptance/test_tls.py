"""TLS from the listener block: HTTP/2, reload on SIGHUP, client certificates."""

import signal
import socket
import ssl
import subprocess
import time

import httpx
import pytest
from harness import Server


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


class Authority:
    def __init__(self, directory):
        self.directory = directory
        self.certificate, self.key = directory / "ca.pem", directory / "ca.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test CA", "-keyout", str(self.key), "-out", str(self.certificate))

    def issue(self, name, into=None, common_name="localhost", alternative="", names="DNS:localhost,IP:127.0.0.1"):
        into = into or self.directory / name
        request, extension = self.directory / "request.csr", self.directory / "extension.cnf"
        extension.write_text(f"subjectAltName={names}{alternative}\nextendedKeyUsage=serverAuth,clientAuth\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={common_name}",
            "-keyout", f"{into}.key", "-out", str(request))
        run("openssl", "x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self.key), "-CAcreateserial",
            "-days", "1", "-extfile", str(extension), "-out", f"{into}.pem")
        return f"{into}.pem", f"{into}.key"


class TLSServer(Server):
    """Speaks HTTPS; `request` goes through httpx."""

    authority = None
    client_certificate = None

    def listen(self, authority, certificate, key, more=""):
        self.authority = authority
        self.address = f"https://127.0.0.1:{self.port}"
        text = self.configuration.read_text().replace(
            "tls_disable = true", f'tls_cert_file = "{certificate}"\n  tls_key_file = "{key}"\n{more}')
        self.configuration.write_text(text.replace("http://", "https://"))
        return self

    def session(self, **options):
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        if self.client_certificate:
            context.load_cert_chain(*self.client_certificate)
        return httpx.Client(base_url=self.address, verify=context, headers={"X-Vault-Token": self.token or ""}, **options)

    def wait_until_answering(self):
        started = time.monotonic()
        while time.monotonic() - started < 20:
            assert self.process.poll() is None, self.log()[-3000:]
            try:
                with self.session() as session:
                    session.get("/v1/sys/health")
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(self.log()[-3000:])

    def served_certificate(self):
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        with socket.create_connection(("127.0.0.1", self.port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as wrapped:
            return wrapped.getpeercert(binary_form=True)

    def refuses_version(self, version):
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.minimum_version = context.maximum_version = version
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as plain, context.wrap_socket(plain, server_hostname="localhost"):
                return False
        except (ssl.SSLError, OSError):
            return True

    def set_up(self):
        with self.session() as session:
            self.token = session.put("/v1/sys/init", json={"recovery_shares": 1, "recovery_threshold": 1}).json()["root_token"]
        with self.session() as session:
            assert session.post("/v1/sys/mounts/kv1", json={"type": "kv"}).status_code == 204
        return self


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def server(tmp_path):
    made = TLSServer(tmp_path / "server")
    yield made
    made.close()


def test_http_1_and_2_over_tls(server, authority):
    server.listen(authority, *authority.issue("server")).start()
    server.set_up()
    with server.session(http2=True) as session:
        reply = session.put("/v1/kv1/x", json={"v": "1"})
        assert reply.http_version == "HTTP/2" and reply.status_code == 204
        assert session.get("/v1/kv1/x").json()["data"] == {"v": "1"}
        for path in ("/v1/kv1/a%2fb", "/v1/kv1/%252e%252e/x"):
            assert session.get(path).status_code == 400
        large = b'{"v":"' + b"x" * 2_000_000 + b'"}'
        assert session.put("/v1/kv1/large", content=large).status_code == 204
        assert session.put("/v1/kv1/large", content=large, headers={"X-Vault-Token": "wrong"}).status_code == 413
        try:
            assert session.get("/v1/kv1/x", headers={"X-Big": "a" * 17_000}).status_code in (400, 431)
        except httpx.RemoteProtocolError:
            pass  # HTTP/2 may end the connection over headers that it will not keep
    with server.session(http2=True) as session:
        assert session.get("/v1/kv1/x").headers["cache-control"] == "no-store"
    with server.session() as session:
        reply = session.get("/v1/kv1/x")
        assert reply.http_version == "HTTP/1.1" and reply.json()["data"] == {"v": "1"}
    assert server.refuses_version(ssl.TLSVersion.TLSv1_1)
    assert not server.refuses_version(ssl.TLSVersion.TLSv1_3)
    assert server.stop() == 0


def test_client_checks_the_certificate(server, authority):
    server.listen(authority, *authority.issue("server")).start()
    refused = server.cli("status", token=False)
    assert refused.returncode == 1 and "certificate" in refused.stderr.lower()
    assert server.cli("status", token=False, env={"VAULT_CACERT": str(authority.certificate)}).returncode == 2
    assert server.cli("status", "-tls-skip-verify", token=False).returncode == 2


def test_certificates_are_read_again_on_sighup(server, authority):
    certificate, key = authority.issue("server")
    server.listen(authority, certificate, key).start()
    first = server.served_certificate()
    authority.issue("server")
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while server.served_certificate() == first:
        assert time.monotonic() < deadline, server.log()[-2000:]
        time.sleep(0.05)
    second = server.served_certificate()
    open(certificate, "w").write("nonsense")
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while "certificate" not in server.log().lower():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.served_certificate() == second, "a bad file must not end TLS"


def test_client_certificates(server, authority):
    more = f'  tls_require_and_verify_client_cert = true\n  tls_client_ca_file = "{authority.certificate}"\n'
    server.client_certificate = authority.issue("client", common_name="caller")
    server.listen(authority, *authority.issue("server"), more).start()
    server.set_up()
    with server.session() as session:
        assert session.get("/v1/sys/health").status_code == 200
    mine, server.client_certificate = server.client_certificate, None
    with server.session() as session, pytest.raises(httpx.TransportError):
        session.get("/v1/sys/health")
    server.client_certificate = mine


@pytest.mark.parametrize("damage", ["missing certificate", "missing key", "key of another", "not a certificate"])
def test_refuses_to_start_without_usable_files(server, authority, tmp_path, damage):
    certificate, key = authority.issue("server")
    if damage == "missing certificate":
        certificate = tmp_path / "none.pem"
    elif damage == "missing key":
        key = tmp_path / "none.key"
    elif damage == "key of another":
        key = authority.issue("other")[1]
    else:
        open(certificate, "w").write("nonsense")
    server.listen(authority, certificate, key).start(wait=False)
    assert server.process.wait(20) != 0
    server.process = None
    assert any(word in server.log().lower() for word in ("tls", "certificate", "private key"))
