"""A server from one file of variables: its first start, what it refuses, SIGHUP, rules explained, import and export."""

import base64
import json
import os
import stat
import subprocess

import httpx
import pytest
from harness import BINARY, clean_environment
from service_harness import ServiceServer


@pytest.fixture
def make(tmp_path):
    made = []

    def new(**options):
        made.append(ServiceServer(tmp_path / f"s{len(made)}", **options))
        return made[-1]

    yield new
    for one in made:
        one.close()


def test_the_first_start_and_the_next(make):
    server = make().start()
    files = {p.name for p in server.directory.iterdir()}
    assert files >= {".env", "vault-data", "vault-data-audit", "vault-data-root-token"}
    assert stat.S_IMODE((server.directory / "vault-data-root-token").stat().st_mode) == 0o600
    assert server.root_token not in server.log()
    client = server.service("commonUI")
    assert client.post("/api/secrets", json={"project": "newsbot", "path": "a", "value": "kept"}).status_code == 201
    assert server.cli("token", "lookup").returncode == 0
    token = server.root_token
    assert server.stop() == 0
    # Without the flag it is the .env beside the process.
    server.start("-log-level=info")
    assert server.root_token == token
    assert client.get("/api/secrets/newsbot/a").json()["value"] == "kept"
    assert server.cli("audit", "verify", str(server.audit_path)).returncode == 0
    # Sealed, it says so and serves nothing.
    assert server.cli("operator", "seal").returncode == 0
    health = httpx.get(server.address + "/health", trust_env=False)
    assert (health.status_code, health.json()) == (503, {"status": "sealed", "service": "myVault"})
    sealed = client.get("/api/secrets/newsbot/a")
    assert sealed.status_code == 503 and list(sealed.json()) == ["detail"]


def test_another_key_does_not_open_it(make):
    server = make().start()
    assert server.stop() == 0
    server.key = "A" * 42 + "E="
    server.write()
    server.start(wait=False)
    assert server.process.wait(20) != 0
    assert "MSA_MASTER_KEY" in server.log() or "key" in server.log()


def test_real_variables_win(make):
    server = make()
    other = "f" * 64
    server.start(TOKEN_commonUI=other, SERVICE_NAME="ourVault")
    assert server.service("commonUI").get("/api/projects").status_code == 401
    assert server.service("commonUI", token=other).get("/api/projects").status_code == 200
    assert server.anonymous().get("/").json() == {"message": "Welcome to ourVault - Secure data vault service"}


@pytest.mark.parametrize("line, says", [
    ("MSA_MASTER_KEY=base64:AAAA", "MSA_MASTER_KEY"),
    ("MSA_MASTER_KEY=base64:" + "A" * 43 + "=", "its bytes repeat or count up"),
    ("MSA_MASTER_KEY=base64:not*base64*but*secretvalue", "MSA_MASTER_KEY"),
    ("MSA_MASTER_KEY=base64:YD3rEBXKcb4rc67whX13gR81LAc7YQjXLZgQowkU3/Q=", "it is a published example"),
    ("MSA_MASTER_KEY=base64:" + base64.b64encode(b"secretvalue: a change-me example").decode(), "it is a published example"),
    ("MSA_MASTER_KEY=base64:" + base64.b64encode(bytes(range(7, 38))).decode(), "32 bytes"),
    ("MSA_MASTER_KEY=", "MSA_MASTER_KEY is missing"),
    ("DATABASE_URL=mysql://u:secretvalue@h/d", "DATABASE_URL"),
    ("DATABASE_URL=sqlite:///", "DATABASE_URL"),
    ("PORT=secretvalue", "PORT"),
    ("LOG_LEVEL=secretvalue", "LOG_LEVEL"),
    ("ALLOWED_SERVICES=a/secretvalue", "ALLOWED_SERVICES"),
    ("ALLOW_idle=project:new*secretvalue/x/", "ALLOW_idle"),
    ("MSA_MASTER_KEY=base64:jFi1bkzTyKQ5BLtw2dBDo1RItDXlKo8A5z2JbC6TExE=", "published"),
    ("SERVICE_PROJECT_SECRETS=KEY=rot13", "SERVICE_PROJECT_SECRETS must be a list such as API_KEY=hex"),
    ("SERVICE_CORS_ORIGINS=*", "SERVICE_CORS_ORIGINS must be origins"),
    ("SERVICE_CORS_ORIGINS=https://ui.example/", "SERVICE_CORS_ORIGINS must be origins"),
    ("SERVICE_CORS_ORIGINS=https://*.example", "SERVICE_CORS_ORIGINS must be origins"),
    ("TOKEN_idle=short", "TOKEN_idle must be at least"),
    ("SERVICE_POLICIES_FILE=secretvalue.yaml", "SERVICE_POLICIES_FILE"),
    ("TOKEN_idle=\"never closed secretvalue", ".env:"),
    ("this is no variable secretvalue", ".env:"),
])
def test_a_bad_file_is_refused_without_its_values(make, line, says):
    server = make()
    name = line.split("=")[0]
    kept = [l for l in server.env_file.read_text().splitlines() if not l.removeprefix("export ").startswith(name + "=")]
    server.env_file.write_text("\n".join([*kept, line]) + "\n")
    server.start(wait=False)
    assert server.process.wait(20) == 1
    log = server.log()
    assert says in log and "secretvalue" not in log.replace("secretvalue.yaml", ""), log
    assert not (server.directory / "vault-data-root-token").exists()


POLICIES = """
policies:
  - name: reader
    permissions:
      - {effect: allow, actions: [read, list], resources: ["secret:newsbot*:prod/*"]}
      - {effect: deny, actions: ["*"], resources: ["secret:newsbot:prod/root/*"]}
services:
  - name: reporter
    roles: [reader]
"""


def test_roles_and_reload(make):
    server = make(policies=POLICIES)
    server.tokens["reporter"] = "r" * 40
    server.rules["reporter"] = "scratch/"
    server.write()
    server.start()
    ui, reporter = server.service("commonUI"), server.service("reporter")
    for path in ("prod/a", "prod/root/key", "dev/a"):
        ui.post("/api/secrets", json={"project": "newsbot", "path": path, "value": "v"}).raise_for_status()
    graph = server.service("graphAiServer")
    graph.post("/api/secrets", json={"project": "newsbot-eu", "path": "prod/b", "value": "v"}).raise_for_status()
    status = lambda path, client=reporter: client.get("/api/secrets/" + path).status_code
    assert [status(p) for p in ("newsbot/prod/a", "newsbot/prod/root/key", "newsbot/dev/a", "newsbot-eu/prod/b", "scratch/x")] == [
        200, 403, 403, 200, 404]
    assert reporter.patch("/api/secrets/newsbot/prod/a", json={"value": "w"}).status_code == 403
    assert [s["id"] for s in reporter.get("/api/secrets").json()] == ["newsbot-eu/prod/b", "newsbot/prod/a"]

    # A bad file keeps what was there and says why.
    good = server.env_file.read_text()
    server.env_file.write_text(good + "broken line\n")
    assert "expected NAME=value" in server.reload() and ".env:" in server.log()
    assert status("newsbot/prod/a") == 200
    (server.directory / "policies.yaml").write_text("policies: [")
    server.env_file.write_text(good)
    assert "policies.yaml" in server.reload()
    assert status("newsbot/prod/a") == 200

    # A good one counts from the next request on.
    (server.directory / "policies.yaml").write_text(POLICIES.replace("prod/root/*", "prod/*"))
    server.tokens["idle"] = "n" * 40
    server.write()
    (server.directory / "policies.yaml").write_text(POLICIES.replace("prod/root/*", "prod/*"))
    server.reload()
    assert [status(p) for p in ("newsbot/prod/a", "newsbot-eu/prod/b")] == [403, 200]
    assert server.service("idle").get("/api/projects").status_code == 200
    server.rules.pop("idle")
    server.write()
    server.reload()
    assert server.service("idle").get("/api/projects").status_code == 403


def test_explain(make):
    server = make(policies=POLICIES)
    server.rules["reporter"] = "scratch/"
    server.tokens["reporter"] = "r" * 40
    server.write()

    def explain(*arguments):
        done = subprocess.run(
            [str(BINARY), "service", "explain", *arguments], cwd=server.directory, capture_output=True, text=True, timeout=30,
            env=clean_environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    rows = {r["action"]: r for r in json.loads(explain("-format=json", "reporter", "newsbot/prod/a"))}
    assert rows["read"] == {"action": "read", "verdict": "allowed", "rule": "secret:newsbot*:prod/*", "from": "reader"}
    assert rows["write"]["verdict"] == "denied" and rows["write"]["rule"] == "no rule is about this"
    rows = {r["action"]: r for r in json.loads(explain("-format=json", "reporter", "secret:newsbot:prod/root/key"))}
    assert rows["read"] == {"action": "read", "verdict": "denied", "rule": "secret:newsbot:prod/root/*", "from": "reader"}
    assert "ALLOW_myscheduler" in explain("-env-file", ".env", "myscheduler", "common/prod/x")
    assert 'path "services/data/common/+/*"' in explain("-policy-text", "jobqueue")
    unknown = subprocess.run([str(BINARY), "service", "explain", "nobody", "a/b"], cwd=server.directory, capture_output=True, text=True,
                             env=clean_environment())
    assert unknown.returncode == 1 and "No service has this name" in unknown.stderr


def test_import_and_export(make):
    server = make().start()
    values = {"API_KEY": "k-1", "DB_URL": "postgres://u:p@h/d?x=1", "MULTI": "line 1\nline \"2\"", "QUOTE": "it's $5 `x` \\", "EMPTY": ""}
    (server.directory / "old.env").write_text(
        "# what was there\nexport API_KEY=k-1\nDB_URL='postgres://u:p@h/d?x=1' # main\n"
        "MULTI=\"line 1\nline \\\"2\\\"\"\nQUOTE=\"it's $5 `x` \\\\\"\nEMPTY=\n")
    place = ("-project=newsbot", "-env=prod")
    done = server.cli("service", "import", "old.env", *place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "5 stored, 0 unchanged in services/newsbot/prod/"
    assert server.cli("service", "import", "old.env", *place).stdout.startswith("0 stored, 5 unchanged")
    assert server.service("myscheduler").get("/api/secrets/newsbot/prod/MULTI").json()["value"] == values["MULTI"]
    changed = server.cli("service", "import", "-", *place, stdin="API_KEY=k-2\nNEW=1\n")
    assert changed.returncode == 1 and "API_KEY" in changed.stderr and "k-2" not in changed.stderr
    assert server.service("myscheduler").get("/api/secrets/newsbot/prod/NEW").status_code == 404
    assert server.cli("service", "import", "-overwrite", "-", *place, stdin="API_KEY=k-2\n").returncode == 0
    values["API_KEY"] = "k-2"

    show = lambda form: server.cli("service", "env", *place, f"-as={form}").stdout
    assert json.loads(show("json")) == values
    shell = subprocess.run(["bash", "-c", show("shell") + "\nenv -0"], capture_output=True, text=True).stdout.split("\0")
    assert {l.split("=", 1)[0]: l.split("=", 1)[1] for l in shell if l.split("=", 1)[0] in values} == values
    (server.directory / "again.env").write_text(show("dotenv"))
    assert server.cli("service", "import", "again.env", *place).stdout.startswith("0 stored, 5 unchanged")
    ran = server.cli("service", "env", *place, "--", "sh", "-c", 'printf "%s|%s" "$MULTI" "$VAULT_TOKEN"')
    assert ran.stdout == values["MULTI"] + "|" and ran.returncode == 0
    assert server.cli("service", "env", *place, "--", "sh", "-c", "exit 7").returncode == 7
    assert server.cli("service", "env", *place, "--", "no-such-command").returncode == 127
