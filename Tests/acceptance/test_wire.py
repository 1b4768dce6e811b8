"""Below HTTP clients: odd paths, headers, bodies and connections, as raw bytes."""

import socket
import threading
import time

import pytest
from harness import read_reply, status_of


@pytest.fixture(autouse=True)
def still_up(server):
    yield
    assert server.get("sys/health", token=None).status == 200


def message(server, method, target, headers=(), body=b"", version=b"HTTP/1.1", token=True):
    target = target if isinstance(target, bytes) else target.encode()
    lines = [method.encode() + b" " + target + b" " + version, b"Host: x", b"Connection: close"]
    if token:
        lines.append(b"X-Vault-Token: " + server.token.encode())
    lines += [h if isinstance(h, bytes) else h.encode() for h in headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


DOTTED = [
    "/v1/kv1/../sys/mounts", "/v1/kv1/./x", "/v1/kv1/..", "/v1/kv1/.", "/v1/../v1/kv1/x", "/v1/./kv1/x", "/v1/kv1/a/../b",
    "/v1/kv1/%2e%2e/sys/mounts", "/v1/kv1/%2E%2E/x", "/v1/kv1/.%2e/x", "/v1/kv1/%2e./x", "/v1/kv1/%2e/x", "/v1/kv1/%252e%252e/x",
    "/v1/kv1/%25252e%25252e/x", "/v1/kv1/..%2fsys", "/v1/kv1/a%2fb", "/v1/kv1/a%2Fb", "/v1/kv1/a%252fb", "/v1/kv1/a%5cb",
    "//v1/kv1/x", "/v1/kv1//../x", "/v1//kv1/./x", "/v1/kv1//a%2fb", "/v1//", "/v1/kv1/a%00b", "/v1/kv1/a%0ab", "/v1/kv1/a%7fb", "/v1/kv1/a%c2%85b",
    "/v1/kv1/%c0%ae%c0%ae/x", "/v1/kv1/%c0%af", "/v1/kv1/%ff", "/v1/kv1/%e0%80%af", "/v1/kv1/%", "/v1/kv1/%2", "/v1/kv1/%zz", "/v1/kv1/%u002e",
    "/v1/kv1/e%cc%81", "/v1/kv1/%e2%80%ae", "/v1/kv1/%ef%bb%bfx",
    "/v1/" + "kv1/" + "a/" * 600, "/v1/kv1/" + "a" * 2100,
]


@pytest.mark.parametrize("method", ["GET", "PUT", "LIST", "DELETE"])
@pytest.mark.parametrize("target", DOTTED, ids=[t if len(t) < 50 else t[:20] + f"…{len(t)}" for t in DOTTED])
def test_ambiguous_paths_are_refused_before_routing(server, method, target):
    body = b'{"v":"1"}' if method == "PUT" else b""
    reply = server.raw(message(server, method, target, body=body))
    assert status_of(reply) in ({400} if not target.startswith("//") else {400, 404}), reply[:300]


@pytest.mark.parametrize("method", ["GET", "PUT", "LIST", "DELETE"])
@pytest.mark.parametrize("target, clean", [
    ("/v1/kv1//x", "/v1/kv1/x"), ("/v1//kv1/x?a=//", "/v1/kv1/x?a=//"), ("/v1/kv1/x//", "/v1/kv1/x/"), ("/v1////kv1///x", "/v1/kv1/x"),
])
def test_doubled_slashes_are_redirected(server, method, target, clean):
    """As `$BASE/` + `/path` makes them; the method and the body are kept by what 307 means."""
    reply = server.raw(message(server, method, target, body=b'{"v":"1"}' if method == "PUT" else b""))
    assert status_of(reply) == 307, reply[:300]
    assert b"\r\nlocation: " + clean.encode() + b"\r\n" in reply


@pytest.mark.parametrize("target", ["/v1/kv1/x y", "/v1/kv1/\x01", b"/v1/kv1/\xff", b"/v1/kv1/\x00", "/v1/kv1/x#frag", "*", "http://x/v1/kv1/x", ""])
def test_malformed_targets(server, target):
    reply = server.raw(message(server, "GET", target))
    assert status_of(reply) in (None, 400, 404, 200) and b"HTTP/1.1 5" not in reply
    if target not in ("/v1/kv1/x#frag", "http://x/v1/kv1/x", "*"):
        assert status_of(reply) != 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/sys/health", "/favicon.ico", "/ui/", "/debug/pprof", "/v1/sys/quit", "/quit", "/metrics"])
def test_nothing_else_is_served(server, path):
    assert status_of(server.raw(message(server, "GET", path))) in (400, 404, 405)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "GETT", "get", "S" * 100])
def test_other_methods_are_refused(server, method):
    target = "x:1" if method == "CONNECT" else "/v1/kv1/x"
    assert status_of(server.raw(message(server, method, target))) in (None, 400, 404, 405, 501)


HEADERS = {
    "both lengths": ["Content-Length: 5", "Transfer-Encoding: chunked"],
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "negative length": ["Content-Length: -1"],
    "text length": ["Content-Length: x"],
    "plus length": ["Content-Length: +5"],
    "huge length": ["Content-Length: 99999999999999999999999"],
    "unknown coding": ["Transfer-Encoding: gzip"],
    "folded header": ["X-A: b\r\n c"],
    "space in name": ["X A: b"],
    "NUL in value": [b"X-A: a\0b"],
    "bare CR": [b"X-A: a\rb: c"],
    "two tokens": ["X-Vault-Token: other"],
    "token and bearer": ["Authorization: Bearer other"],
}


@pytest.mark.parametrize("name", HEADERS)
def test_contradictory_headers(server, name):
    reply = server.raw(message(server, "PUT", "/v1/kv1/smuggled", HEADERS[name]) + b'{"v":1}\r\n0\r\n\r\n', half_close=True)
    assert status_of(reply) in (None, 400, 413, 501), reply[:200]
    assert server.get("kv1/smuggled").status == 404


def test_requests_are_not_smuggled(server):
    inner = message(server, "PUT", "/v1/kv1/inner", body=b'{"v":"1"}')
    outer = message(server, "PUT", "/v1/kv1/outer", ["Transfer-Encoding: chunked", "Content-Length: 4"]) + b"0\r\n\r\n" + inner
    server.raw(outer, half_close=True)
    assert server.get("kv1/inner").status == 404


@pytest.mark.parametrize("headers", [
    [f"X-H{n}: v" for n in range(101)], [f"X-H{n}: v" for n in range(5_000)], ["X-Big: " + "a" * 17_000], ["X-Big: " + "a" * 2_000_000],
    ["X-" + "a" * 20_000 + ": 1"], [f"X-H{n}: {'a' * 300}" for n in range(90)],
], ids=["101 headers", "5,000 headers", "17 KB", "2 MB", "long name", "27 KB together"])
def test_too_many_header_bytes(server, headers):
    reply = server.raw(message(server, "GET", "/v1/sys/health", headers))
    assert status_of(reply) in (None, 400, 431), reply[:200]


def test_ordinary_headers_pass(server):
    reply = server.raw(message(server, "GET", "/v1/sys/health", [f"X-H{n}: {'a' * 60}" for n in range(60)]))
    assert status_of(reply) == 200


def test_an_endless_chunked_body_is_cut_off(server):
    before = server.resident_kib()
    head = message(server, "PUT", "/v1/kv1/endless", ["Transfer-Encoding: chunked"])
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        connection.sendall(head)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            for _ in range(1_000):
                connection.sendall(chunk)
                sent += 65536
        except OSError:
            pass
        reply = read_reply(connection)
    assert status_of(reply) in (None, 413) and b"HTTP/1.1 5" not in reply
    assert server.resident_kib() - before < 100 * 1024
    assert server.get("kv1/endless").status == 404


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"-1\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\nx\r\n", b"5\r\nab\r\n0\r\n\r\n", b"5;" + b"e" * 100_000 + b"\r\nabcde\r\n"])
def test_bad_chunks(server, chunks):
    reply = server.raw(message(server, "PUT", "/v1/kv1/chunks", ["Transfer-Encoding: chunked"]) + chunks, half_close=True, timeout=20)
    assert status_of(reply) in (None, 400, 413)
    assert server.get("kv1/chunks").status == 404


def test_a_half_closed_connection_is_answered_or_closed(server):
    reply = server.raw(message(server, "GET", "/v1/sys/health"), half_close=True)
    assert status_of(reply) in (None, 200)
    cut = message(server, "PUT", "/v1/kv1/cut", ["Content-Length: 100"]) + b'{"v":'
    assert status_of(server.raw(cut, half_close=True)) in (None, 400)
    assert server.get("kv1/cut").status == 404


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, b"\0" * 10_000, b"\xff" * 10_000, b"GET\r\n\r\n", b"\r\n" * 1000,
    b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /v1/sys/health HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
    b"GET /v1/sys/health HTTP/9.9\r\n\r\n", b"GET /v1/sys/health\r\n", b"SSH-2.0-x\r\n",
], ids=range(10))
def test_other_protocols(server, garbage):
    reply = server.raw(garbage, half_close=True)
    assert b"HTTP/1.1 5" not in reply.replace(b"HTTP/1.1 505", b"")


def test_slow_clients_do_not_keep_others_waiting(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    try:
        for n, connection in enumerate(slow):
            connection.sendall(b"PUT /v1/kv1/slow HTTP/1.1\r\nHost: x\r\n" + (b"Content-Length: 50\r\n\r\n{" if n % 2 else b"X-A"))
        started = time.monotonic()
        for _ in range(20):
            server.get("kv1/none").expect(404)
        assert time.monotonic() - started < 5
    finally:
        for connection in slow:
            connection.close()


def test_a_slow_body_is_given_up(new_server):
    """The time limits of the listener end a request that trickles in."""
    server = new_server()
    text = server.configuration.read_text().replace(
        "tls_disable = true", 'tls_disable = true\n  http_read_header_timeout = "1s"\n  http_read_timeout = "2s"')
    server.configuration.write_text(text)
    server.ready()
    for opening in (b"PUT /v1/kv1/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{", b"GET /v1/sys/health HTTP/1.1\r\nX-A"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(opening)
            started, ended = time.monotonic(), False
            while time.monotonic() - started < 15:
                try:
                    connection.sendall(b"x")
                    connection.settimeout(0.3)
                    if connection.recv(4096) == b"":
                        ended = True
                        break
                except TimeoutError:
                    continue
                except OSError:
                    ended = True
                    break
            assert ended, "a trickling request was never given up"


def test_many_connections_at_once(server):
    errors = []

    def ask():
        try:
            server.get("sys/health", token=None, timeout=30).expect(200)
        except (OSError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []

