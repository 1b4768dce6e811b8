"""Logging in, tokens, leases and wrapping with the real `coffer` against a live server."""

import json
import re

import hvac
import pytest

POLICY = 'path "secret/data/apis/*" { capabilities = ["read"] }\n'


@pytest.fixture(scope="module")
def access(server):
    server.put("sys/policies/acl/brain-gateway-policy", {"policy": POLICY}).expect(204)
    server.post("secret/data/apis/openai", {"data": {"api_key": "sk-1"}}).expect(200)
    server.post("secret/data/other", {"data": {"k": "v"}}).expect(200)
    server.post("sys/auth/people", {"type": "userpass"}).expect(204)
    user = {"password": "correct horse", "token_policies": "brain-gateway-policy", "token_ttl": "1h"}
    server.post("auth/people/users/ann", user).expect(204)
    return server


@pytest.fixture
def run(access, tmp_path):
    """Runs `coffer` with a home of its own, so that kept tokens do not meet."""

    def run(*arguments, expect=0, token=True, **options):
        env = {"HOME": str(tmp_path), **options.pop("env", {})}
        done = access.cli(*arguments, token=token, env=env, **options)
        assert done.returncode == expect, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    run.home = tmp_path
    return run


def test_the_runbook_of_a_machine(access, run):
    """As an operator types it; then the machine logs in and reads what its policy allows."""
    run("auth", "enable", "approle")
    role = "auth/approle/role/brain-gateway"
    terms = ["secret_id_ttl=24h", "token_ttl=1h", "token_max_ttl=24h", "policies=brain-gateway-policy"]
    assert "Success! Data written to" in run("write", role, *terms).stdout
    role_id = re.search(r"role_id\s+(\S+)", run("read", role + "/role-id").stdout).group(1)
    made = run("write", "-f", role + "/secret-id").stdout
    secret_id = re.search(r"secret_id\s+(\S+)", made).group(1)
    assert re.search(r"secret_id_ttl\s+24h", made)

    client = hvac.Client(url=access.address)
    client.auth.approle.login(role_id=role_id, secret_id=secret_id)
    assert client.secrets.kv.v2.read_secret_version("apis/openai", raise_on_deleted_version=True)["data"]["data"] == {"api_key": "sk-1"}
    with pytest.raises(hvac.exceptions.Forbidden):
        client.secrets.kv.v2.read_secret_version("other", raise_on_deleted_version=True)

    login = ["login", "-method=approle", f"role_id={role_id}"]
    token = run(*login, "-token-only", "secret_id=-", stdin=secret_id + "\n", token=False).stdout
    assert run("kv", "get", "-field=api_key", "secret/apis/openai", token=token).stdout == "sk-1"
    refused = run(*login, "secret_id=wrong", token=False, expect=2)
    assert "wrong" not in refused.stderr and "Errors:" in refused.stderr


def test_logging_in_with_a_password_keeps_the_token(run):
    login = ["login", "-method=userpass", "-path=people", "username=ann"]
    shown = run(*login, "password=-", stdin="correct horse\n", token=False).stdout
    assert re.search(r'token_policies\s+\["brain-gateway-policy","default"\]', shown) and "correct horse" not in shown
    kept = run.home / ".coffer-token"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run("print", "token", token=False).stdout.strip() == kept.read_text()
    assert run("kv", "get", "-field=api_key", "secret/apis/openai", token=False).stdout == "sk-1"
    assert "permission denied" in run("kv", "get", "secret/other", token=False, expect=2).stderr
    assert run(*login, "-no-store", "-field=token_duration", "password=correct horse", token=False).stdout == "3600"
    assert run(*login, "-no-print", "password=correct horse", token=False).stdout == ""
    run(*login, "password=wrong", token=False, expect=2)
    run("login", "-method=userpass", "username=ann", token=False, expect=1)
    assert "auth enable" in run("login", "-method=userpass", "username=ann", "password=x", token=False, expect=2).stderr


def test_tokens(run):
    flags = [
        "-policy=default", "-policy=brain-gateway-policy", "-ttl=30m", "-explicit-max-ttl=1h", "-display-name=job", "-orphan",
        "-use-limit=9", "-metadata=team=a", "-type=service", "-id=chosen-for-this-test",
    ]
    made = json.loads(run("token", "create", *flags, "-format=json").stdout)["auth"]
    assert made["lease_duration"] == 1800 and made["client_token"] == "chosen-for-this-test"
    found = json.loads(run("token", "lookup", "-format=json", made["client_token"]).stdout)["data"]
    wanted = {"display_name": "token-job", "explicit_max_ttl": 3600, "orphan": True, "num_uses": 9, "meta": {"team": "a"}}
    assert wanted.items() <= found.items()
    by_accessor = run("token", "lookup", "-accessor", made["accessor"]).stdout
    assert re.search(r"orphan\s+true", by_accessor) and made["client_token"] not in by_accessor
    assert re.search(r"token_duration\s+10m", run("token", "renew", "-increment=10m", made["client_token"]).stdout)
    assert re.search(r"token_duration\s+20m", run("token", "renew", "-accessor", "-increment=20m", made["accessor"]).stdout)
    assert run("token", "capabilities", made["client_token"], "secret/data/apis/x").stdout == "read\n"
    assert run("token", "capabilities", "-accessor", made["accessor"], "secret/data/apis/x").stdout == "read\n"
    assert run("token", "capabilities", "sys/mounts").stdout == "root\n"
    run("token", "revoke", "-accessor", made["accessor"])
    run("token", "lookup", made["client_token"], expect=2)

    periodic = run("token", "create", "-period=1h", "-field=token", "-no-default-policy", "-policy=brain-gateway-policy").stdout
    mine = json.loads(run("token", "lookup", "-format=json", periodic).stdout)["data"]
    assert mine["period"] == 3600 and mine["policies"] == ["brain-gateway-policy"]
    fixed = run("token", "create", "-renewable=false", "-ttl=5m", "-field=token").stdout
    run("token", "renew", fixed, expect=2)

    parent = run("token", "create", "-policy=root", "-field=token").stdout
    child = run("token", "create", "-policy=default", "-field=token", token=parent).stdout
    run("token", "revoke", "-mode=orphan", parent)
    assert re.search(r"orphan\s+true", run("token", "lookup", child).stdout)
    run("token", "revoke", "-self", token=child)
    run("token", "lookup", token=child, expect=2)

    run("write", "auth/token/roles/app", "allowed_policies=brain-gateway-policy", "orphan=true", "token_period=2h")
    assert re.search(r"token_duration\s+2h", run("token", "create", "-role=app").stdout)
    run("token", "create", "-role=app", "-policy=root", expect=2)
    run("token", "create", "-ttl=soon", expect=1)
    run("token", "revoke", expect=1)


def test_wrapping(run):
    shown = run("kv", "get", "-wrap-ttl=60s", "secret/apis/openai").stdout
    assert re.findall(r"^wrapp(?:ing|ed)_\S+:", shown, re.M) == [
        "wrapping_token:", "wrapping_accessor:", "wrapping_token_ttl:", "wrapping_token_creation_time:",
        "wrapping_token_creation_path:",
    ]
    assert re.search(r"wrapping_token_ttl:\s+1m\n", shown) and re.search(r"creation_path:\s+secret/data/apis/openai\n", shown)
    token = re.search(r"wrapping_token:\s+(\S+)", shown).group(1)
    assert "sk-1" not in shown
    assert "sk-1" in run("unwrap", "-format=json", token).stdout
    again = run("unwrap", token, expect=2).stderr
    assert "treat it as disclosed" in again and token not in again

    for command in [["token", "create"], ["read", "sys/mounts"], ["list", "sys/policies/acl"], ["write", "sys/wrapping/wrap", "a=b"]]:
        wrapping = run(*command, "-wrap-ttl=2m", "-field=wrapping_token").stdout if command[0] != "list" else (
            json.loads(run(*command, "-wrap-ttl=2m", "-format=json").stdout)["wrap_info"]["token"])
        assert run("unwrap", token=False, env={"COFFER_TOKEN": wrapping}).stdout, command
    alone = run("write", "sys/wrapping/wrap", "a=b", "-wrap-ttl=2m", "-field=wrapping_token").stdout
    assert run("unwrap", "-field=a", "-", token=False, stdin=alone + "\n").stdout == "b"

    login = ["login", "-method=userpass", "-path=people", "username=ann", "password=correct horse", "-wrap-ttl=60s"]
    wrapped = run(*login, "-field=wrapping_token", token=False).stdout
    assert not (run.home / ".coffer-token").exists()
    assert re.search(r"token_duration\s+1h", run("unwrap", wrapped).stdout)
    run("read", "sys/mounts", "-wrap-ttl=soon", expect=1)


def test_leases_of_logins(run):
    for _ in range(3):
        run("login", "-method=userpass", "-path=people", "username=ann", "password=correct horse", "-no-store", token=False)
    ids = json.loads(run("list", "-format=json", "sys/leases/lookup/auth/people/login/ann").stdout)
    assert len(ids) >= 3
    first, second, *_ = ["auth/people/login/ann/" + name for name in ids]
    looked_up = run("lease", "lookup", first).stdout
    assert re.search(r"expire_time\s+20", looked_up) and re.search(r"ttl\s+(1h|59m)", looked_up)
    assert "Queued" in run("lease", "revoke", second).stdout
    assert f"Revoked lease: {first}" in run("lease", "revoke", "-sync", first).stdout
    run("lease", "lookup", first, expect=2)
    assert "Revoked any leases" in run("lease", "revoke", "-prefix", "-sync", "auth/people/login/ann").stdout
    run("list", "sys/leases/lookup/auth/people/login/ann", expect=2)
    assert "Force revoked" in run("lease", "revoke", "-force", "-prefix", "auth/people/login").stdout
    run("lease", "revoke", "-force", first, expect=1)
    run("lease", "renew", "nothing/here", expect=2)


def test_lists_and_help(access, run):
    for command, column in [("auth", "Token Type"), ("secrets", "Force No Cache")]:
        head = run(command, "list", "-detailed").stdout.splitlines()[0]
        assert column in head and "Running Version" in head and "Deprecation Status" in head
    assert str(access.audit_path) in run("audit", "list", "-detailed").stdout
    assert "coffer login -method=userpass" in run("auth", "help", "userpass", token=False).stdout
    helped = run("auth", "help", "people/").stdout
    assert "coffer login -method=userpass" in helped and "users/{username}" in helped
    assert "role_id" in run("auth", "help", "approle", token=False).stdout
    assert "## PATHS" in run("path-help", "secret").stdout
    assert json.loads(run("path-help", "-format=json", "secret/data/x").stdout)["openapi"]["paths"]
    run("path-help", "nothing", expect=2)
    policy = run.home / "p.hcl"
    policy.write_text('path "a" {capabilities=["read"]}')
    run("policy", "fmt", str(policy))
    assert policy.read_text() == 'path "a" { capabilities = ["read"] }\n'
    run("policy", "fmt", str(run.home / "none"), expect=1)


def test_reading_listing_and_deleting(access, run):
    run("write", "kv1/a", "k=v", "n=@" + str(access.configuration))
    assert run("read", "-field=k", "kv1/a").stdout == "v"
    assert run("list", "kv1").stdout == "Keys\n----\na\n"
    assert "Data deleted (if it existed)" in run("delete", "kv1/a").stdout
    assert "No value found" in run("read", "kv1/a", expect=2).stderr
    assert "No value found" in run("list", "kv1", expect=2).stderr
    assert "coffer secrets list" in run("read", "nowhere/a", expect=2).stderr
    assert "coffer login" in run("read", "kv1/a", token=False, expect=2).stderr
    assert "coffer server" in run("read", "kv1/a", "-address=http://127.0.0.1:1", expect=2).stderr
    run("read", expect=1)
    run("kv", "get", "-version=-1", "secret/apis/openai", expect=1)
    access.get("secret/data/apis/openai?version=-1").expect(400)
