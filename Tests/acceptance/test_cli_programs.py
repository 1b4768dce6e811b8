"""The command line as scripts and programs use it, against a live server."""

import json
import os
import pty
import re
import subprocess

import pytest
from harness import BINARY, Server, clean_environment
from service_harness import ServiceServer


@pytest.fixture(scope="module")
def ready(server):
    server.post("secret/data/one", {"data": {"k": "v"}}).expect(200)
    server.post("sys/auth/people", {"type": "userpass"}).expect(204)
    server.post("auth/people/users/ann", {"password": "pw", "token_policies": "default"}).expect(204)
    return server


@pytest.fixture
def run(ready):
    def run(*arguments, expect=0, **options):
        done = ready.cli(*arguments, **options)
        assert done.returncode == expect, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def test_paths_are_taken_as_they_are(ready, run):
    """A space at the end names another secret; cutting it off read, and deleted, the wrong one."""
    ready.post("secret/data/pw%20", {"data": {"k": "with space"}}).expect(200)
    run("kv", "put", "secret/pw", "k=without")
    assert run("kv", "get", "-field=k", "secret/pw ").stdout == "with space"
    run("kv", "delete", "secret/pw ")
    assert ready.get("secret/data/pw").data["data"] == {"k": "without"}
    assert ready.get("secret/data/pw%20").status == 404
    run("kv", "put", "secret/1 /2", "k=v")
    assert "2" in run("kv", "list", "secret/1 /").stdout


def test_wrapping_by_a_variable(ready, run):
    for name in ("VAULT_WRAP_TTL", "COFFER_WRAP_TTL"):
        shown = run("kv", "get", "-format=json", "secret/one", env={name: "5m"})
        token = json.loads(shown.stdout)["wrap_info"]["token"]
        assert '"v"' not in shown.stdout
        assert run("kv", "get", "-field=k", "secret/one", env={name: "5m"}, expect=1).stdout == ""
        assert run("unwrap", "-field=data", token).stdout == '{"k":"v"}'
        assert run("kv", "get", "-field=k", "-wrap-ttl=", "secret/one", env={name: "5m"}).stdout == "v"
        assert "wrapping_token" in run("secrets", "list", env={name: "5m"}).stdout


def test_descriptions_and_lists_are_cleared(ready, run):
    run("secrets", "enable", "-path=cleared", "-description=to go", "-audit-non-hmac-request-keys=a", "kv")
    run("secrets", "tune", "-description=", "-audit-non-hmac-request-keys=", "cleared/")
    tuned = ready.get("sys/mounts/cleared/tune").data
    assert tuned["description"] == "" and not tuned.get("audit_non_hmac_request_keys")


def test_json_for_everything(ready, run):
    def shown(*arguments, expect=0, **options):
        done = run(*arguments, "-format=json", expect=expect, **options)
        return json.loads(done.stdout) if done.stdout else None, json.loads(done.stderr) if done.stderr else None

    assert shown("version")[0] == {"version": "0.1.0"}
    assert "message" in shown("policy", "write", "json", "-", stdin='path "x" { capabilities = ["read"] }')[0]
    assert "message" in shown("policy", "delete", "json")[0]
    assert "message" in shown("secrets", "enable", "-path=json", "kv")[0]
    assert "message" in shown("secrets", "tune", "-description=x", "json")[0]
    assert "message" in shown("secrets", "disable", "json")[0]
    assert "message" in shown("operator", "generate-root", "-cancel")[0]
    assert "message" in shown("token", "revoke", run("token", "create", "-field=token").stdout)[0]
    for nothing in (["list", "secret/metadata/none"], ["kv", "list", "secret/none"], ["read", "secret/data/none"], ["kv", "get", "secret/none"]):
        output, errors = shown(*nothing, expect=2)
        assert output == {} and errors["errors"], nothing
    output, errors = shown("read", "sys/none", expect=2)
    assert output is None and errors["status"] == 404 and errors["errors"]
    assert shown("kv", "get", expect=1)[1]["errors"]
    assert shown("platform", "lint", "/no/such/file", expect=1)[0]["problems"]


def test_output_that_cannot_be_written_is_an_error(ready):
    environment = clean_environment(VAULT_ADDR=ready.address, VAULT_TOKEN=ready.token, HOME=str(ready.directory))
    for arguments in (["kv", "get", "secret/one"], ["version"], ["kv", "get", "-format=json", "secret/one"], ["kv", "get", "-help"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(BINARY), *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, timeout=60)
        assert done.returncode != 0 and "No space left" in done.stderr, arguments


def test_control_characters_do_not_reach_a_terminal(ready, run):
    value = "a\x1b[31mb\rc\u202ed"
    ready.post("secret/data/control", {"data": {"k": value}}).expect(200)
    assert run("kv", "get", "-field=k", "secret/control").stdout == value.replace("\r", "\n")  # read as text
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [str(BINARY), "kv", "get", "-field=k", "secret/control"], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
        env=clean_environment(VAULT_ADDR=ready.address, VAULT_TOKEN=ready.token, HOME=str(ready.directory)))
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:
        pass  # the terminal's other side is closed
    assert process.wait(30) == 0
    assert shown.decode().strip() == "a\\u001b[31mb\\u000dc\\u202ed"


def test_flags_before_the_command(run):
    assert run("-format=json", "-non-interactive", "kv", "get", "secret/one").stdout.startswith("{")
    assert "Did you mean `coffer status`?" in run("sttus", expect=1).stderr


def test_patch_where_the_token_may_not_patch(ready, run):
    ready.post("secret/data/merge", {"data": {"a": "1", "b": "2"}}).expect(200)
    policy = 'path "secret/data/merge" { capabilities = [%s] }\npath "sys/internal/ui/mounts/*" { capabilities = ["read"] }'
    token = ready.new_token(policy % '"create", "update", "read"')
    run("kv", "patch", "secret/merge", "b=3", token=token)
    assert ready.get("secret/data/merge").data["data"] == {"a": "1", "b": "3"}
    assert "permission denied" in run("kv", "patch", "secret/merge", "b=4", token=ready.new_token(policy % '"list"'), expect=2).stderr
    run("kv", "patch", "-method=patch", "secret/merge", "b=4", token=token, expect=2)
    assert ready.get("secret/data/merge").data["data"] == {"a": "1", "b": "3"}


def test_the_policy_that_a_command_needs(ready, run):
    assert run("kv", "get", "-output-policy", "secret/one").stdout == 'path "secret/data/one" {\n  capabilities = ["read"]\n}\n'
    assert '["create", "update"]' in run("kv", "put", "-output-policy", "secret/a b", "k=v").stdout
    assert 'path "secret/data/a b"' in run("kv", "put", "-output-policy", "secret/a b", "k=v").stdout
    assert '["list"]' in run("kv", "list", "-output-policy", "secret/").stdout
    assert "sudo" in run("read", "-output-policy", "sys/raw/x").stdout or "sudo" in run("audit", "list", "-output-policy").stdout
    text = run("kv", "delete", "-output-policy", "secret/gone").stdout
    assert ready.get("secret/data/gone").status == 404
    # It is a policy, and enough.
    ready.post("secret/data/gone", {"data": {"k": "v"}}).expect(200)
    token = ready.new_token(text + 'path "sys/internal/ui/mounts/*" { capabilities = ["read"] }')
    run("kv", "delete", "secret/gone", token=token)
    assert ready.get("secret/data/gone").status == 404


def test_tokens_of_a_login_are_revoked_by_path(ready, run):
    login = ready.post("auth/people/login/ann", {"password": "pw"}, token=None).expect(200).json["auth"]["client_token"]
    assert ready.get("auth/token/lookup-self", token=login).status == 200
    run("token", "revoke", "-mode=path", "auth/people/login/ann")
    assert ready.get("auth/token/lookup-self", token=login).status == 403


def test_lockout_is_tuned(ready, run):
    run("auth", "tune", "-user-lockout-threshold=7", "-user-lockout-duration=90s", "-user-lockout-counter-reset-duration=5m", "people/")
    def rules():
        return {name.removeprefix("user_lockout_"): value for name, value in ready.get("sys/auth/people/tune").data.items() if "lockout" in name}

    assert {"threshold": 7, "duration": 90, "counter_reset_duration": 300}.items() <= rules().items()
    run("auth", "tune", "-user-lockout-disable", "people/")
    assert rules()["disable"] is True and rules()["threshold"] == 7
    run("auth", "tune", "-user-lockout-disable=false", "people/")
    assert rules()["disable"] is False


def test_a_lease_that_is_renewed_is_shown(ready, run):
    ready.post("auth/people/login/ann", {"password": "pw"}, token=None).expect(200)
    leases = ready.list("sys/leases/lookup/auth/people/login/ann").data["keys"]
    lease = "auth/people/login/ann/" + leases[0]
    shown = ready.cli("lease", "renew", "-increment=10m", lease)
    # A login's lease may be one that only its token renews; the answer is then the server's reason.
    assert (shown.returncode == 0 and lease in shown.stdout) or "lease" in shown.stderr
    assert "No value found" not in shown.stderr


def test_hints_name_the_cause(ready, run, tmp_path):
    env = {"HOME": str(tmp_path)}
    bad = run("kv", "get", "secret/one", token="hvs.none", expect=2, env=env).stderr
    assert "invalid or has expired" in bad and "coffer login" in bad
    weak = ready.new_token('path "other" { capabilities = ["read"] }\npath "auth/token/lookup-self" { capabilities = ["read"] }')
    refused = run("read", "secret/data/one", token=weak, expect=2).stderr
    assert re.search(r"policies: p-\w+\) may not", refused) and "secret/data/one" in refused
    unmounted = run("kv", "get", "nothing/here", expect=2).stderr
    assert "No secrets engine is mounted at nothing/" in unmounted and "coffer secrets enable -path=nothing kv-v2" in unmounted
    assert "or accessor is unknown" in run("token", "lookup", "hvs.none", expect=2).stderr
    root = run("token", "renew", expect=2).stderr
    assert "leases" not in root
    assert "locked for some minutes" in run("login", "-method=userpass", "-path=people", "username=ann", "password=no", expect=2, env=env).stderr
    assert "coffer token lookup" not in run("login", "hvs.none", expect=2, env=env).stderr


def test_init_makes_the_recovery_shares_that_were_asked_for(new_server):
    server = new_server(seal="static")
    server.start()
    assert "-recovery-shares" in server.cli("operator", "init", "-key-shares=1", token=False).stderr
    made = server.cli("operator", "init", "-recovery-shares=3", "-recovery-threshold=2", "-format=json", token=False)
    assert made.returncode == 0, made.stderr
    keys = json.loads(made.stdout)
    assert len(keys["recovery_keys_b64"]) == 3 and keys["recovery_keys_shares"] == 3 and keys["recovery_keys_threshold"] == 2
    assert keys["unseal_keys_b64"] == [] and keys["unseal_threshold"] == 0
    # The same share twice does not count, and is said.
    root = keys["root_token"]
    started = server.cli("operator", "generate-root", "-init", token=root)
    assert started.returncode == 0 and "Keep the OTP" in started.stderr
    first = server.cli("operator", "generate-root", keys["recovery_keys_b64"][0], token=root)
    assert first.returncode == 0 and "given before" not in first.stderr
    assert "given before" in server.cli("operator", "generate-root", keys["recovery_keys_b64"][0], token=root).stderr
    last = server.cli("operator", "generate-root", keys["recovery_keys_b64"][1], token=root)
    assert "-decode=" in last.stderr


def test_init_makes_the_key_shares_that_were_asked_for(new_server):
    server = new_server(seal="shamir")
    server.start()
    assert "-key-shares" in server.cli("operator", "init", "-recovery-shares=1", token=False).stderr
    keys = json.loads(server.cli("operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json", token=False).stdout)
    assert keys["unseal_shares"] == 1 and keys["unseal_threshold"] == 1


def test_migration_copies_labels_and_version_1(tmp_path, new_server):
    remote = new_server().ready()
    policy = 'path "secret/*" { capabilities = ["create", "read", "update", "patch", "list", "delete"] }'
    front = ServiceServer(
        tmp_path / "front", SERVICE_VAULT_ADDR=remote.address, SERVICE_VAULT_MOUNT="secret", SERVICE_VAULT_TOKEN=remote.new_token(policy)).start()
    try:
        def run(*arguments, expect=0, **options):
            done = front.cli(*arguments, **options)
            assert done.returncode == expect, f"{arguments}: {done.stdout}{done.stderr}"
            return done

        empty = run("service", "migrate", "-to=vault", expect=2)
        assert "Nothing was copied" in empty.stderr
        run("secrets", "enable", "-path=old", "-version=1", "kv")
        run("secrets", "enable", "-path=new", "-version=2", "kv")
        run("kv", "put", "old/a/b", "k=v", "n=1")
        done = run("service", "migrate", "-to=vault", "-mount=old")
        assert "1 secret was fully copied" in done.stdout and "SERVICE_PROVIDER" not in done.stdout
        assert remote.get("secret/data/a/b").data["data"] == {"k": "v", "n": "1"}
        run("kv", "put", "new/c", "k=1")
        run("kv", "put", "new/c", "k=2")
        run("kv", "metadata", "put", "-custom-metadata=owner=ann", "-max-versions=7", "-cas-required", "new/c")
        copied = json.loads(run("service", "migrate", "-to=vault", "-mount=new", "-format=json").stdout)
        assert copied["whole"] == 1 and copied["without_settings"] == [] and "newest version" in copied["message"]
        kept = remote.get("secret/metadata/c").data
        assert kept["custom_metadata"] == {"owner": "ann"} and kept["max_versions"] == 7 and kept["cas_required"] is True
        assert remote.get("secret/data/c").data["data"] == {"k": "2"}
        # Once more: nothing is written again.
        run("service", "migrate", "-to=vault", "-mount=new")
        assert remote.get("secret/data/c").data["metadata"]["version"] == 1
        # Back into a mount that has no labels: copied, and named.
        back = run("service", "migrate", "-to=local", "-mount=old", "-overwrite")
        assert re.search(r"version 1 mount does not have: c", back.stdout) and "fully copied" in back.stdout
        assert run("kv", "get", "-field=k", "old/c").stdout == "2"
        assert remote.stop() == 0
        down = run("service", "migrate", "-to=local", "-mount=new", expect=2)
        assert "SERVICE_VAULT_ADDR" in down.stderr and "server -dev" not in down.stderr
    finally:
        front.close()


def test_arguments_that_are_not_utf_8_are_refused(ready):
    """They were changed before: another secret was written than the one that was named."""
    settings = clean_environment(VAULT_ADDR=ready.address, VAULT_TOKEN=ready.token, HOME=ready.directory)
    for flags in ([], [b"-format=json"]):
        done = subprocess.run(
            [os.fsencode(str(BINARY)), b"kv", b"put", *flags, b"secret/\xff", b"k=v"], capture_output=True, env=settings)
        assert done.returncode == 1 and not done.stdout
        text = json.loads(done.stderr)["errors"][0] if flags else done.stderr.decode()
        assert f"Argument {3 + len(flags)} is not UTF-8" in text
    assert "\N{REPLACEMENT CHARACTER}" not in ready.get("secret/metadata?list=true").data["keys"]


@pytest.mark.parametrize("line, status", [
    (("audit", "disable", "-format=json", "nothing"), 0),
    (("audit", "enable", "-format=json"), 1),
    (("kv", "get", "-format=json", "-nope"), 1),
    (("token", "attenuate", "-format=json", "-uses=x"), 1),
    (("token", "attenuate", "-format=json", "-uses=0"), 1),
    (("token", "attenuate", "-format=json", "-uses=5"), 0),
    (("nosuch", "-format=json"), 1), (("kv", "nosuch", "-format=json"), 1),
])
def test_json_is_printed_whatever_happens(run, line, status):
    done = run(*line, expect=status)
    said = json.loads(done.stdout if status == 0 else done.stderr)
    assert said["errors"] if status else said
    assert not (done.stderr if status == 0 else done.stdout)
