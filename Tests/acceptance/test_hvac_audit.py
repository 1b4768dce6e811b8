"""Every audit method of hvac's client.sys: files, sockets and syslog, with listeners that really listen."""

import json
import pathlib
import socket
import tempfile
import threading
import time

import hvac
import pytest
from hvac import exceptions


class Listener(threading.Thread):
    """Collects what arrives: connections' bytes, or datagrams."""

    def __init__(self, kind, path=None, port=0):
        super().__init__(daemon=True)
        self.is_stream = kind in ("tcp", "unix")
        family = socket.AF_UNIX if path else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM if self.is_stream else socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(str(path) if path else ("127.0.0.1", port))
        self.port = None if path else self.socket.getsockname()[1]
        self.address = str(path) if path else f"127.0.0.1:{self.port}"
        if self.is_stream:
            self.socket.listen(8)
        self.messages = []
        self.connections = []
        self.start()

    def run(self):
        try:
            while True:
                if not self.is_stream:
                    self.messages.append(self.socket.recv(100_000))
                    continue
                connection, _ = self.socket.accept()
                self.connections.append(connection)
                threading.Thread(target=self.read, args=(connection,), daemon=True).start()
        except OSError:
            pass

    def read(self, connection):
        try:
            while chunk := connection.recv(65536):
                self.messages.append(chunk)
        except OSError:
            pass

    @property
    def bytes(self):
        return b"".join(self.messages)

    def lines(self):
        return [json.loads(line) for line in self.bytes.splitlines()]

    def wait(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text.encode() not in self.bytes:
            assert time.monotonic() < end, f"{text} did not arrive: {self.bytes[-2000:]!r}"
            time.sleep(0.01)

    def stop(self):
        for one in [*self.connections, self.socket]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="ca-") as name:
        yield pathlib.Path(name)


def test_file_devices(client, server):
    made = client.sys.enable_audit_device(
        "file", description="second", options={"file_path": str(server.audit_directory / "second.log")}, path="second")
    assert made.status_code == 204
    devices = client.sys.list_enabled_audit_devices()["data"]
    assert devices["second/"]["type"] == "file" and devices["second/"]["description"] == "second"
    hashed = client.sys.calculate_hash("second", "value")["data"]["hash"]
    assert hashed.startswith("hmac-sha256:") and hashed != client.sys.calculate_hash("file", "value")["data"]["hash"]
    client.secrets.kv.v2.create_or_update_secret("audited", {"field": "value"})
    assert hashed in (server.audit_directory / "second.log").read_text()
    assert client.sys.disable_audit_device("second").status_code == 204
    assert "second/" not in client.sys.list_enabled_audit_devices()["data"]
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.calculate_hash("second", "value")


@pytest.mark.parametrize("kind", ["tcp", "udp", "unix"])
def test_socket_devices(client, server, folder, kind):
    listener = Listener(kind, folder / "s" if kind == "unix" else None)
    try:
        options = {"address": listener.address, "socket_type": kind, "write_timeout": "2s"}
        client.sys.enable_audit_device("socket", options=options, path="sock")
        assert client.sys.list_enabled_audit_devices()["data"]["sock/"]["options"] == options
        client.secrets.kv.v2.create_or_update_secret("to-socket", {"field": "canary-socket-value"})
        listener.wait("secret/data/to-socket")
        hashed = client.sys.calculate_hash("sock", "canary-socket-value")["data"]["hash"]
        assert hashed.encode() in listener.bytes and b"canary-socket-value" not in listener.bytes
        assert server.token.encode() not in listener.bytes
        client.sys.disable_audit_device("sock")
        listener.wait('"type":"end"')
        lines = listener.lines()
        assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
        assert all(line["prev"] == before["mac"] for before, line in zip(lines, lines[1:]))
    finally:
        listener.stop()
        client.sys.disable_audit_device("sock")


def test_a_trail_from_a_socket_verifies_as_a_file(client, server, folder):
    listener = Listener("tcp")
    try:
        client.sys.enable_audit_device("socket", options={"address": listener.address}, path="kept")
        for number in range(20):
            server.get(f"kv1/n{number}")
        listener.wait("kv1/n19")
        segments = sorted({line["seg"] for line in listener.lines()})
        answer = server.put("sys/audit-verify/kept", {"segments": segments}).expect(200)
        listener.wait(answer.data["checkpoint"]["mac"])
        trail, keys = folder / "trail.log", folder / "keys.json"
        trail.write_bytes(listener.bytes)
        keys.write_bytes(answer.body)
        done = server.cli("audit", "verify", f"-keys={keys}", str(trail))
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        client.sys.disable_audit_device("kept")
        listener.stop()


def test_syslog_devices(client, folder):
    listener = Listener("datagram", folder / "log")
    try:
        client.sys.enable_audit_device(
            "syslog", options={"facility": "LOCAL0", "tag": "coffer-test", "socket_path": str(folder / "log")}, path="log")
        client.secrets.kv.v2.create_or_update_secret("to-syslog", {"field": "canary-syslog-value"})
        listener.wait("secret/data/to-syslog")
        for message in listener.messages:
            head, _, line = message.partition(b": ")
            assert head.startswith(b"<134>") and b"coffer-test[" in head, head
            assert json.loads(line)["seq"]
        assert b"canary-syslog-value" not in listener.bytes
    finally:
        client.sys.disable_audit_device("log")
        listener.stop()


def test_one_good_record_is_enough_and_none_is_no_answer(new_server):
    server = new_server()
    server.start()
    server.initialise()
    server.mount("kv1", version="1")
    listener = Listener("tcp")
    server.put("sys/audit/sock", {"type": "socket", "options": {"address": listener.address, "write_timeout": "1s"}}).expect(204)
    server.post("kv1/a", {"k": "v"}).expect(204)
    port = listener.port
    listener.stop()
    refused = [server.get("kv1/a") for _ in range(3)]
    assert all(reply.status == 500 and b'"v"' not in reply.body for reply in refused)
    # A second device cannot be enabled while nothing can be recorded; the listener comes back first.
    listener = Listener("tcp", port=port)
    try:
        end = time.monotonic() + 15
        while server.get("kv1/a").status != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        server.enable_audit()
    finally:
        listener.stop()
    started = time.monotonic()
    for _ in range(50):
        server.get("kv1/a").expect(200)
    assert time.monotonic() - started < 5
    server.verify_audit()


def test_a_listener_that_never_reads_stalls_only_once_in_a_while(new_server, folder):
    server = new_server().ready()
    silent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    silent.bind(str(folder / "s"))
    silent.listen(64)
    try:
        options = {"address": str(folder / "s"), "socket_type": "unix", "write_timeout": "300ms"}
        server.put("sys/audit/sock", {"type": "socket", "options": options}).expect(204)
        value = {f"field{number}": "x" for number in range(300)}
        slow = 0
        for _ in range(60):
            started = time.monotonic()
            server.post("kv1/big", value).expect(204)
            elapsed = time.monotonic() - started
            assert elapsed < 5
            slow += elapsed > 0.25
        assert slow < 30, "most requests waited"
    finally:
        silent.close()


@pytest.mark.parametrize("kind,options", [
    ("socket", {}), ("socket", {"address": "127.0.0.1:1"}), ("socket", {"address": "x", "socket_type": "tcp"}),
    ("syslog", {"socket_path": "/nonexistent/log"}), ("syslog", {"facility": "NONE"}),
    ("socket", {"address": "127.0.0.1:1", "log_raw": "true"}), ("http", {"address": "127.0.0.1:1"}),
])
def test_refused_devices(client, kind, options):
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.enable_audit_device(kind, options=options, path="bad")
    assert "bad/" not in client.sys.list_enabled_audit_devices()["data"]


def test_request_headers(client, server):
    rules = "/v1/sys/config/auditing/request-headers"
    client.adapter.post(f"{rules}/X-Forwarded-For", json={"hmac": False})
    client.adapter.post(f"{rules}/X-Tenant", json={"hmac": True})
    assert client.adapter.get(rules)["data"]["headers"] == {"x-forwarded-for": {"hmac": False}, "x-tenant": {"hmac": True}}
    server.get("kv1/with-headers", headers={"X-Forwarded-For": "10.1.2.3", "X-Tenant": "canary-tenant", "X-Else": "canary-else"})
    last = json.loads(server.audit_path.read_text().splitlines()[-1])
    hashed = client.sys.calculate_hash("file", "canary-tenant")["data"]["hash"]
    assert last["request"]["headers"] == {"x-forwarded-for": ["10.1.2.3"], "x-tenant": [hashed]}
    for name in ("X-Forwarded-For", "X-Tenant"):
        assert client.adapter.delete(f"{rules}/{name}").status_code == 204
    server.get("kv1/without-headers", headers={"X-Tenant": "canary-tenant"})
    assert "headers" not in json.loads(server.audit_path.read_text().splitlines()[-1])["request"]
    assert "canary-" not in server.audit_path.read_text()


def test_every_login_style_is_on_record_in_full(client, server):
    """Compared with the shape of a record of Vault's: names of members, and which of them are clear."""
    client.sys.enable_auth_method("userpass", path="style-u")
    client.sys.enable_auth_method("approle", path="style-a")
    client.auth.userpass.create_or_update_user("bob", "right-password", policies=["p"], mount_point="style-u")
    client.auth.approle.create_or_update_approle("app", token_policies=["p"], mount_point="style-a")
    role_id = client.auth.approle.read_role_id("app", mount_point="style-a")["data"]["role_id"]
    secret_id = client.auth.approle.generate_secret_id("app", mount_point="style-a")["data"]["secret_id"]
    logins = {
        "style-u": ("login/bob", {"password": "right-password"}, "style-u-bob", {"username": "bob"}, "bob"),
        "style-a": ("login", {"role_id": role_id, "secret_id": secret_id}, "style-a", {"role_name": "app"}, None),
    }
    for mount, (path, body, display_name, metadata, _) in logins.items():
        token = server.post(f"auth/{mount}/{path}", body, token=None).expect(200).json["auth"]["client_token"]
        server.get("auth/token/lookup-self", token=token).expect(200)
        text = server.audit_path.read_text()
        lines = [json.loads(line) for line in text.splitlines()][-4:]
        request, response, used, _ = lines
        assert request["type"] == "request" and request["request"]["path"] == f"auth/{mount}/{path}"
        assert request["request"]["mount_class"] == "auth" and request["request"]["operation"] == "update"
        assert all(value.startswith("hmac-sha256:") for value in request["request"]["data"].values())
        made = response["response"]["auth"]
        assert made["policies"] == ["default", "p"] and made["token_type"] == "service" and made["metadata"] == metadata
        assert made["client_token"].startswith("hmac-sha256:") and made["accessor"].startswith("hmac-sha256:")
        assert used["auth"]["display_name"] == display_name and used["auth"]["metadata"] == metadata
        assert used["auth"]["client_token"] == made["client_token"] and used["request"]["client_token"] == made["client_token"]
        assert used["auth"]["policies"] == ["default", "p"] and used["auth"]["policy_results"]["allowed"] is True
        for secret in (token, *body.values()):
            assert secret not in text
    for mount in logins:
        client.sys.disable_auth_method(mount)
