"""Bodies of many MiB: several at once, and what a secret may hold."""

import collections
import concurrent.futures
import json
import socket

import pytest
from harness import read_reply, status_of

MIB = 1 << 20


@pytest.fixture
def server(new_server):
    return new_server().ready()


def send(server, path, body):
    """The reply, also where it comes before the whole body has been taken."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            f"PUT /v1/{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Vault-Token: {server.token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode())
        try:
            connection.sendall(body)
        except OSError:
            pass
        return read_reply(connection)


def test_more_large_bodies_than_there_is_room_for_are_refused_with_503_and_are_on_record(server):
    body = b"x" * (20 * MIB)  # Refused once it is read, so that a debug build is fast enough.
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        replies = list(pool.map(lambda n: send(server, f"secret/data/large{n}", body), range(24)))
    counts = collections.Counter(status_of(reply) for reply in replies)
    assert set(counts) == {400, 503}, counts
    refused = [reply for reply in replies if status_of(reply) == 503]
    assert all(b"retry-after: 1" in reply.lower() and b"large request bodies" in reply for reply in refused), refused[0][:400]
    records = [json.loads(line) for line in server.audit_path.read_text().splitlines()]
    recorded = [line for line in records if line["type"] == "response" and line["response"].get("status_code") == 503]
    assert len(recorded) == len(refused)
    assert all(line["request"]["client_token"].startswith("hmac-sha256:") for line in recorded)
    server.get("auth/token/lookup-self").expect(200)


@pytest.mark.parametrize("path, wrap", [("secret/data/grown", '{"data":%s}'), ("kv1/grown", "%s")])
def test_a_secret_that_would_grow_past_its_limit_is_refused_with_its_size(server, path, wrap):
    body = wrap % ('{"a":"' + "\\b" * (6 * MIB) + '"}')  # Six bytes kept for two that are sent.
    refused = server.request("POST", path, body=body.encode(), timeout=120)
    assert refused.status == 413 and "(32 MiB) are kept" in refused.errors[0], refused.errors
    assert server.get(path).status == 404
