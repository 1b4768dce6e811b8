"""Whatever is wrong with a request, the answer is a clear 4xx that keeps the caller's values to itself."""

import canary
import pytest
from harness import status_of

CANARY = canary.make("badinput")
PLAIN = CANARY.split("/")[0]


@pytest.fixture(scope="module", autouse=True)
def configured(server):
    """A mount whose configuration may be spoilt."""
    server.mount("configured", version="2")


@pytest.fixture(autouse=True)
def still_up(server):
    server.put("kv1/alive", {"v": "yes"}).expect(204)
    yield
    assert server.get("kv1/alive").data["v"] == "yes"


def refused(reply, *statuses):
    assert reply.status in (statuses or range(400, 500)), f"{reply.status}: {reply.body[:300]!r}"
    assert reply.errors, "a refusal must say what is wrong"
    assert canary.leaks({"reply": reply.body}, [CANARY]) == []
    return reply


MALFORMED = {
    "empty text": b" ", "no value": b'{"data":}', "half an object": b'{"data": {"a": 1}', "single quotes": b"{'data': {}}",
    "trailing comma": b'{"data": {"a": 1,}}', "text after": b'{"data": {}} x', "two values": b'{"data": {}}{"data": {}}',
    "comment": b'{"data": {} /* c */}', "NaN": b'{"data": {"a": NaN}}', "Infinity": b'{"data": {"a": -Infinity}}',
    "leading zero": b'{"data": {"a": 01}}', "hex number": b'{"data": {"a": 0x1}}', "plus": b'{"data": {"a": +1}}',
    "bare point": b'{"data": {"a": 1.}}', "bare exponent": b'{"data": {"a": 1e}}', "bad escape": b'{"data": {"a": "\\x"}}',
    "half escape": b'{"data": {"a": "\\u12"}}', "lone surrogate": b'{"data": {"a": "\\ud800"}}',
    "reversed surrogates": b'{"data": {"a": "\\udc00\\ud800"}}', "raw newline": b'{"data": {"a": "x\ny"}}',
    "raw NUL": b'{"data": {"a": "x\0y"}}', "not UTF-8": b'{"data": {"a": "\xff\xfe"}}', "overlong UTF-8": b'{"data": {"a": "\xc0\xaf"}}',
    "surrogate in UTF-8": b'{"data": {"a": "\xed\xa0\x80"}}', "BOM": b'\xef\xbb\xbf{"data": {}}', "UTF-16": '{"data": {}}'.encode("utf-16"),
    "array": b"[1]", "string": b'"x"', "number": b"5", "null": b"null", "true": b"true",
    "duplicate key": b'{"data": {"a": 1}, "data": {"a": 2}}', "duplicate inside": b'{"data": {"a": 1, "a": 2}}',
    "duplicate by escape": b'{"data": {"a": 1, "\\u0061": 2}}',
    "too deep": b'{"data": ' + b'{"a":' * 70 + b"1" + b"}" * 70 + b"}", "far too deep": b"[" * 200_000,
    "deep and open": b'{"data": ' + b'{"a":' * 100_000,
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("path", ["secret/data/bad", "kv1/bad", "sys/policies/acl/bad", "auth/token/create"])
def test_malformed_json(server, name, path):
    body = MALFORMED[name].replace(b'"a"', f'"{PLAIN}"'.encode(), 1) if name not in ("duplicate inside", "duplicate by escape") else MALFORMED[name]
    if name == "null" and path == "auth/token/create":
        server.post(path, body).expect(200)  # to Vault, null is no body, and this path needs none
        return
    refused(server.post(path, body), 400)


@pytest.mark.parametrize("path", ["sys/init", "sys/unseal"])
@pytest.mark.parametrize("name", ["half an object", "duplicate key", "too deep", "array", "not UTF-8"])
def test_malformed_json_from_nobody(server, path, name):
    refused(server.put(path, MALFORMED[name], token=None), 400)


def test_too_large(server):
    refused(server.post("kv1/large", {"v": "x" * (1024 * 1024 + 1)}, token="wrong"), 413)
    refused(server.post("auth/userpass/login/x", {"password": "x" * (1024 * 1024 + 1)}, token=None), 413)
    head = f"PUT /v1/kv1/large HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {server.token}\r\nContent-Length: {32 * 1024 * 1024 + 1}\r\n\r\n"
    assert status_of(server.raw(head.encode())) == 413
    refused(server.post("secret/data/large", b'{"data":{' + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}}"), 400, 413)
    assert server.post("kv1/large", {"v": "x" * 900_000}).status == 204


TYPES = {
    "null": None, "string": CANARY, "number": 7, "negative": -1, "fraction": 1.5, "huge": 10**30, "true": True,
    "list": [CANARY], "list of lists": [[CANARY]], "object": {"k": CANARY}, "deep object": {"k": {"l": [CANARY]}}, "empty string": "",
    "empty list": [], "empty object": {},
}

# (method, path, body that is accepted, field, kinds that the field may hold). Everything else must be refused.
FIELDS = [
    ("POST", "secret/data/f", {"data": {"a": 1}}, "data", {"object", "deep object", "empty object"}),
    ("POST", "secret/data/f", {"data": {"a": 1}}, "options", {"null", "empty object", "object", "deep object"}),
    ("POST", "secret/data/f", {"data": {"a": 1}}, "options.cas", {"null"}),
    ("POST", "secret/delete/f", {}, "versions", {"string!", "number"}),
    ("POST", "secret/undelete/f", {}, "versions", {"number"}),
    ("POST", "secret/destroy/f", {}, "versions", {"number"}),
    ("POST", "secret/metadata/f", {}, "max_versions", {"null", "number"}),
    ("POST", "secret/metadata/f", {}, "cas_required", {"null", "true"}),
    ("POST", "secret/metadata/f", {}, "delete_version_after", {"null", "number", "empty string"}),
    ("POST", "secret/metadata/f", {}, "custom_metadata", {"null", "object", "empty object"}),
    ("POST", "configured/config", {}, "max_versions", {"null", "number"}),
    ("POST", "configured/config", {}, "cas_required", {"null"}),
    ("POST", "configured/config", {}, "delete_version_after", {"null", "empty string"}),
    ("PUT", "sys/policies/acl/f", {}, "policy", set()),
    ("PUT", "sys/policy/f", {}, "policy", set()),
    ("POST", "sys/mounts/f", {}, "type", set()),
    ("POST", "sys/mounts/f-{n}", {"type": "kv"}, "config", {"null", "empty object", "object", "deep object"}),
    ("POST", "sys/mounts/f-{n}", {"type": "kv"}, "options", {"null", "empty object", "object"}),
    ("POST", "sys/mounts/f-{n}", {"type": "kv"}, "description", {"null", "string", "empty string", "number", "true"}),
    ("POST", "sys/mounts/f-{n}", {"type": "kv"}, "config.default_lease_ttl", {"null", "number", "empty string"}),
    ("POST", "sys/mounts/f-{n}", {"type": "kv"}, "config.max_lease_ttl", {"null", "number", "empty string"}),
    ("POST", "sys/mounts/f-{n}", {"type": "kv"}, "options.version", {"null", "empty string"}),
    ("POST", "sys/mounts/kv1/tune", {}, "default_lease_ttl", {"null", "number", "empty string"}),
    ("POST", "sys/mounts/kv1/tune", {}, "options", {"null", "empty object", "object"}),
    ("POST", "sys/remount", {"to": "elsewhere"}, "from", set()),
    ("POST", "auth/token/create", {}, "policies", {"null", "string", "list", "empty list", "empty string"}),
    ("POST", "auth/token/create", {}, "ttl", {"null", "number", "empty string"}),
    ("POST", "auth/token/create", {}, "explicit_max_ttl", {"null", "number", "empty string"}),
    ("POST", "auth/token/create", {}, "period", {"null", "number", "empty string"}),
    ("POST", "auth/token/create", {}, "num_uses", {"null", "number"}),
    ("POST", "auth/token/create", {}, "renewable", {"null", "true"}),
    ("POST", "auth/token/create", {}, "no_parent", {"null", "true"}),
    ("POST", "auth/token/create", {}, "meta", {"null", "object", "empty object"}),
    ("POST", "auth/token/create", {}, "type", {"null", "empty string"}),
    ("POST", "auth/token/lookup", {}, "token", set()),
    ("POST", "auth/token/lookup-accessor", {}, "accessor", set()),
    ("POST", "auth/token/renew", {}, "token", set()),
    ("POST", "auth/token/renew-self", {}, "increment", {"null", "number", "empty string"}),
    ("POST", "auth/token/revoke-accessor", {}, "accessor", set()),
    ("POST", "auth/token/roles/f", {}, "token_period", {"null", "number", "empty string"}),
    ("POST", "auth/token/roles/f", {}, "orphan", {"null", "true"}),
    ("POST", "auth/token/roles/f", {}, "path_suffix", {"null", "empty string", "string"}),
    ("PUT", "sys/audit/f", {"type": "file"}, "options", set()),
    ("PUT", "sys/audit/f", {}, "type", set()),
    ("PUT", "sys/audit-hash/file", {}, "input", {"string", "empty string"}),
    ("POST", "sys/capabilities-self", {}, "paths", {"string", "list"}),
    ("PUT", "sys/unseal", {}, "key", set()),
    ("PUT", "sys/init", {}, "secret_shares", set()),
]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("method,path,body,field,accepted", FIELDS, ids=[f"{f[1]}:{f[3]}" for f in FIELDS])
def test_wrong_type(server, method, path, body, field, accepted, kind):
    value = TYPES[kind]
    outer, _, inner = field.partition(".")
    sent = {**body, outer: {inner: value} if inner else value}
    n = abs(hash((field, kind))) % 10**8
    reply = server.request(method, path.replace("{n}", str(n)), sent)
    assert reply.status < 500, reply.body[:300]
    if reply.status >= 400 and field not in ("type", "from"):  # which are names, and may be named
        assert canary.leaks({"reply": reply.body}, [CANARY]) == []
    if kind in accepted or not accepted and kind in ("string", "empty string") or path == "sys/unseal" and reply.status == 200:
        return
    # Vault takes text for numbers, numbers for text and one for a list; only the shapes that cannot be read must fail.
    lenient = {"number", "true", "fraction", "negative", "huge", "empty list", "empty object", "null", "empty string"}
    if kind in lenient:
        return
    assert 400 <= reply.status < 500 and reply.errors, reply


@pytest.mark.parametrize("field", ["ttl", "explicit_max_ttl", "period"])
@pytest.mark.parametrize("value", [
    -1, "-1", "-1h", "1.5s", 1.5, "1h-30m", "h", "1x", "1h 30m", " 1h", "1H", "99999999999999999999", 10**19, "9" * 400 + "h",
    "1e3", "0x10", "１h", "∞", "1h1h1h" * 50, "+1h", "2562048h",
])
def test_absurd_ttl(server, field, value):
    refused(server.post("auth/token/create", {"policies": ["default"], field: value}), 400)


@pytest.mark.parametrize("value", [0, "0", "0s", ""])
def test_zero_ttl_means_the_default_never_forever(server, value):
    made = server.post("auth/token/create", {"policies": ["default"], "ttl": value}).expect(200).json["auth"]
    assert 0 < made["lease_duration"] <= 32 * 86400


@pytest.mark.parametrize("path", ["sys/mounts/kv1/tune", "sys/auth/token/tune"])
@pytest.mark.parametrize("value", ["1.5s", "x", "-5", -5, 10**19])
def test_absurd_mount_ttl(server, path, value):
    refused(server.post(path, {"default_lease_ttl": value}), 400)


@pytest.mark.parametrize("text", [
    "", "path", 'path "x"', 'path "x" {', 'path "x" }', 'path "x" { capabilities = [ }', 'path "x" { capabilities = ["read" }',
    'path "x" { capabilities = ["read",,] }', 'path "x" { capabilities = ["read"] capabilities = ["list"] }',
    'path "x" { capabilities = [read] }', 'path "x" { capabilities = 5 }', 'path "x" { min_wrapping_ttl = "-1s" }',
    'path "x" { min_wrapping_ttl = "2h" max_wrapping_ttl = "1h" }', 'path "x" { allowed_parameters = ["a"] }', "\0", "\ufeff{}",
    'path "x" { capabilities = ["read"] } trailing', "/* never ends", 'path "never ends', '{"path": {"x": {"capabilities": "read"}}',
    '{"path": {"x": {"capabilities": ["read"]}, "x": {"capabilities": ["deny"]}}}', "${file(\"/etc/passwd\")}", "path \"x\" { " * 2000,
    'path "+*" { capabilities = ["read"] }', 'path "a/+b" { capabilities = ["fly"] }',
])
def test_bad_policy_text(server, text):
    refused(server.put("sys/policies/acl/bad-text", {"policy": text}), 400)


def test_bad_base64_policy_and_shares(server):
    refused(server.put("sys/policies/acl/b64", {"policy": "!!!" + CANARY}), 400)


@pytest.mark.parametrize("key", ["", "!!!", "zz", "a", "AAAA", "00" * 5000, "é", pytest.param(CANARY, id="canary")])
def test_bad_unseal_shares(new_server, key):
    server = new_server(seal="shamir").start()
    made = server.put("sys/init", {"secret_shares": 3, "secret_threshold": 2}, token=None).json
    refused(server.put("sys/unseal", {"key": key}, token=None), 400)
    for share in made["keys"][:2]:
        status = server.put("sys/unseal", {"key": share}, token=None).expect(200).json
    assert status["sealed"] is False


@pytest.mark.parametrize("name", ["", " ", " a", "a/", "../x", "a%2fb", "ROOT%20", "x" * 3000, "a%00b", "e\u0301", "a*", "a+"])
def test_bad_policy_names(server, name):
    reply = server.put("sys/policies/acl/" + name.replace(" ", "%20").replace("\u0301", "%CC%81"), {"policy": 'path "x" { capabilities = ["read"] }'})
    assert 400 <= reply.status < 500


@pytest.mark.parametrize("query", ["version=x", "version=1.5", "version=99999999999999999999", "version=1&version=2", "version=%ff"])
def test_bad_query(server, query):
    server.post("secret/data/q", {"data": {"a": 1}}).expect(200)
    refused(server.get(f"secret/data/q?{query}"), 400, 404)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", "application/cbor"])
def test_form_bodies_are_no_way_in(server, kind):
    reply = server.post("kv1/form", b"v=" + PLAIN.encode(), headers={"Content-Type": kind})
    refused(reply, 400, 415)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_compressed_bodies_are_refused(server, encoding):
    refused(server.post("kv1/zip", b"\x1f\x8b" + b"\0" * 50, headers={"Content-Encoding": encoding}), 415)


def test_secret_keys_and_values_of_odd_shapes_are_kept(server):
    odd = {"": "empty", " ": "space", "é": "ü", "a.b": 1, "__proto__": {}, "$ref": "#", "\u0000": "\u0000", "😀": ["😀"], "x" * 1000: None}
    server.post("secret/data/odd", {"data": odd}).expect(200)
    assert server.get("secret/data/odd").data["data"] == odd


def test_memory_stays_bounded(server):
    before = server.resident_kib()
    for _ in range(30):
        for name in ("too deep", "far too deep", "deep and open", "duplicate inside"):
            server.post("secret/data/bad", MALFORMED[name])
        server.post("kv1/large", b'{"v":"' + b"x" * 4_000_000)
        server.post("secret/data/large", b'{"data":[' + b"{}," * 300_000 + b"1]}")
    grown = server.resident_kib() - before
    assert grown < 150 * 1024, f"grew by {grown} KiB"
