"""Requests that schemathesis makes from the server's own OpenAPI document: none may fail on the server's side.

Long runs: COFFER_SCHEMATHESIS_SECONDS=900 (see `make torture`). COFFER_SCHEMATHESIS_SEED chooses other requests.
"""

import json
import os
import re
import subprocess
import sys

import requests
from harness import clean_environment

SECONDS = int(os.environ.get("COFFER_SCHEMATHESIS_SECONDS", "40"))
SEED = os.environ.get("COFFER_SCHEMATHESIS_SEED", "20260101")

# What would end the run: sealing, giving up leadership, changing the keys, ending the token, limiting every caller.
DESTRUCTIVE = (
    r"^/sys/(seal|step-down|init|unseal|rotate|config/|quotas|rekey|generate-root|rekey-recovery-key|leases/revoke|revoke)"
    r"|^/sys/audit/"
    r"|^/auth/token/revoke"
    # A directory that is not there is a 503 that is right.
    r"|^/auth/ldap/login"
)
# It finds the run's own token and its accessor in answers, so these come last.
REVOKING = r"^/auth/token/revoke|^/sys/(leases/)?revoke"

# Every engine there is, so that new ones are asked too; what this build does not have is left out.
ENGINES = ["transit", "database", "pki", "ssh", "totp", "identity", "connections"]
METHODS = ["approle", "userpass", "jwt", "oidc", "cert", "kubernetes", "ldap"]


def populate(server):
    """Something behind most paths, so that not every request ends in a 404."""
    for kind in ENGINES:
        server.post(f"sys/mounts/{kind}", {"type": kind})
    for kind in METHODS:
        server.post(f"sys/auth/{kind}", {"type": kind})
    server.post("secret/data/0", {"data": {"a": 1}}).expect(200)
    server.post("kv1/0", {"a": 1}).expect(204)
    server.post("auth/approle/role/0", {"token_policies": "default"}).expect(204)
    server.post("auth/userpass/users/0", {"password": "0"}).expect(204)
    server.post("auth/token/roles/0", {}).expect(204)
    server.post("transit/keys/0")


def run(server, token, seconds, *paths):
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{server.address}/v1/sys/internal/specs/openapi",
            "--url", f"{server.address}/v1", "-H", f"X-Vault-Token: {token}", "--checks", "not_a_server_error", *paths,
            "--phases", "coverage,fuzzing", "--mode", "all", "--seed", SEED, "--max-time", str(seconds),
            "--request-timeout", "10", "--continue-on-failure", "--no-shrink", "--generation-database", "none",
            "--suppress-health-check", "all", "--warnings", "off",
        ],
        capture_output=True, text=True, timeout=seconds + 120, env=clean_environment(), cwd=server.directory,
    )
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-4000:]


def test_no_described_request_fails_on_the_servers_side(server):
    populate(server)
    # A token of its own: what the requests do to it must not end the run.
    made = server.post("auth/token/create", {"policies": ["root"], "no_parent": True}).expect(200).json
    token = made["auth"]["client_token"]
    run(server, token, SECONDS, "--exclude-path-regex", DESTRUCTIVE)
    # The run is worth something only if the token lived to its end.
    server.get("auth/token/lookup-self", token=token).expect(200)
    run(server, token, max(3, SECONDS // 10), "--include-path-regex", REVOKING)


def test_no_request_for_operators_fails_on_the_servers_side(new_server):
    """All but sealing, which would end every other request with a 503 that is right."""
    server = new_server().ready()
    paths = r"^/sys/(step-down|init|unseal|rotate|config/|quotas|rekey|generate-root|audit)"
    run(server, server.token, max(5, SECONDS // 5), "--include-path-regex", paths)
    server.get("sys/health", token=None).expect(200)


# The first ones always, the others in a long run.
ABSURD = [
    9223372036854775807, -1, "9223372036854775807s", {"a": {"b": [None]}}, ["", None], "a\u0000b", "", "\u202e../..",
    0, -9223372036854775808, 9223372036854775808, 1.5, True, [], {}, [[]], "9223372036854775807", "106751d", "2562047h47m16s",
    "1e400", "x" * 70_000, "{{identity.entity.id}}", "0.0.0.0/0", ",", "*",
]


def test_no_field_takes_absurd_values_badly(new_server):
    """Each field of each described write, one absurd value at a time; the others stay away."""
    server = new_server().ready()
    populate(server)
    document = server.get("sys/internal/specs/openapi").expect(200).json
    session = requests.Session()
    # Slow by design (password hashes) or of no interest after the first bytes.
    slow = ("/auth/userpass/users/{username}", "/auth/userpass/login/{username}")
    failures = []
    for template, item in sorted(document["paths"].items()):
        if re.match(DESTRUCTIVE, template):
            continue
        path = re.sub(r"\{[^}]*\}", "0", template)
        for method in ("post", "patch"):
            content = item.get(method, {}).get("requestBody", {}).get("content", {})
            for media_type, body in content.items():
                # Bodies of bytes have no members.
                reference = body["schema"].get("$ref")
                schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]] if reference else {}
                names = list(schema.get("properties", {})) or ["any"]
                values = ABSURD[:4] if template in slow else ABSURD if SECONDS > 60 else ABSURD[:8]
                for name in names:
                    for value in values:
                        reply = session.request(
                            method, f"{server.address}/v1{path}", data=json.dumps({name: value}),
                            headers={"X-Vault-Token": server.token, "Content-Type": media_type.replace("*/*", "application/octet-stream")}, timeout=20)
                        if reply.status_code >= 500:
                            failures.append((method, path, name, str(value)[:40], reply.status_code, reply.text[:200]))
    assert failures == []
    server.get("sys/health", token=None).expect(200)
