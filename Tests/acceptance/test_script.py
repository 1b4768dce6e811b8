"""The operator's day, word for word, with `coffer` where a runbook says `vault`."""

import json
import re
import shlex
import subprocess

import pytest
from harness import BINARY, clean_environment

POLICIES = {
    "admin-policy.hcl": """
path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/*"   { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/*"    { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
""",
    "app-policy.hcl": """
path "secret/data/database/*" { capabilities = ["read"] }
path "secret/data/apis/*"     { capabilities = ["read"] }
path "secret/metadata/*"      { capabilities = ["list"] }
""",
    "auth-manager-policy.hcl": """
# OAuth credentials of users.
path "secret/data/oauth/*" { capabilities = ["read","update"] }
path "secret/data/encryption/jwt" { capabilities = ["read"] }
""",
    "job-manager-policy.hcl": 'path "secret/data/database/postgres" { capabilities = ["read"] }\n',
}


@pytest.fixture
def shell(new_server):
    """Runs one shell line with `coffer` on the PATH, as the runbook's reader does."""
    server = new_server(seal="shamir").start()
    made = json.loads(server.cli("operator", "init", "-key-shares=5", "-key-threshold=3", "-format=json", token=False).stdout)
    server.token, keys = made["root_token"], made["unseal_keys_b64"]
    environment = clean_environment(
        VAULT_ADDR=server.address, VAULT_TOKEN=server.token, HOME=server.directory,
        PATH=f"{BINARY.parent}:/usr/local/bin:/usr/bin:/bin",
    )
    for name, text in POLICIES.items():
        (server.directory / name).write_text(text)

    def run(line, expect=0):
        done = subprocess.run(["bash", "-c", line], env=environment, cwd=server.directory, capture_output=True, text=True, timeout=60)
        assert done.returncode == expect, f"{line}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run.server, run.keys = server, keys
    return run


def unseal(shell):
    for key in shell.keys[:3]:
        out = shell(f"coffer operator unseal {shlex.quote(key)}")
    assert re.search(r"Sealed\s+false", out), out


def test_operators_day(shell):
    shell("coffer status", expect=2)
    unseal(shell)
    assert re.search(r"Sealed\s+false", shell("coffer status"))
    shell("coffer secrets enable -path=secret -version=2 kv")

    shell("coffer kv put secret/database/postgres host=localhost port=5432 username=app password=s3cret database=platform")
    shell("coffer kv put secret/apis/openai api_key=sk-test organization=org-1")
    shell('coffer kv put secret/encryption/jwt signing_key="$(openssl rand -base64 64)" algorithm=HS256 expiry=24h')
    got = json.loads(shell("coffer kv get -format=json secret/database/postgres"))
    assert got["data"]["data"] == {
        "host": "localhost", "port": "5432", "username": "app", "password": "s3cret", "database": "platform"}
    assert got["data"]["metadata"]["version"] == 1
    assert shell("coffer kv get -field=api_key secret/apis/openai").strip() == "sk-test"
    jwt = json.loads(shell("coffer kv get -format=json secret/encryption/jwt"))["data"]["data"]
    assert jwt["algorithm"] == "HS256" and jwt["expiry"] == "24h" and len(jwt["signing_key"]) > 80
    table = shell("coffer kv get secret/database/postgres")
    assert re.search(r"password\s+s3cret", table) and re.search(r"version\s+1", table)

    shell("coffer policy write admin admin-policy.hcl")
    shell("coffer policy write app-policy app-policy.hcl")
    shell("coffer policy write auth-manager auth-manager-policy.hcl")
    shell("coffer policy write job-manager job-manager-policy.hcl")
    names = shell("coffer policy list").split()
    assert {"admin", "app-policy", "auth-manager", "job-manager", "default", "root"} <= set(names)
    assert "secret/data/oauth/*" in shell("coffer policy read auth-manager")

    token = json.loads(shell("coffer token create -policy=app-policy -format=json"))["auth"]["client_token"]
    assert shell(f"coffer token capabilities {token} secret/data/apis/openai").strip() == "read"
    assert shell(f"coffer token capabilities {token} secret/data/oauth/google").strip() == "deny"
    assert token in shell(f"coffer token renew {token}")
    as_app = f"VAULT_TOKEN={token} "
    assert "sk-test" in shell(as_app + "coffer kv get secret/apis/openai")
    shell(as_app + "coffer kv put secret/apis/openai api_key=stolen", expect=2)
    shell(as_app + "coffer kv get secret/oauth/google", expect=2)
    manager = json.loads(shell("coffer token create -policy=auth-manager -format=json"))["auth"]["client_token"]
    shell("coffer kv put secret/oauth/google client_id=abc")
    shell(f"VAULT_TOKEN={manager} coffer kv put secret/oauth/google client_id=def")
    shell(f"VAULT_TOKEN={manager} coffer kv get secret/apis/openai", expect=2)
    admin = json.loads(shell("coffer token create -policy=admin -format=json"))["auth"]["client_token"]
    assert shell(f"VAULT_TOKEN={admin} coffer kv list secret/").split()[2:] == ["apis/", "database/", "encryption/", "oauth/"]

    audit = shell.server.audit_path
    shell(f"coffer audit enable file file_path={audit}")
    assert "file/" in shell("coffer audit list")
    shell("coffer kv get secret/apis/openai")
    assert audit.read_text().count("secret/data/apis/openai") >= 2 and "sk-test" not in audit.read_text()
    shell(f"coffer audit verify {audit}")

    shell("coffer operator seal")
    assert re.search(r"Sealed\s+true", shell("coffer status", expect=2))
    shell("coffer kv get secret/apis/openai", expect=2)
    unseal(shell)
    shell("coffer status")
    assert shell("coffer kv get -field=organization secret/apis/openai").strip() == "org-1"
    shell(f"coffer audit verify {audit}")


def test_kv_commands(shell):
    unseal(shell)
    shell("coffer secrets enable -path=secret -version=2 kv")
    (shell.server.directory / "value.txt").write_text("from a file")
    shell("coffer kv put -mount=secret app/one a=1 b=@value.txt")
    assert shell("coffer kv get -mount=secret -field=b app/one") == "from a file"
    shell("echo -n piped | coffer kv put secret/app/stdin v=-")
    assert shell("coffer kv get -field=v secret/app/stdin").strip() == "piped"
    shell("""echo '{"n": 1.0, "deep": {"x": [1, null]}}' | coffer kv put secret/app/json -""")
    assert '"n": 1.0' in shell("coffer kv get -format=json secret/app/json")
    shell("coffer kv put -cas=1 secret/app/one a=2")
    shell("coffer kv put -cas=1 secret/app/one a=3", expect=2)
    shell("coffer kv patch secret/app/one c=3")
    assert json.loads(shell("coffer kv get -format=json secret/app/one"))["data"]["data"] == {"a": "2", "c": "3"}
    shell("coffer kv rollback -version=1 secret/app/one")
    assert json.loads(shell("coffer kv get -format=json -version=4 secret/app/one"))["data"]["data"]["a"] == "1"
    shell("coffer kv delete secret/app/one")
    shell("coffer kv get secret/app/one", expect=2)
    shell("coffer kv undelete -versions=4 secret/app/one")
    shell("coffer kv get secret/app/one")
    shell("coffer kv destroy -versions=1,2 secret/app/one")
    shell("coffer kv metadata put -max-versions=7 -custom-metadata=team=a secret/app/one")
    metadata = json.loads(shell("coffer kv metadata get -format=json secret/app/one"))["data"]
    assert metadata["max_versions"] == 7 and metadata["versions"]["1"]["destroyed"] is True
    shell("coffer kv metadata delete secret/app/one")
    assert json.loads(shell("coffer kv list -format=json secret/app")) == ["json", "stdin"]
    assert "team" not in shell("coffer kv list -format=yaml secret/app")
    shell("coffer kv get secret/none", expect=2)
    shell("coffer kv get", expect=1)
    shell("coffer no-such-command", expect=1)


def test_other_commands(shell):
    unseal(shell)
    shell("coffer secrets enable -path=old kv")
    shell("coffer write old/x a=1 b=two")
    assert json.loads(shell("coffer read -format=json old/x"))["data"] == {"a": "1", "b": "two"}
    assert shell("coffer list -format=json old").strip().startswith("[")
    shell("coffer delete old/x")
    shell("coffer read old/x", expect=2)
    shell("coffer secrets tune -description=older old/")
    shell("coffer secrets move old/ new/")
    assert "new/" in shell("coffer secrets list") and "old/" not in shell("coffer secrets list -format=json")
    shell("coffer secrets disable new/")
    assert "token/" in shell("coffer auth list")
    shell("coffer auth tune -description=t token/")
    shell("coffer operator key-status")
    shell("coffer operator rotate")
    shell("coffer token lookup")
    shell("coffer version")
    shell("VAULT_TOKEN= coffer login $VAULT_TOKEN")
    helper = shell.server.directory / ".coffer-token"
    assert helper.stat().st_mode & 0o777 == 0o600 and helper.read_text().strip() == shell.server.token
    assert shell("env -u VAULT_TOKEN coffer token lookup -format=json")
    revoked = json.loads(shell("coffer token create -policy=default -format=json"))["auth"]["client_token"]
    shell(f"coffer token revoke {revoked}")
    shell(f"VAULT_TOKEN={revoked} coffer token lookup", expect=2)
    (shell.server.directory / "untidy.hcl").write_text('path   "a"   {capabilities=["read"]}')
    shell("coffer policy fmt untidy.hcl")
    assert 'path "a" {' in (shell.server.directory / "untidy.hcl").read_text()
    shell("coffer policy write bad <(echo 'path {')", expect=2)


def test_unreachable_server_says_what_to_do(new_server):
    server = new_server()
    done = server.cli("kv", "get", "secret/x", token="hvs.x")
    assert done.returncode == 2 and server.address.split("//")[1] in done.stderr and "_ADDR" in done.stderr
    assert server.cli("status", token=False).returncode == 1
