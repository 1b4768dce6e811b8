"""Published weaknesses of systems like this one: each as a test that fails when its bug is put back.

docs/security-cases.md maps every row that applies to its test, here or elsewhere.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import resource
import socket
import sqlite3
import stat
import subprocess
import time

import canary
import pytest
from harness import ROOT, status_of

UNAUTHENTICATED = {
    ("GET", "sys/health"), ("HEAD", "sys/health"), ("GET", "sys/seal-status"), ("GET", "sys/init"), ("PUT", "sys/init"),
    ("POST", "sys/init"), ("PUT", "sys/unseal"), ("POST", "sys/unseal"), ("GET", "sys/leader"),
    ("GET", "sys/internal/specs/openapi"), ("GET", "sys/internal/ui/mounts"), ("PUT", "sys/mfa/validate"), ("POST", "sys/mfa/validate"), ("GET", "sys/wrapping/lookup"), ("POST", "sys/wrapping/lookup"), ("PUT", "sys/wrapping/lookup"),
}

SYS_PATHS = [
    "sys/health", "sys/seal-status", "sys/init", "sys/unseal", "sys/leader", "sys/seal", "sys/ha-status", "sys/step-down", "sys/host-info",
    "sys/metrics", "sys/version-history", "sys/internal/ui/mounts", "sys/internal/ui/mounts/secret/x", "sys/internal/ui/resultant-acl",
    "sys/internal/counters/activity", "sys/capabilities", "sys/capabilities-self", "sys/capabilities-accessor", "sys/mounts",
    "sys/mounts/secret", "sys/mounts/secret/tune", "sys/mounts/auth/token/tune", "sys/remount", "sys/remount/status/x", "sys/auth",
    "sys/auth/token", "sys/auth/token/tune", "sys/policies/acl", "sys/policies/acl/default", "sys/policy", "sys/policy/default", "sys/audit",
    "sys/audit/file", "sys/audit-hash/file", "sys/leases/lookup", "sys/leases/renew", "sys/leases/revoke", "sys/leases/revoke-prefix/x",
    "sys/leases/revoke-force/x", "sys/renew", "sys/revoke", "sys/wrapping/wrap", "sys/wrapping/unwrap", "sys/wrapping/rewrap",
    "sys/key-status", "sys/rotate", "sys/generate-root/attempt", "sys/generate-root/update", "sys/rekey/init", "sys/rekey/update",
    "sys/rekey/verify", "sys/rekey/backup", "sys/rekey-recovery-key/init", "sys/rekey-recovery-key/update", "sys/quotas/config",
    "sys/config/cors", "sys/config/state/sanitized", "sys/config/ui/headers/x", "sys/tools/random", "sys/plugins/catalog", "sys/raw/x",
    "sys/license/status", "sys/storage/raft/remove-peer", "sys/storage/raft/join", "sys/storage/raft/snapshot", "sys/managed-keys",
    "sys/pprof", "sys/pprof/heap", "sys/monitor", "sys/namespaces", "sys/in-flight-req", "sys/no-such-route",
    "auth/token/create", "auth/token/create-orphan", "auth/token/create/r", "auth/token/lookup", "auth/token/lookup-self",
    "auth/token/lookup-accessor", "auth/token/renew", "auth/token/renew-self", "auth/token/renew-accessor", "auth/token/revoke",
    "auth/token/revoke-self", "auth/token/revoke-accessor", "auth/token/revoke-orphan", "auth/token/accessors", "auth/token/roles",
    "auth/token/roles/r", "auth/token/tidy", "secret/data/x", "secret/metadata/x", "secret/config", "secret/subkeys/x", "cubbyhole/x",
]


def rows_in_database(server):
    connection = sqlite3.connect(f"file:{server.database()}?mode=ro", uri=True)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    count = sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)
    connection.close()
    return count


def eventually(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.05)


# Mounts and caches

def test_cve_2019_11075_nothing_is_served_from_a_cache_after_disable(server):
    server.mount("gone", version="2")
    server.post("gone/data/x", {"data": {"a": 1}}).expect(200)
    reader = server.new_token('path "gone/*" { capabilities = ["read", "list"] }')
    for _ in range(3):
        server.get("gone/data/x", token=reader).expect(200)
    server.delete("sys/mounts/gone").expect(204)
    for path, method in (("gone/data/x", "GET"), ("gone/metadata/x", "GET"), ("gone/subkeys/x", "GET"), ("gone/metadata", "LIST"), ("gone/config", "GET")):
        assert server.request(method, path, token=reader).status in (403, 404)
        assert server.request(method, path).status == 404
    server.mount("gone", version="2")
    assert server.get("gone/data/x").status == 404


def test_cve_2019_18617_disabling_a_mount_leaves_no_rows(server):
    before = rows_in_database(server)
    server.mount("short-lived", version="2")
    for n in range(60):
        server.post(f"short-lived/data/a/{n}", {"data": {"a": n}}).expect(200)
    assert rows_in_database(server) >= before + 60
    server.delete("sys/mounts/short-lived").expect(204)
    eventually(lambda: rows_in_database(server) <= before + 1)


def test_cve_2026_42186_a_delete_cut_short_leaves_nothing_after_a_retry(new_server):
    server = new_server().ready()
    before = rows_in_database(server)
    server.mount("big", version="1")
    for n in range(300):
        server.put(f"big/{n}", {"v": "1"}).expect(204)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: server.delete("sys/mounts/big", timeout=10))
        time.sleep(0.004)
        server.kill()
        try:
            asked.result()
        except OSError:
            pass
    server.start()
    assert server.delete("sys/mounts/big").status in (204, 400, 404)
    eventually(lambda: rows_in_database(server) <= before + 1)
    assert server.get("big/1").status == 404


# Access control

def test_cve_2020_10661_a_policy_does_not_cover_mounts_made_later_unless_it_matches(server):
    token = server.new_token('path "later/data/*" { capabilities = ["read"] }')
    for mount in ("later", "later-too", "laterx"):
        server.mount(mount, version="2")
        server.post(f"{mount}/data/x", {"data": {"a": 1}}).expect(200)
    assert server.get("later/data/x", token=token).status == 200
    for path in ("later-too/data/x", "laterx/data/x", "later/metadata/x"):
        assert server.get(path, token=token).status == 403


@pytest.mark.parametrize("method", ["LIST", "GET list"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("deny", ["secret/metadata/closed/*", "secret/metadata/closed*", "secret/metadata/closed", "secret/metadata/closed/", "secret/+/closed/*", "secret/metadata/+"])
def test_cve_2026_12624_and_cve_2026_63131_list_through_a_trailing_slash_is_denied(server, method, slash, deny):
    server.post("secret/data/closed/x", {"data": {"a": 1}}).expect(200)
    token = server.new_token(f'path "*" {{ capabilities = ["read", "list"] }}\npath "{deny}" {{ capabilities = ["deny"] }}')
    ask = lambda path: server.list(path, token=token) if method == "LIST" else server.get(path + "?list=true", token=token)
    assert ask("secret/metadata/closed" + slash).status == 403


@pytest.mark.parametrize("path", [
    "secret/delete/open/../closed", "secret/metadata/open/../closed", "secret/metadata/open/%2e%2e/closed", "secret/metadata/open/%252e%252e/closed",
    "secret/metadata/open%2f..%2fclosed", "secret/metadata/open/./../closed", "secret/data/open//../closed", "secret/destroy/open/..%2fclosed",
])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "LIST", "PATCH"])
def test_cve_2026_3605_dot_segments_do_not_reach_around_a_glob(server, path, method):
    token = server.new_token('path "secret/+/open/*" { capabilities = ["create", "read", "update", "delete", "list", "patch"] }')
    server.post("secret/data/closed", {"data": {"a": 1}}).expect(200)
    line = f"{method} /v1/{path} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {token}\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"
    assert status_of(server.raw(line.encode() + b'{"versions":[1]}')) in ({400, 415} if method == "PATCH" else {400})
    assert server.get("secret/data/closed").data["metadata"]["destroyed"] is False


@pytest.mark.parametrize("path", ["SECRET/data/x", "Secret/data/x", "secret/DATA/x", "secret/Data/x", "secret/data/X", "ſecret/data/x", "secret/data/x%20", "secret/data/%78"])
def test_cve_2026_89322_one_canonical_form_for_policy_and_routing(server, path):
    server.post("secret/data/x", {"data": {"canonical": "yes"}}).expect(200)
    token = server.new_token('path "*" { capabilities = ["read"] }\npath "secret/data/x" { capabilities = ["deny"] }')
    reply = server.get(path.replace("ſ", "%C5%BF"), token=token)
    assert reply.status in (400, 403, 404) and b"canonical" not in reply.body


def test_cve_2026_55775_the_path_is_made_canonical_before_the_policy_sees_it(server):
    token = server.new_token('path "kv1/%2e%2e/x" { capabilities = ["read"] }\npath "kv1/root" { capabilities = ["deny"] }\npath "kv1/*" { capabilities = ["read"] }')
    server.put("kv1/root", {"v": "hidden"}).expect(204)
    for path in ("kv1/root", "kv1/%72oot", "kv1/%2572oot", "kv1//root", "kv1/./root", "kv1/x/../root", "kv1/root/"):
        reply = server.get(path, token=token)
        # A doubled slash is sent on to the path without it, which is judged like any other.
        wanted = (307,) if path == "kv1//root" else (400, 403)
        assert reply.status in wanted and b"hidden" not in reply.body, path
    assert server.get("kv1//root", token=token).headers["location"] == "/v1/kv1/root"


@pytest.mark.parametrize("method,path,body", [
    ("GET", "sys/policy", None), ("GET", "sys/policy/default", None), ("PUT", "sys/policy/mine", {"policy": 'path "*" { capabilities = ["sudo"] }'}),
    ("DELETE", "sys/policy/default", None), ("LIST", "sys/policies/acl", None), ("GET", "sys/policies/acl?list=true", None),
    ("PUT", "sys/revoke", {"lease_id": "x"}), ("PUT", "sys/revoke/x", {}), ("PUT", "sys/renew", {"lease_id": "x"}), ("PUT", "sys/leases/revoke", {"lease_id": "x"}),
    ("PUT", "sys/revoke-prefix/x", {}), ("PUT", "sys/revoke-force/x", {}), ("POST", "sys/mounts/auth/token/tune", {"description": "x"}),
    ("POST", "sys/auth/token/tune", {"description": "x"}), ("PUT", "sys/remount", {"from": "secret", "to": "x"}), ("PUT", "sys/seal", None),
    ("PUT", "sys/rotate", None), ("GET", "sys/audit", None), ("GET", "sys/mounts", None), ("GET", "sys/raw/core/keyring", None),
    ("LIST", "auth/token/accessors", None), ("POST", "auth/token/create-orphan", {}), ("POST", "auth/token/revoke-orphan", {"token": "x"}),
])
def test_cve_2023_0665_and_cve_2026_45808_every_alias_of_a_route_is_authorised(server, method, path, body):
    token = server.new_token('path "secret/data/only" { capabilities = ["read"] }')
    assert server.request(method, path, body, token=token).status == 403
    assert server.get("secret/data/closed-or-not", token=token).status == 403


@pytest.mark.parametrize("path", ["sys/seal", "sys/rotate", "sys/step-down", "auth/token/create-orphan", "sys/raw/x", "sys/audit/x", "sys/auth/x", "auth/token/revoke-orphan"])
def test_sudo_paths_need_sudo(server, path):
    token = server.new_token('path "*" { capabilities = ["create", "read", "update", "delete", "list"] }')
    reply = server.put(path, {"type": "file", "options": {}, "token": "x"}, token=token)
    assert reply.status in (403, 404), (path, reply.status)
    assert server.get("sys/health", token=None).status == 200


@pytest.mark.parametrize("name", ["root", "ROOT", " Root", "Root ", "rOOt", "ｒｏｏｔ", "root\u200b", "root\0", "\troot", "rооt"])
def test_cve_2025_5999_and_cve_2025_54996_no_spelling_of_root_is_handed_out(server, name):
    weak = server.new_token('path "auth/token/create*" { capabilities = ["update", "sudo"] }\npath "auth/token/roles/*" { capabilities = ["update"] }')
    for body in ({"policies": [name]}, {"policies": name}, {"policies": ["default", name]}):
        reply = server.post("auth/token/create", body, token=weak)
        if reply.status == 200:
            made = reply.json["auth"]["client_token"]
            assert server.get("sys/mounts", token=made).status == 403
            assert "root" not in [p.strip().lower() for p in reply.json["auth"]["policies"]]
    reply = server.post("auth/token/roles/sneaky", {"allowed_policies": [name]})
    made = server.post("auth/token/create/sneaky", {"policies": [name]})
    if made.status == 200 and name.strip().lower() != "root":
        assert server.get("sys/mounts", token=made.json["auth"]["client_token"]).status == 403
    quoted = "".join(f"%{b:02x}" for b in name.encode())
    reply = server.put(f"sys/policies/acl/{quoted}", {"policy": 'path "x" { capabilities = ["read"] }'})
    assert reply.status in (400, 404)


@pytest.mark.parametrize("name", ["../default", "..%2fdefault", "a/../default", "%2e%2e", "a%5c..%5cdefault", "default%00", "default/", "*", "+", "a//b", "/a", "a%2fb", "default%cc%81/%cc%81x"])
def test_cve_2026_105820_and_cve_2026_115365_policy_names_are_paths_without_tricks(server, name):
    reply = server.put(f"sys/policies/acl/{name}", {"policy": 'path "*" { capabilities = ["sudo", "read"] }'})
    if "//" in f"/{name}":
        # Nothing is written at a path that is sent on.
        assert reply.status == 307 and server.get("sys/policies/acl/" + name.replace("//", "/").strip("/")).status == 404
        return
    assert reply.status in (400, 404) or name == "default/" and reply.status == 204
    token = server.new_token(policies=["default"], no_default_policy=False)
    assert server.get("sys/mounts", token=token).status == 403
    if name == "default/":
        assert reply.status != 204, "a trailing slash must not write another policy's name"


def test_cve_2022_30689_policies_hold_from_the_first_request_after_a_restart(new_server):
    server = new_server().ready()
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    token = server.new_token('path "secret/*" { capabilities = ["read"] }\npath "secret/data/x" { capabilities = ["deny"] }', num_uses=3)
    assert server.get("secret/data/x", token=token).status == 403
    revoked = server.new_token(policies=["root"], ttl="1h")
    server.post("auth/token/revoke", {"token": revoked}).expect(204)
    assert server.stop() == 0
    server.start()
    assert server.get("secret/data/x", token=token).status == 403
    assert server.get("secret/data/x", token=revoked).status == 403
    assert server.get("sys/audit").data["file/"]["type"] == "file"
    assert server.get("secret/data/y", token=token).status == 404
    assert server.get("secret/data/y", token=token).status == 403, "uses counted before the restart must count after it"


# Who may ask at all

@pytest.mark.parametrize("path", SYS_PATHS)
def test_cve_2021_3282_and_cve_2021_27668_and_cve_2022_36129_everything_else_needs_a_token(server, path):
    for method in ("GET", "LIST", "PUT", "POST", "DELETE", "PATCH", "HEAD"):
        if (method.replace("HEAD", "GET"), path) in UNAUTHENTICATED:
            continue
        kind = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
        reply = server.request(method, path, {} if method in ("PUT", "POST", "PATCH") else None, token=None, headers=kind)
        is_open = path in {open_path for _, open_path in UNAUTHENTICATED} or path.startswith("sys/internal/ui/mounts")
        allowed = {403, 405} if is_open else {403}
        if path == "sys/wrapping/unwrap":
            allowed = {400, 403}
        if method == "HEAD":
            allowed |= {405, 404}
        assert reply.status in allowed, (method, path, reply.status)


def test_cve_2020_25594_missing_and_existing_mounts_look_alike(server):
    weak = server.new_token('path "secret/data/only" { capabilities = ["read"] }')
    for method in ("GET", "LIST", "PUT", "DELETE"):
        for token, headers in ((None, None), ("hvs.wrong", None), (weak, None)):
            shapes = set()
            for path in ("secret/data/x", "no-such-mount/data/x", "kv1/x", "sys/mounts", "sys/no-such", "auth/token/accessors", "auth/none/login"):
                reply = server.request(method, path, {} if method == "PUT" else None, token=token)
                body = re.sub(rb"[0-9a-f-]{36}", b"ID", reply.body)
                shapes.add((reply.status, body, tuple(sorted(reply.headers))))
            assert len(shapes) == 1 and next(iter(shapes))[0] == 403, (method, shapes)


def test_cve_2026_115364_there_is_no_way_to_stop_the_server_by_request(server):
    for path in ("sys/quit", "sys/shutdown", "quit", "agent/v1/quit", "sys/reload", "sys/restart"):
        assert server.post(path, {}).status == 404
    assert server.is_running()


def test_cve_2025_4656_and_cve_2025_52894_and_cve_2026_5807_rekey_needs_a_token_and_a_nonce(new_server):
    server = new_server(seal="shamir").ready()
    started = server.put("sys/rekey/init", {"secret_shares": 2, "secret_threshold": 2}).expect(200)
    nonce = server.get("sys/rekey/init").expect(200).json.get("nonce") or started.json["data"]["nonce"]
    size = server.audit_path.stat().st_size
    for method, body in (("DELETE", None), ("PUT", {"secret_shares": 1, "secret_threshold": 1})):
        assert server.request(method, "sys/rekey/init", body, token=None).status == 403
    assert server.audit_path.stat().st_size > size, "refusals are audited"
    assert server.put("sys/rekey/update", {"key": server.unseal_keys[0], "nonce": "x"}).status == 400
    assert server.put("sys/rekey/update", {"key": server.unseal_keys[0], "nonce": nonce}).status == 200
    attempt = server.put("sys/generate-root/attempt", {}).expect(200).json
    assert server.delete("sys/generate-root/attempt", token=None).status == 403
    assert server.get("sys/generate-root/attempt").json["nonce"] == attempt["nonce"]


# Tokens

def test_cve_2019_18616_revoking_a_token_takes_its_descendants(server):
    parent = server.new_token(policies=["root"], ttl="1h")
    family = [parent]
    for _ in range(5):
        family.append(server.post("auth/token/create", {"policies": ["root"], "ttl": "1h"}, token=family[-1]).json["auth"]["client_token"])
    server.post("auth/token/revoke", {"token": parent}).expect(204)
    for token in family:
        assert server.get("auth/token/lookup-self", token=token).status == 403


def test_cve_2020_12757_a_roles_ttls_are_honoured_on_issue_and_renewal(server):
    server.post("auth/token/roles/short", {"token_explicit_max_ttl": "90s", "renewable": True, "allowed_policies": ["default"]}).expect(204)
    made = server.post("auth/token/create/short", {"policies": ["default"], "ttl": "10h"}).expect(200).json["auth"]
    assert made["lease_duration"] <= 90
    renewed = server.post("auth/token/renew", {"token": made["client_token"], "increment": "10h"}).expect(200).json["auth"]
    assert renewed["lease_duration"] <= 90
    server.post("auth/token/roles/periodic", {"token_period": "60s", "allowed_policies": ["default"]}).expect(204)
    made = server.post("auth/token/create/periodic", {"policies": ["default"], "ttl": "10h"}).expect(200).json["auth"]
    assert made["lease_duration"] == 60


def test_cve_2021_32923_renewal_near_the_end_never_makes_a_token_eternal(server):
    for increment in ("0", 0, "", "1s", 1, 3153600000, "99999h"):
        made = server.post("auth/token/create", {"policies": ["default"], "ttl": "2s", "explicit_max_ttl": "2s"}).expect(200).json["auth"]["client_token"]
        deadline = time.monotonic() + 1.6
        while time.monotonic() < deadline:
            time.sleep(0.02)
        server.post("auth/token/renew", {"token": made, "increment": increment})
        found = server.post("auth/token/lookup", {"token": made})
        if found.status == 200:
            assert found.data["expire_time"] is not None and found.data["ttl"] <= 2
        eventually(lambda: server.post("auth/token/lookup", {"token": made}).status == 403, 5)


def test_cve_2026_46405_a_refused_creation_leaves_no_token(server):
    # Tokens of other tests may end meanwhile; none may be new.
    accessors = lambda: set(server.list("auth/token/accessors").data["keys"])
    before = accessors()
    for body in ({"ttl": "x"}, {"num_uses": -1}, {"meta": "x"}, {"type": "nonsense"}, {"period": "-1s"}, {"explicit_max_ttl": []}):
        assert server.post("auth/token/create", body).status == 400, body
    assert server.post("auth/token/create/none", {}).status == 400
    assert accessors() <= before


# Files, texts, headers

def test_cve_2021_38553_files_are_private_whatever_the_umask(new_server):
    server = new_server()
    before = os.umask(0)
    try:
        server.ready()
    finally:
        os.umask(before)
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert server.database_files()
    for path in [*server.database_files(), server.audit_path]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in [server.data_directory, *[p for p in server.data_directory.rglob("*") if p.is_dir()]]:
        if path.is_dir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


@pytest.mark.parametrize("method,path", [("GET", "secret/data/none"), ("GET", "sys/health"), ("GET", "sys/seal-status"), ("GET", "sys/mounts"), ("GET", "x"), ("PUT", "sys/unseal"), ("GET", "auth/token/lookup-self")])
def test_cve_2021_38554_and_cve_2023_2121_replies_are_neither_cached_nor_sniffed(server, method, path):
    reply = server.request(method, path, {} if method == "PUT" else None)
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-type"] == "application/json"


def test_cve_2021_3024_error_texts_name_no_host_path_or_code(server):
    host, here = socket.gethostname(), str(server.directory)
    requests = [("GET", "x/y", None), ("PUT", "sys/audit/x", {"type": "file", "options": {"file_path": "/nowhere/x"}}), ("GET", "secret/data/%ff", None),
                ("POST", "secret/data/x", b"{"), ("PUT", "sys/mounts/x", {"type": "nonsense"}), ("GET", "kv1/a/../b", None)]
    for method, path, body in requests:
        text = server.request(method, path, body).body.decode()
        for needle in (host, here, "127.0.0.1", "/root/", "/home/", "Sources/", ".swift", "Fatal", "0x0", "sqlite", "GRDB", "NIO", "Error("):
            assert needle not in text, (method, path, needle)


def test_cve_2022_25244_and_cve_2026_115363_no_configuration_reply_has_a_secret(server):
    for path in ("sys/seal-status", "sys/mounts", "sys/auth", "sys/audit", "sys/config/state/sanitized", "sys/key-status", "sys/host-info", "secret/config", "sys/internal/ui/mounts"):
        body = server.get(path).body
        assert canary.leaks({path: body}, [server.unseal_key_hex, server.token]) == []
        assert bytes.fromhex(server.unseal_key_hex) not in body


def test_cve_2020_13223_variables_with_passwords_are_not_logged(new_server):
    secret = canary.make("proxy").split("/")[0]
    server = new_server(settings='log_level = "trace"', environment={
        "HTTP_PROXY": f"http://user:{secret}@127.0.0.1:9", "HTTPS_PROXY": f"http://user:{secret}@127.0.0.1:9", "DATABASE_URL": f"postgres://u:{secret}@h/d"})
    server.ready()
    server.stop()
    assert canary.leaks({"log": server.log().encode()}, [secret]) == []
    assert len(server.log()) > 100


# Names as data

@pytest.mark.parametrize("name", ["'; DROP TABLE records; --", "x' OR '1'='1", 'x" OR ""="', "x%_", "\\", "1 UNION SELECT 1", "x'||(SELECT 1)||'", "x;--", "$(id)", "`id`", "{{7*7}}", "%s%n"])
def test_cve_2023_0620_names_are_only_names(server, name):
    quoted = "".join(f"%{b:02x}" if chr(b) not in "/" else "/" for b in name.encode())
    server.put("kv1/sql/other", {"v": "other"}).expect(204)
    written = server.put(f"kv1/sql/{quoted}", {"v": name})
    if written.status == 400:
        assert any(c in name for c in "\\%"), name
        return
    assert server.get(f"kv1/sql/{quoted}").data["v"] == name
    assert name in server.list("kv1/sql").data["keys"]
    server.delete(f"kv1/sql/{quoted}").expect(204)
    assert server.list("kv1/sql").data["keys"] == ["other"]


def test_cve_2021_45042_long_and_many_segmented_paths_are_refused(server):
    for path in ("kv1/" + "a" * 3000, "kv1/" + "a/" * 600 + "a", "kv1/" + "%C3%A9" * 1100):
        for method in ("GET", "PUT", "LIST", "DELETE"):
            assert server.request(method, path, {"v": "1"} if method == "PUT" else None).status in (400, 414)
    longest = "kv1/" + "a" * 2000
    server.put(longest, {"v": "1"}).expect(204)
    assert server.get(longest).data["v"] == "1"


# Load

def grown(server, act):
    """KiB that resident memory grew by while `act` ran a second time (the first warms up)."""
    act()
    before = server.resident_kib()
    act()
    return server.resident_kib() - before


def flood(server, send, times, threads=8):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda _: send(), range(times)))


def test_cve_2023_6337_a_huge_body_from_nobody_is_refused_unread(server):
    def send():
        for size in (1024 * 1024 + 1, 33 * 1024 * 1024):
            head = f"PUT /v1/kv1/x HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
            reply = server.raw(head + b"x" * min(size, 4 * 1024 * 1024))
            assert status_of(reply) in (None, 403, 413)
    assert grown(server, lambda: [send() for _ in range(10)]) < 30 * 1024
    reply = server.put("kv1/x", b"x" * (1024 * 1024 + 1), token=None)
    assert reply.status == 413


def test_cve_2025_12044_size_is_checked_before_text_and_text_before_nothing_else(server):
    assert server.put("kv1/x", b"{" * (1024 * 1024 + 1), token=None).status == 413
    assert server.put("kv1/x", b"{", token=None).status in (400, 403)
    started = time.monotonic()
    flood(server, lambda: server.put("kv1/x", b"[" * 900_000, token=None), 50)
    assert time.monotonic() - started < 30


def test_cve_2024_8185_a_flood_from_nobody_keeps_memory_bounded(server):
    def act():
        flood(server, lambda: server.put("sys/unseal", {"key": "ab" * 33}, token=None), 500)
        flood(server, lambda: server.get("secret/data/x", token="hvs." + os.urandom(12).hex()), 500)
        flood(server, lambda: server.put("sys/init", {"secret_shares": 5, "secret_threshold": 3}, token=None), 300)
    assert grown(server, act) < 20 * 1024


@pytest.mark.parametrize("body", [
    b'{"v":[' + b"{}," * 100_000 + b"{}]}", b'{"v":"' + b"\\u0041" * 150_000 + b'"}', b'{"v":' + b"[" * 60 + b"1" + b"]" * 60 + b"}",
    b"{" + b",".join(b'"k%d":0' % n for n in range(60_000)) + b"}", b'{"v":' + b"9" * 900_000 + b"}", b'{"' + b"k" * 900_000 + b'":1}',
], ids=["many objects", "escapes", "depth", "many keys", "long number", "long key"])
def test_cve_2025_6203_and_cve_2025_59043_complex_json_costs_little(server, body):
    started = time.monotonic()
    increase = grown(server, lambda: flood(server, lambda: server.put("kv1/complex", body), 12, threads=4))
    assert time.monotonic() - started < 60
    assert increase < 60 * 1024
    assert server.put("kv1/complex", body).status in (204, 400, 413)


def test_cve_2023_5954_refused_requests_do_not_leak(server):
    token = server.new_token('path "secret/data/only" { capabilities = ["read"] }')
    act = lambda: flood(server, lambda: server.get("secret/data/other", token=token), 3_000)
    assert grown(server, act) < 12 * 1024


def test_cve_2024_6468_bad_prefaces_do_not_close_the_listener(server):
    for n in range(1_000):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(b"PROXY UNKNOWN\r\n" if n % 2 else b"\r\n\r\n\x00\r\nQUIT\n")
    assert server.get("sys/health", token=None).status == 200


# Audit

@pytest.mark.parametrize("options", [
    {"file_path": "/etc/cron.d/x"}, {"path": "/etc/cron.d/x"}, {"file_path": "/tmp/x", "prefix": "#!/bin/sh\n"}, {"path": "{d}/ok.log", "prefix": "x"},
    {"file_path": "{d}/../x"}, {"file_path": "{d}/a\0b"}, {"file_path": "{d}"}, {"file_path": "{d}/x", "mode": "0777"}, {"file_path": "{d}/x", "mode": "7777"},
    {"file_path": "discard", "path": "/etc/x"}, {},
])
def test_cve_2025_6000_and_cve_2025_54997_and_cve_2026_5051_audit_files_only_where_configured(server, options):
    options = {k: v.replace("{d}", str(server.audit_directory)) for k, v in options.items()}
    assert server.put("sys/audit/evil", {"type": "file", "options": options}).status == 400
    assert "evil/" not in server.get("sys/audit").data
    assert not pathlib.Path("/etc/cron.d/x").exists()


@pytest.mark.parametrize("kind", ["socket", "syslog", "exec", "../file", "FILE "])
def test_unknown_audit_devices_are_refused(server, kind):
    assert server.put("sys/audit/other", {"type": kind, "options": {"address": "127.0.0.1:1"}}).status == 400


def test_cve_2024_0831_one_devices_options_do_not_touch_another(server):
    secret = canary.make("lograw")
    path = server.audit_directory / "raw.log"
    made = server.put("sys/audit/raw", {"type": "file", "options": {"file_path": str(path), "log_raw": "true"}})
    server.post("secret/data/raw", {"data": {"v": secret}}).expect(200)
    assert canary.leaks({"audit": server.audit_path.read_bytes()}, [secret]) == []
    if made.status == 204:
        server.delete("sys/audit/raw").expect(204)


def test_cve_2024_2877_and_cve_2024_8365_and_cve_2025_62513_and_cve_2025_62705_every_leaf_is_hashed(server):
    secret = canary.make("leaf")
    numbers = {"int": 824629462946294629, "float": 83.62946194619461, "text": secret, "nested": {"list": [secret, 937194619461946]}}
    server.post("secret/data/leaf", {"data": numbers}).expect(200)
    server.get("secret/data/leaf").expect(200)
    server.put("kv1/leaf", {"number": 824629462946294629, "true": True}).expect(204)
    header = canary.make("header").split("/")[0]
    server.get("secret/data/leaf", headers={"X-Forwarded-For": header, "Authorization": "Bearer " + header}, token=None)
    server.get("secret/data/leaf", token="hvs." + header)
    token = server.new_token(policies=["default"])
    text = server.audit_path.read_bytes()
    assert canary.leaks({"audit": text}, [secret, header, token, server.token]) == []
    for number in (b"824629462946294629", b"83.62946194619461", b"937194619461946"):
        assert number not in text
    assert b"secret/data/leaf" in text


def test_cve_2026_46358_a_record_is_complete_for_every_way_to_authenticate(server):
    sizes = []
    for headers in ({"X-Vault-Token": server.token}, {"Authorization": "Bearer " + server.token}):
        before = len(server.audit_path.read_bytes())
        server.get("kv1/complete", token=None, headers=headers).expect(404)
        records = [json.loads(line) for line in server.audit_path.read_bytes()[before:].splitlines()]
        assert [r["type"] for r in records] == ["request", "response"]
        sizes.append([sorted(flatten(r)) for r in records])
    assert sizes[0] == sizes[1]


def flatten(value, prefix=""):
    if isinstance(value, dict):
        return [name for key, inner in value.items() for name in flatten(inner, f"{prefix}.{key}")]
    return [prefix]


def test_cve_2026_115357_no_answer_without_a_record(new_server):
    """The audit file cannot grow any more, at every byte of two records: each reply is recorded or refused."""
    server = new_server()
    # A process that ignores SIGXFSZ gets EFBIG from a write past the limit.
    original, subprocess.Popen = subprocess.Popen, lambda *a, **k: original(*a, **k, restore_signals=False)
    try:
        server.ready()
    finally:
        subprocess.Popen = original
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    # Make the audit file the largest file, so that the limit meets it first.
    while server.audit_path.stat().st_size < max(p.stat().st_size for p in server.database_files()) + 65536:
        flood(server, lambda: server.get("secret/data/x"), 200)
    answered = refused = 0
    for extra in [0, 1, *range(97, 4000, 211)]:
        size = server.audit_path.stat().st_size
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size + extra, resource.RLIM_INFINITY))
        for path, token in itertools.product(("secret/data/x", "sys/leader", "sys/mounts", "sys/init"), (True, None)):
            reply = server.get(path, token=token)
            if reply.status >= 500:
                refused += 1
                assert b'"a":1' not in reply.body and reply.errors
            else:
                answered += 1
                identity = reply.json.get("request_id")
                if identity:
                    text = server.audit_path.read_text(errors="replace")
                    assert text.count(identity) >= 2, f"{path} was answered without a record"
        health = server.get("sys/health", token=None)
        assert health.status == 200 or health.status == 503 and health.json["unavailable"] == "audit"
        assert server.get("sys/seal-status", token=None).status == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert server.get("secret/data/x").status == 200, "must recover when there is room again"
    assert refused > 20, "the limit never bit"
    server.verify_audit()


def test_cve_2026_115359_the_body_must_be_json(server):
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/html"):
        assert server.post("auth/token/create", b"policies=root", headers={"Content-Type": kind}).status in (400, 415)


def test_cve_2026_39396_compressed_bodies_are_refused_unopened(server):
    import gzip

    bomb = gzip.compress(b'{"v":"' + b"x" * 50_000_000 + b'"}')
    before = server.resident_kib()
    assert server.put("kv1/bomb", bomb, headers={"Content-Encoding": "gzip"}).status == 415
    assert server.resident_kib() - before < 20 * 1024


def test_cve_2023_5077_an_update_keeps_the_fields_it_does_not_name(server):
    server.post("secret/metadata/kept", {"max_versions": 4, "cas_required": True, "custom_metadata": {"a": "b"}, "delete_version_after": "1h"}).expect(204)
    server.post("secret/metadata/kept", {"max_versions": 5}).expect(204)
    data = server.get("secret/metadata/kept").data
    assert (data["max_versions"], data["cas_required"], data["delete_version_after"]) == (5, True, "1h0m0s")
    assert data["custom_metadata"] == {"a": "b"}
    server.post("sys/mounts/kv1/tune", {"description": "kept", "max_lease_ttl": "40h"}).expect(204)
    server.post("sys/mounts/kv1/tune", {"default_lease_ttl": "1h"}).expect(204)
    data = server.get("sys/mounts/kv1/tune").data
    assert data["description"] == "kept" and data["max_lease_ttl"] == 144000


def test_every_row_of_the_page_names_a_test_that_exists():
    """docs/security-cases.md and the tests must not drift apart."""
    page = (ROOT / "docs/security-cases.md").read_text()
    rows = re.findall(r"^\| ([A-Z]+-[\w-]+) \|.*\| `([^`]+)` \|$", page, re.MULTILINE)
    assert len(rows) > 50
    # Files of two rooms may have the same name.
    sources = {}
    for path in (ROOT / "Tests").rglob("*"):
        if path.suffix in (".py", ".swift"):
            sources[path.name] = sources.get(path.name, "") + path.read_text()
    for row, where in rows:
        file, _, name = where.partition("::")
        assert file in sources, f"{row}: no file {file}"
        assert name in sources[file], f"{row}: nothing called '{name}' in {file}"
    mine = set(re.findall(r"cve_(\d{4}_\d+)", sources["test_security_cases.py"]))
    listed = {row.removeprefix("CVE-").replace("-", "_") for row, _ in rows}
    assert mine <= listed, mine - listed
