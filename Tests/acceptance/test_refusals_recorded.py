"""What is refused before it reaches the pipeline, and what the audit trail says of it."""

import json
import secrets
import socket
import time

import pytest
from harness import read_reply, status_of


@pytest.fixture
def server(new_server):
    return new_server().ready()


def lines(server):
    found = [json.loads(line) for line in server.audit_path.read_text().splitlines()]
    return [line for line in found if line["type"] in ("request", "response")]


def wait(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def send(server, head, body=b""):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        return read_reply(connection)


@pytest.mark.parametrize("path, status, headers, body", [
    ("secret/data/large", 413, "Content-Length: 99999999999\r\n", b""),
    ("secret/data/large", 413, "Content-Length: 2000000\r\n", b""),
    ("secret/data/large", 413, "Transfer-Encoding: chunked\r\n", b"200000\r\n" + b"x" * 0x200000 + b"\r\n"),
    ("secret/data/zipped", 415, "Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"ab"),
    ("secret/data/twice", 400, "X-Vault-Token: a\r\n", b""),
])
def test_a_refusal_of_the_listener_leaves_a_line(server, path, status, headers, body):
    before = len(lines(server))
    token = secrets.token_hex(16)
    reply = send(server, f"PUT /v1/{path}?version=1 HTTP/1.1\r\nHost: h\r\nX-Vault-Token: {token}\r\n{headers}\r\n", body)
    assert status_of(reply) == status, reply[:300]
    more = lines(server)[before:]
    assert [line["type"] for line in more] == ["request", "response"]
    for line in more:
        assert line["request"]["path"] == path and line["request"]["operation"] == "put" and line["error"]
        assert line["request"]["remote_address"] == "127.0.0.1"
        assert line["request"]["client_token"].startswith("hmac-sha256:")
    assert more[1]["response"]["status_code"] == status
    assert token not in server.audit_path.read_text() and "version" not in json.dumps(more)


def test_without_an_audit_device_that_works_nothing_is_answered(server):
    assert server.stop() == 0
    server.audit_directory.rename(server.directory / "away")
    server.start()
    wait(lambda: server.get("sys/health", token=None).status == 503)
    reply = send(server, "PUT /v1/secret/data/large HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n")
    assert status_of(reply) == 500


def test_a_token_glued_to_a_name_is_not_in_the_trail(server):
    token = server.post("auth/token/create", {"policies": ["default"]}).expect(200).json["auth"]["client_token"]
    for path in (f"secret/data/foo-{token}", f"secret/data/{token}-bar", f"none/x{token}y/z"):
        server.get(path)
        server.get(path, token=None)
    assert token not in server.audit_path.read_text()
    assert "secret/data/hmac-sha256:" in server.audit_path.read_text()


def test_a_new_device_is_refused_the_file_of_one_that_was_disabled(server):
    options = {"type": "file", "options": {"file_path": str(server.audit_path)}}
    server.delete("sys/audit/file").expect(204)
    refused = server.put("sys/audit/file", options)
    assert refused.status == 400 and "holds lines already" in refused.json["errors"][0], refused.json
    kept = server.audit_path.read_bytes()
    server.audit_path.rename(server.audit_path.with_suffix(".1"))
    server.put("sys/audit/file", options).expect(204)
    server.get("secret/data/none").expect(404)
    assert server.audit_path.with_suffix(".1").read_bytes() == kept
    assert '"type":"break"' not in server.audit_path.read_text()
    verified = server.cli("audit", "verify", str(server.audit_path))
    assert verified.returncode == 0, verified.stderr
