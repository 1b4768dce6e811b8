"""What a newcomer does wrong in the first hour, and what the server and the command line say about it."""

import os
import subprocess
import sys
from pathlib import Path

from harness import BINARY, clean_environment
from test_tls import Authority, TLSServer

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def test_a_store_that_waits_for_its_shares_is_not_called_uninitialised(new_server):
    server = new_server(seal="shamir")
    server.start()
    before = server.get("secret/data/a", token=None)
    assert before.status == 503 and "not initialized" in before.errors[0], before
    made = server.put("sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None).expect(200).json
    refused = server.get("secret/data/a", token=made["root_token"])
    assert refused.status == 503 and refused.errors == ["Coffer is sealed; unseal it with `coffer operator unseal`"], refused
    shown = server.cli("kv", "get", "secret/a", token=made["root_token"])
    assert shown.returncode == 2 and "coffer operator unseal" in shown.stderr and "initialized" not in shown.stderr
    again = server.put("sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
    assert again.status == 400 and again.errors == ["Coffer is already initialized; see its state with `coffer status`"], again
    server.put("sys/unseal", {"key": made["keys_base64"][0]}, token=None).expect(200)
    assert server.get("sys/mounts", token=made["root_token"]).status == 200


def test_a_static_seal_says_what_opens_it(new_server):
    server = new_server(seal="static")
    server.start().initialise()
    server.put("sys/seal").expect(204)
    shown = server.cli("kv", "get", "secret/a").stderr
    assert "give the recovery keys to `coffer operator unseal`, or restart the server" in shown and "takes no key shares" not in shown


def test_a_seal_that_is_being_changed_names_migrate(new_server):
    server = new_server(seal="static")
    server.start()
    made = server.put("sys/init", {"recovery_shares": 1, "recovery_threshold": 1}, token=None).expect(200).json
    share = made["recovery_keys_base64"][0]
    assert server.stop() == 0
    text = server.configuration.read_text()
    server.configuration.write_text(text.replace('seal "static" {\n', 'seal "static" {\n  disabled = "true"\n'))
    server.start()
    refused = server.get("secret/data/a", token=made["root_token"])
    wanted = "The seal is being changed: give the recovery keys with `coffer operator unseal -migrate`"
    assert refused.status == 503 and wanted in refused.errors[0], refused
    assert "-migrate" in server.put("sys/unseal", {"key": share}, token=None).errors[0]
    moved = server.cli("operator", "unseal", "-migrate", share, token=False)
    assert moved.returncode == 0, moved.stderr
    server.get("sys/mounts", token=made["root_token"]).expect(200)
    # Sealed by hand from then on, it is opened as any other.
    server.put("sys/seal", token=made["root_token"]).expect(204)
    assert server.get("secret/data/a").errors == ["Coffer is sealed; unseal it with `coffer operator unseal`"]


def test_http_to_a_tls_port(tmp_path):
    authority = Authority(tmp_path)
    server = TLSServer(tmp_path / "tls").listen(authority, *authority.issue("server")).start()
    try:
        done = subprocess.run(
            [str(BINARY), "status"], capture_output=True, text=True, timeout=60,
            env=clean_environment(VAULT_ADDR=server.address.replace("https://", "http://"), HOME=str(tmp_path)))
        assert done.returncode != 0 and "expects TLS" in done.stderr and "https://" in done.stderr, done.stderr
    finally:
        server.close()


def test_files_that_do_not_exist_are_said_not_to(tmp_path):
    environment = clean_environment(HOME=str(tmp_path))
    done = subprocess.run([str(BINARY), "server", "-env-file", "none.env"], capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path)
    assert done.returncode == 1 and "none.env" in done.stderr and "does not exist" in done.stderr, done.stderr
    (tmp_path / "c.hcl").write_text(
        f'storage "sqlite" {{ path = "{tmp_path}/data" }}\n'
        'listener "tcp" { address = "127.0.0.1:0"\n tls_cert_file = "none.pem"\n tls_key_file = "none.key" }\n')
    done = subprocess.run([str(BINARY), "server", "-config", "c.hcl"], capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "none.pem" in said and "does not exist" in said, said
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "audit-verify.py"), "none.log"], input="00" * 32, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr == f"cannot open none.log: {os.strerror(2)}\n"
