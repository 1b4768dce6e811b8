"""Ansible's collection for Vault: lookups and modules, with each login that it has and Coffer too."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from directories import Slapd
from identity_provider import IdentityProvider
from test_cert_login import ASKS
from test_tls import Authority, TLSServer

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


def test_logins_with_what_others_vouch_for(server, tmp_path, role):
    server.put("secret/data/ansible/d", {"data": {"k": "v"}}).expect(200)
    provider, directory = IdentityProvider(), Slapd()
    try:
        for kind in ("jwt", "ldap"):
            server.post(f"sys/auth/ansible-{kind}", {"type": kind}).expect(204)
        server.post("auth/ansible-jwt/config", {"oidc_discovery_url": provider.address}).expect(200, 204)
        server.post("auth/ansible-jwt/role/ci", {
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer", "token_policies": "ansible/reader"}).expect(200, 204)
        server.post("auth/ansible-ldap/config", directory.settings(token_policies="ansible/reader")).expect(200, 204)
        get = "lookup('community.hashi_vault.vault_kv2_get', 'ansible/d', auth_method={}).secret.k == 'v'"
        jwt = {"auth_method": "jwt", "mount_point": "ansible-jwt", "role_id": "ci", "jwt": "{{ token }}"}
        play(server, tmp_path, [
            check(get.format("'jwt', mount_point='ansible-jwt', role_id='ci', jwt=token")),
            check(get.format("'ldap', mount_point='ansible-ldap', username='ann', password='ann-password'")),
            # The modules for logins, whose token others are then called with.
            module("vault_login", **jwt) | {"register": "login"},
            check("login.login.auth.metadata == {'role': 'ci'}", "'ansible/reader' in login.login.auth.policies"),
            module("vault_read", path="secret/data/ansible/d", auth_method="token", token="{{ login.login.auth.client_token }}")
            | {"register": "read"}, check("read.data.data.data.k == 'v'"),
            module("vault_login", **{**jwt, "jwt": "a.b.c"}) | {"ignore_errors": True, "register": "refused"},
            check("refused is failed", "'error validating token' in refused.msg"),
            module("vault_login", auth_method="ldap", mount_point="ansible-ldap", username="ann", password="wrong")
            | {"ignore_errors": True, "register": "wrong"}, check("wrong is failed", "'ldap operation failed' in wrong.msg"),
        ], token=provider.key.sign(provider.claims()))
    finally:
        provider.close()
        directory.close()


def test_a_login_with_a_certificate(tmp_path):
    authority, made = Authority(tmp_path), TLSServer(tmp_path / "server")
    try:
        made.listen(authority, *authority.issue("server"), more=ASKS).start()
        made.set_up()
        certificate, key = authority.issue("app", common_name="app")
        with made.session() as session:
            assert session.post("/v1/sys/auth/cert", json={"type": "cert"}).status_code == 204
            entry = {"certificate": authority.certificate.read_text(), "allowed_common_names": "app", "token_policies": "app"}
            assert session.post("/v1/auth/cert/certs/app", json=entry).status_code == 204
        login = {"auth_method": "cert", "cert_auth_public_key": certificate, "cert_auth_private_key": key, "role_id": "app",
                 "ca_cert": str(authority.certificate)}
        play(made, tmp_path, [
            module("vault_login", **login) | {"register": "login"},
            check("login.login.auth.metadata.common_name == 'app'", "'app' in login.login.auth.policies"),
            module("vault_login", **{**login, "role_id": "nobody"}) | {"ignore_errors": True, "register": "refused"}, check("refused is failed"),
        ])
    finally:
        made.close()
