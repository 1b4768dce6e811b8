"""Configuration files as Vault has them, seals, environment and -dev."""

import json
import os
import secrets
import signal
import subprocess
import time

import pytest
from harness import BINARY, Server, clean_environment, free_port


def exits(directory, text, name="c.hcl", **environment):
    """Starts with a configuration that must be refused; (exit code, output)."""
    path = directory / name
    path.write_text(text)
    done = subprocess.run([str(BINARY), "server", "-config", str(path)], capture_output=True, text=True, timeout=20,
                          env=clean_environment(**environment), cwd=directory)
    return done.returncode, done.stdout + done.stderr


VAULT_CONFIGURATIONS = {
    "file": 'backend "file" {{\n  path = "{d}/file"\n}}\nlistener "tcp" {{\n  address = "127.0.0.1:{p}"\n  tls_disable = 1\n}}\n'
            'disable_mlock = true\nui = true\napi_addr = "http://127.0.0.1:{p}"\nmax_lease_ttl = "768h"\ndefault_lease_ttl = "768h"\n',
    "raft": 'storage "raft" {{\n  path    = "{d}/raft"\n  node_id = "n1"\n}}\nlistener "tcp" {{\n  address         = "127.0.0.1:{p}"\n'
            '  cluster_address = "127.0.0.1:{q}"\n  tls_disable     = "true"\n}}\ncluster_addr = "http://127.0.0.1:{q}"\n'
            'cluster_name = "c"\nlog_level = "Info"\ntelemetry {{\n  disable_hostname = true\n}}\n',
    "json": '{{"storage": {{"file": {{"path": "{d}/json"}}}}, "listener": [{{"tcp": {{"address": "127.0.0.1:{p}", "tls_disable": true}}}}],'
            ' "disable_mlock": true}}',
    "json listener object": '{{"storage": {{"sqlite": {{"path": "{d}/jo"}}}}, "listener": {{"tcp": {{"address": "127.0.0.1:{p}", "tls_disable": 1}}}}}}',
    "json arrays": '{{"backend": [{{"inmem": [{{}}]}}], "listener": [{{"tcp": [{{"address": "127.0.0.1:{p}", "tls_disable": "1"}}]}}]}}',
}


@pytest.mark.parametrize("name", VAULT_CONFIGURATIONS)
def test_an_existing_vault_configuration_starts(new_server, name):
    server = new_server(seal="shamir")
    text = VAULT_CONFIGURATIONS[name].format(d=server.directory, p=server.port, q=free_port())
    if name.startswith("json"):
        server.configuration = server.directory / "coffer.json"
    server.configuration.write_text(text)
    server.start().initialise().mount("secret", version="2")
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert server.stop() == 0
    if name in ("file", "raft"):
        assert "sqlite" in server.log().lower(), "must say that the block opens a SQLite store"
        server.start()
        for key in server.unseal_keys[:2]:
            server.put("sys/unseal", {"key": key}, token=None)
        assert server.get("secret/data/x").data["data"] == {"a": 1}


@pytest.mark.parametrize("line,named", [
    ('storrage "inmem" {}', "storrage"), ("no_such_key = 1", "no_such_key"), ('listener "tcp" { adress = "x" }', "adress"),
    ('listener "udp" {}', "udp"), ('storage "etcd" {}', "etcd"), ('seal "awskms" {}', "awskms"), ("log_level = 5x", ""),
    ("max_lease_ttl = \"forever\"", "max_lease_ttl"), ("default_lease_ttl = -1", "default_lease_ttl"), ("disable_mlock = \"perhaps\"", "disable_mlock"),
])
def test_unknown_and_wrong_keys_are_refused_by_name_and_line(tmp_path, line, named):
    text = f'storage "inmem" {{}}\nlistener "tcp" {{\n  address = "127.0.0.1:{free_port()}"\n  tls_disable = true\n}}\n'
    if line.startswith("storage "):
        text = text.replace('storage "inmem" {}', "# none")
    code, output = exits(tmp_path, text + "\n" + line + "\n")
    assert code == 1, output
    assert named in output and ("7" in output or "line" in output), output


def test_missing_and_unreadable_configuration(tmp_path):
    done = subprocess.run([str(BINARY), "server", "-config", str(tmp_path / "none.hcl")], capture_output=True, text=True,
                          timeout=20, env=clean_environment())
    assert done.returncode == 1 and "none.hcl" in done.stdout + done.stderr
    code, _ = exits(tmp_path, "\0\1\2")
    assert code == 1
    code, _ = exits(tmp_path, '{"storage": {"inmem": {}}, "storage": {"inmem": {}}}', name="c.json")
    assert code == 1


@pytest.mark.parametrize("spelling", ["hex", "base64", "raw file", "env", "previous"])
def test_static_seal_key_forms(new_server, spelling):
    import base64

    server = new_server()
    key = secrets.token_bytes(32)
    text = server.configuration.read_text()
    file = server.directory / "unseal.key"
    environment = {}
    if spelling == "hex":
        file.write_text(key.hex() + "\n")
    elif spelling == "base64":
        file.write_text(base64.b64encode(key).decode() + "\n")
    elif spelling == "raw file":
        file.write_bytes(key)
    else:
        file.unlink()
        text = text.replace(f"file://{file}", "env://MY_UNSEAL_KEY")
        environment = {"MY_UNSEAL_KEY": key.hex()}
    server.configuration.write_text(text)
    server.environment = environment
    server.start().initialise().mount("secret", version="2")
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert server.stop() == 0
    if spelling == "previous":
        new = secrets.token_bytes(32)
        server.environment = {"MY_UNSEAL_KEY": new.hex(), "OLD": key.hex()}
        server.configuration.write_text(text.replace(
            'current_key_id = "k1"', 'current_key_id = "k2"\n  previous_key_id = "k1"\n  previous_key = "env://OLD"'))
    server.start()
    assert server.get("secret/data/x").data["data"] == {"a": 1}
    if spelling == "previous":
        assert server.stop() == 0
        server.environment.pop("OLD")
        server.configuration.write_text(text.replace('current_key_id = "k1"', 'current_key_id = "k2"'))
        server.start()
        assert server.get("secret/data/x").data["data"] == {"a": 1}


@pytest.mark.parametrize("key", ["00" * 32, "ab" * 32, "short", "", "zz" * 32, "00" * 31, "00112233445566778899aabbccddeeff" * 3])
def test_weak_or_malformed_seal_keys_are_refused(new_server, key):
    server = new_server()
    (server.directory / "unseal.key").write_text(key)
    server.start(wait=False)
    assert server.process.wait(20) != 0
    server.process = None
    if len(key) > 8:
        assert key not in server.log()


def test_msa_and_vault_encryption_variables(new_server):
    for variables in ({"VAULT_ENCRYPTION_KEY": secrets.token_hex(32), "VAULT_ENCRYPTION_IV": secrets.token_hex(16)},
                      {"MSA_MASTER_KEY": secrets.token_hex(32)}):
        server = new_server(seal="shamir")
        server.environment = variables
        server.seal = "static"  # initialised as a server that unseals itself
        server.start().initialise().mount("secret", version="2")
        server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
        assert server.stop() == 0
        server.start()
        assert server.get("secret/data/x").data["data"] == {"a": 1}
        for value in variables.values():
            assert value not in server.log()
        server.close()


def test_settings_from_variables(new_server, tmp_path):
    server = new_server()
    other = tmp_path / "other-audit"
    other.mkdir()
    server.start(COFFER_AUDIT_DIRS=str(other), COFFER_LOG_LEVEL="debug").initialise()
    server.put("sys/audit/f", {"type": "file", "options": {"file_path": str(other / "a.log")}}).expect(204)


def test_logs_are_json_lines(new_server):
    server = new_server(settings='log_format = "json"').ready()
    assert server.stop() == 0
    lines = [line for line in server.log().splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line


class DevServer(Server):
    def start(self, *arguments, **environment):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "server", "-dev", f"-dev-listen-address=127.0.0.1:{self.port}", *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=clean_environment(HOME=self.directory, **environment), cwd=self.directory)
        self.wait_until_answering()
        return self


@pytest.fixture
def dev(tmp_path):
    made = DevServer(tmp_path / "dev")
    yield made
    made.close()


def test_dev_server(dev):
    dev.start("-dev-root-token-id=dev-root")
    dev.token = "dev-root"
    assert dev.get("sys/health", token=None).status == 200
    assert dev.get("sys/mounts").data["secret/"]["options"]["version"] == "2"
    dev.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert "dev-root" in dev.log() and "Unseal Key" in dev.log() or "dev-root" in dev.log()
    saved = dev.directory / ".coffer-token"
    assert saved.read_text().strip() == "dev-root" and f"saved as this user's login in {saved}" in dev.log()
    dev.put("sys/audit/file", {"type": "file", "options": {"file_path": f"/tmp/coffer-dev-{os.getpid()}-{secrets.token_hex(4)}.log"}}).expect(204)
    assert dev.stop() == 0


def test_dev_server_that_saves_no_token_says_nothing_of_it(dev):
    dev.start("-dev-no-store-token")
    assert not (dev.directory / ".coffer-token").exists() and "saved as" not in dev.log() and "Root Token" in dev.log()


def test_dev_server_from_variables(dev):
    dev.start(VAULT_DEV_ROOT_TOKEN_ID="from-variable")
    dev.token = "from-variable"
    assert dev.get("auth/token/lookup-self").expect(200).data["policies"] == ["root"]


def test_dev_storage_persists(dev):
    arguments = [f"-dev-storage={dev.directory}/data", "-dev-root-token-id=again"]
    dev.start(*arguments)
    dev.token = "again"
    dev.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert dev.stop() == 0
    dev.start(*arguments)
    assert dev.get("secret/data/x").data["data"] == {"a": 1}


def test_audit_file_is_reopened_on_sighup(new_server):
    server = new_server().ready()
    server.post("kv1/a", {"v": "1"}).expect(204)
    rotated = server.audit_path.with_suffix(".1")
    server.audit_path.rename(rotated)
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not server.audit_path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    server.post("kv1/b", {"v": "1"}).expect(204)
    assert '"kv1/b"' in server.audit_path.read_text() and '"kv1/b"' not in rotated.read_text()
    for path in (rotated, server.audit_path):
        done = server.cli("audit", "verify", str(path))
        assert done.returncode == 0, done.stdout + done.stderr


def test_audit_verify_finds_edits(new_server):
    server = new_server().ready()
    for n in range(10):
        server.post(f"kv1/{n}", {"v": "1"}).expect(204)
    segments = list(dict.fromkeys(json.loads(line)["seg"] for line in server.audit_path.read_text().splitlines()))
    keys = server.directory / "keys.json"
    keys.write_bytes(server.put("sys/audit-verify/file", {"segments": segments}).expect(200).body)
    lines = server.audit_path.read_text().splitlines(keepends=True)
    copy = server.directory / "copy.log"

    def verify(edited):
        copy.write_text("".join(edited))
        return server.cli("audit", "verify", f"-keys={keys}", str(copy), token=False).returncode

    assert verify(lines) == 0
    assert verify(lines[:5] + lines[6:]) != 0, "a line removed"
    assert verify(lines[:5] + [lines[6], lines[5]] + lines[7:]) != 0, "two lines reordered"
    edited = lines[5].replace('"type":"re', '"type":"rE', 1)
    assert edited != lines[5] and verify(lines[:5] + [edited] + lines[6:]) != 0, "a line changed"
    assert verify(lines[:5] + [lines[4]] + lines[5:]) != 0, "a line repeated"
    assert verify(lines[1:]) != 0 and verify(lines[4:]) != 0, "the beginning cut off"
    assert verify(lines[:8]) != 0, "the end cut off"
    assert verify(lines[:8] + [lines[8][:40]]) != 0, "a line cut short"


def test_seal_migration_from_shamir_to_static(new_server):
    server = new_server(seal="shamir").start().initialise().mount("secret", version="2")
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert server.stop() == 0
    file = server.directory / "unseal.key"
    file.write_text(secrets.token_hex(32))
    file.chmod(0o600)
    text = server.configuration.read_text()
    server.configuration.write_text(f'{text}\nseal "static" {{\n  current_key_id = "k1"\n  current_key = "file://{file}"\n}}\n')
    server.start()
    assert server.get("sys/health", token=None).status == 503
    for key in server.unseal_keys[:2]:
        server.put("sys/unseal", {"key": key, "migrate": True}, token=None).expect(200)
    assert server.get("secret/data/x").expect(200).data["data"] == {"a": 1}
    assert server.stop() == 0
    server.start()
    assert server.get("secret/data/x").expect(200).data["data"] == {"a": 1}
