"""What a listener takes from proxies, through a real nginx; the PROXY protocol; certificate files that change."""

import base64
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time

import httpx
import pytest
from harness import Server, free_port, read_reply, status_of
from test_tls import Authority, TLSServer

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def make(tmp_path):
    made = []

    def create(lines, kind=Server):
        server = kind(tmp_path / f"server{len(made)}")
        text = server.configuration.read_text()
        server.configuration.write_text(text.replace("tls_disable = true", "tls_disable = true\n  " + "\n  ".join(lines)))
        made.append(server)
        return server

    yield create
    for server in made:
        server.close()


@pytest.fixture
def nginx(tmp_path, authority):
    """An nginx with TLS that asks clients for certificates, judges none, and passes them on; a function that starts one."""
    running = []

    def start(backend, *headers):
        assert os.access(NGINX, os.X_OK), "nginx is missing: scripts/install-system test"
        certificate, key = authority.issue("front")
        port, directory = free_port(), tmp_path / f"nginx{len(running)}"
        directory.mkdir()
        lines = "\n".join(f"      proxy_set_header {header};" for header in headers)
        temporary = "\n".join(
            f"  {name}_temp_path {directory};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (directory / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {directory}/pid;\nerror_log {directory}/error.log;\nevents {{}}\n"
            f"http {{\n  access_log off;\n{temporary}\n  server {{\n    listen 127.0.0.1:{port} ssl;\n"
            f"    ssl_certificate {certificate};\n    ssl_certificate_key {key};\n    ssl_verify_client optional_no_ca;\n"
            f"    location / {{\n      proxy_pass http://127.0.0.1:{backend.port};\n"
            f"      proxy_set_header X-Forwarded-For $remote_addr;\n{lines}\n    }}\n  }}\n}}\n")
        running.append(subprocess.Popen(
            [NGINX, "-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", str(directory / "error.log")]))
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return port
            except OSError:
                assert time.monotonic() < deadline and running[-1].poll() is None, (directory / "error.log").read_text()
                time.sleep(0.02)

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def through(port, authority, certificate=None, headers=None, path=None):
    """Asks for the health, or logs in at `path`."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if certificate:
        context.load_cert_chain(*certificate)
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context) as client:
        if path:
            return client.post(f"/v1/{path}", json={}, headers=headers or {})
        return client.get("/v1/sys/health", headers=headers or {})


FROM_HERE = 'x_forwarded_for_authorized_addrs = ["127.0.0.0/8"]'
HEADER = 'x_forwarded_for_client_cert_header = "X-SSL-Client-Cert"'
NGINX_CERTIFICATE = "X-SSL-Client-Cert $ssl_client_escaped_cert"


@pytest.mark.parametrize("decoders", [
    'x_forwarded_for_client_cert_decoders = ["URL", "PEM"]', 'x_forwarded_for_client_cert_header_decoders = "URL,DER"'])
def test_nginx_passes_on_a_client_certificate(make, nginx, authority, decoders):
    server = make([FROM_HERE, HEADER, decoders, "x_forwarded_for_reject_not_present = false"]).start()
    server.initialise()
    port = nginx(server, NGINX_CERTIFICATE)
    assert through(port, authority, authority.issue("client", common_name="caller")).status_code == 200
    assert through(port, authority).status_code == 200
    # nginx replaces what a client says.
    assert through(port, authority, headers={"X-SSL-Client-Cert": "canary"}).status_code == 200


def test_a_certificate_login_through_nginx(make, nginx, authority):
    server = make([FROM_HERE, HEADER, 'x_forwarded_for_client_cert_decoders = ["URL", "PEM"]',
                   "x_forwarded_for_reject_not_present = false"]).start()
    server.initialise()
    server.post("sys/auth/cert", {"type": "cert"}).expect(204)
    server.post("auth/cert/certs/web", {
        "certificate": authority.certificate.read_text(), "allowed_common_names": "caller", "token_policies": "web"}).expect(200, 204)
    port = nginx(server, NGINX_CERTIFICATE)
    auth = through(port, authority, authority.issue("caller", common_name="caller"), path="auth/cert/login").json()["auth"]
    assert auth["metadata"]["common_name"] == "caller" and "web" in auth["policies"]
    for certificate in (None, authority.issue("other", common_name="other")):
        assert through(port, authority, certificate, path="auth/cert/login").status_code == 400


def test_a_form_that_is_not_configured_is_refused(make, nginx, authority):
    server = make([FROM_HERE, HEADER, 'x_forwarded_for_client_cert_decoders = ["RFC9440"]',
                   "x_forwarded_for_reject_not_present = false"]).start()
    server.initialise()
    port = nginx(server, NGINX_CERTIFICATE)
    reply = through(port, authority, authority.issue("client"))
    assert reply.status_code == 400 and reply.json()["errors"] == ["the client certificate header is malformed"]
    assert through(port, authority).status_code == 200


def test_a_certificate_header_is_taken_once_and_from_known_proxies_alone(make, authority):
    pem = pathlib.Path(authority.issue("client")[0]).read_text()
    der = "".join(pem.split("-----")[2].split())
    assert base64.b64decode(der, validate=True)
    known = make([FROM_HERE, HEADER, "x_forwarded_for_reject_not_present = false"]).start()
    known.initialise()

    def status(server, *lines):
        head = "".join(line + "\r\n" for line in ("GET /v1/sys/health HTTP/1.1", "Host: h", *lines, "Connection: close"))
        return status_of(server.raw((head + "\r\n").encode()))

    assert status(known, f"X-SSL-Client-Cert: {der}") == 200
    assert status(known, f"X-SSL-Client-Cert: {der}", f"x-ssl-client-cert: {der}") == 400
    assert status(known, "X-SSL-Client-Cert: " + "A" * 8_000) == 400
    stranger = make(['x_forwarded_for_authorized_addrs = ["10.0.0.0/8"]', HEADER,
                     "x_forwarded_for_reject_not_present = false"]).start()
    assert status(stranger, f"X-SSL-Client-Cert: {der}") == 400


def last_address(server):
    lines = server.audit_path.read_text().splitlines()
    return [json.loads(line) for line in lines if '"remote_address"' in line][-1]["request"]["remote_address"]


def test_proxy_protocol(make):
    server = make(['proxy_protocol_behavior = "allow_authorized"', 'proxy_protocol_authorized_addrs = "127.0.0.2"'])
    server.ready()

    def send(source, data):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(source, 0)) as connection:
            connection.sendall(data)
            return read_reply(connection)

    request = (f"GET /v1/auth/token/lookup-self HTTP/1.1\r\nHost: h\r\nX-Vault-Token: {server.token}\r\n"
               "Connection: close\r\n\r\n").encode()
    assert status_of(send("127.0.0.1", request)) == 200
    assert last_address(server) == "127.0.0.1"
    assert status_of(send("127.0.0.2", b"PROXY TCP4 203.0.113.7 10.0.0.1 8080 8200\r\n" + request)) == 200
    assert last_address(server) == "203.0.113.7"
    second = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes([198, 51, 100, 9, 10, 0, 0, 1, 0x1F, 0x90, 0x20, 0x08])
    assert status_of(send("127.0.0.2", second + request)) == 200
    assert last_address(server) == "198.51.100.9"
    # Without the header that is expected, and with one where none is, nothing is answered as a request of somebody else.
    assert send("127.0.0.2", request) == b""
    assert status_of(send("127.0.0.1", b"PROXY TCP4 203.0.113.7 10.0.0.1 8080 8200\r\n" + request)) in (400, None)
    for hostile in (b"PROXY " + b"A" * 100_000, b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff" + b"\0" * 70_000, b"\r\n\r\n\x00\xff"):
        try:
            assert send("127.0.0.2", hostile) == b""
        except OSError:
            pass  # closed while it was being sent
    assert server.is_running() and status_of(send("127.0.0.1", request)) == 200


def test_proxy_protocol_denies_others(make):
    server = make(['proxy_protocol_behavior = "deny_unauthorized"', 'proxy_protocol_authorized_addrs = ["127.0.0.2"]'])
    server.start(wait=False)
    deadline = time.monotonic() + 20
    request = b"GET /v1/sys/health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    while True:
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=("127.0.0.2", 0)) as connection:
                connection.sendall(b"PROXY UNKNOWN\r\n" + request)
                assert status_of(read_reply(connection)) is not None
                break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, server.log()[-2000:]
            time.sleep(0.05)
    started = time.monotonic()
    assert server.raw(b"PROXY UNKNOWN\r\n" + request) == b""
    assert server.raw(request) == b""
    assert time.monotonic() - started < 10, "refused connections must be closed"
    assert server.is_running()


def test_changed_certificate_files_are_taken_into_use(tmp_path, authority):
    server = TLSServer(tmp_path / "server")
    try:
        certificate, key = authority.issue("server")
        server.listen(authority, certificate, key).start()
        first = server.served_certificate()
        authority.issue("server")

        def wait(condition):
            deadline = time.monotonic() + 20
            while not condition():
                assert time.monotonic() < deadline, server.log()[-2000:]
                time.sleep(0.1)

        wait(lambda: server.served_certificate() != first)
        second = server.served_certificate()
        assert "the certificate files have changed; new connections use them" in server.log()
        pathlib.Path(certificate).write_text("nonsense canary")
        wait(lambda: "the old certificate stays in use" in server.log())
        assert server.served_certificate() == second and "canary" not in server.log()
        time.sleep(2.5)
        assert server.log().count("the old certificate stays in use") == 1, "a broken file is reported once"
        authority.issue("server")
        wait(lambda: server.served_certificate() != second)
    finally:
        server.close()
