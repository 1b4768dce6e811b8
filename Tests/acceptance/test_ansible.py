"""Ansible's collection for Vault: lookups and modules, by token, AppRole and user name."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

PLAYBOOK = pathlib.Path(sys.executable).parent / "ansible-playbook"


@pytest.fixture(scope="module")
def role(server):
    server.post("sys/auth/ansible-up", {"type": "userpass"}).expect(204)
    server.post("sys/auth/ansible-ar", {"type": "approle"}).expect(204)
    server.put("sys/policies/acl/ansible/reader", {"policy": 'path "secret/data/ansible/*" { capabilities = ["read"] }'}).expect(200, 204)
    server.post("auth/ansible-up/users/bob", {"password": "pw-of-bob", "token_policies": "ansible/reader"}).expect(204)
    server.post("auth/ansible-ar/role/r", {"token_policies": "ansible/reader"}).expect(204)
    return {
        "role_id": server.get("auth/ansible-ar/role/r/role-id").data["role_id"],
        "secret_id": server.post("auth/ansible-ar/role/r/secret-id", {}).data["secret_id"],
    }


def play(server, tmp_path, tasks, **variables):
    book = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "module_defaults": {
        "group/community.hashi_vault.vault": {"url": server.address, "auth_method": "token", "token": server.token}}, "tasks": tasks}]
    path = tmp_path / "play.json"
    path.write_text(json.dumps(book))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "ANSIBLE_", "COFFER_"))}
    environment |= {
        "HOME": str(tmp_path), "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_HASHI_VAULT_ADDR": server.address,
        "ANSIBLE_HASHI_VAULT_TOKEN": server.token, "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    done = subprocess.run([PLAYBOOK, "-i", "localhost,", "-c", "local", str(path)], env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def module(name, **arguments):
    return {f"community.hashi_vault.{name}": arguments}


def check(*conditions):
    return {"ansible.builtin.assert": {"that": list(conditions)}}


def test_modules_and_lookups(server, tmp_path, role):
    get = "lookup('community.hashi_vault.vault_kv2_get', 'ansible/a')"
    play(server, tmp_path, [
        module("vault_kv2_write", path="ansible/a", data={"k": "v1", "n": "2"}),
        check(f"{get}.secret.k == 'v1'", f"{get}.metadata.version == 1"),
        module("vault_kv2_get", path="ansible/a") | {"register": "got"}, check("got.secret.n == '2'"),
        module("vault_kv1_get", engine_mount_point="kv1", path="none") | {"ignore_errors": True, "register": "absent"}, check("absent is failed"),
        module("vault_kv2_delete", path="ansible/a"),
        module("vault_kv2_write", path="ansible/b", data={"k": "v"}),
        module("vault_list", path="secret/metadata/ansible") | {"register": "names"}, check("'b' in names.data.data['keys']"),
        module("vault_write", path="sys/policies/acl/ansible/made", data={"policy": 'path "x" { capabilities = ["read"] }'}),
        module("vault_read", path="sys/policies/acl/ansible/made") | {"register": "made"}, check("made.data.data.name == 'ansible/made'"),
        module("vault_token_create", policies=["ansible/reader"], ttl="1.5h") | {"register": "token"},
        check("token.login.auth.lease_duration == 5400", "'ansible/reader' in token.login.auth.policies"),
    ])


def test_logins(server, tmp_path, role):
    server.put("secret/data/ansible/c", {"data": {"k": "v"}}).expect(200)
    get = "lookup('community.hashi_vault.vault_kv2_get', 'ansible/c', auth_method={}).secret.k == 'v'"
    play(server, tmp_path, [
        check(get.format("'approle', mount_point='ansible-ar', role_id=role_id, secret_id=secret_id")),
        check(get.format("'userpass', mount_point='ansible-up', username='bob', password='pw-of-bob'")),
    ], **role)
