"""Policy names as Vault's users have them: paths with colons, spaces and other scripts, in every place that takes one."""

import urllib.parse

import pytest

READ = 'path "secret/data/named/*" { capabilities = ["read"] }'
NAMES = ["jenkins/dev/master", "salt/minions", "kv:read", "a@b.c", "my policy", "Équipe/Lecture", "日本語", "x/root"]


def quoted(name):
    return urllib.parse.quote(name)


@pytest.fixture(scope="module", autouse=True)
def secret(server):
    server.put("secret/data/named/x", {"data": {"k": "v"}}).expect(200)


def may_read(server, token):
    return server.get("secret/data/named/x", token=token).status == 200


@pytest.mark.parametrize("place", ["sys/policies/acl", "sys/policy"])
@pytest.mark.parametrize("name", NAMES)
def test_a_policy_lives_and_goes_under_its_name(server, place, name):
    server.put(f"{place}/{quoted(name)}", {"policy": READ}).expect(200, 204)
    read = server.get(f"{place}/{quoted(name)}").expect(200).data
    assert read["name"] == name.lower() and READ in (read.get("policy"), read.get("rules"))
    assert name.lower() in server.list("sys/policies/acl").data["keys"]
    assert not [key for key in server.list("sys/policies/acl").data["keys"] if key.endswith("/")], "names, not folders"
    token = server.post("auth/token/create", {"policies": [name]}).expect(200).json["auth"]
    assert sorted(token["policies"]) == sorted(["default", name.lower()])
    assert may_read(server, token["client_token"])
    server.delete(f"{place}/{quoted(name)}").expect(204)
    assert not may_read(server, token["client_token"])
    assert server.get(f"{place}/{quoted(name)}").expect(404).errors == [f"No policy named: {name.lower()}"] or name != name.lower()


def test_every_place_that_takes_policies_takes_them(server):
    name = "team/on call:readers"
    server.put(f"sys/policies/acl/{quoted(name)}", {"policy": READ}).expect(200, 204)
    server.post("auth/token/roles/named", {"allowed_policies": [name], "disallowed_policies": ["team/other"]}).expect(204)
    assert may_read(server, server.post("auth/token/create/named", {"policies": [name]}).expect(200).json["auth"]["client_token"])
    server.post("auth/token/create/named", {"policies": ["team/other"]}).expect(400)
    server.post("auth/token/roles/globbed", {"allowed_policies_glob": ["team/*"]}).expect(204)
    assert may_read(server, server.post("auth/token/create/globbed", {"policies": [name]}).expect(200).json["auth"]["client_token"])
    server.post("sys/auth/named-up", {"type": "userpass"}).expect(204)
    server.post("auth/named-up/users/bob", {"password": "pw-of-bob", "token_policies": name}).expect(204)
    login = server.post("auth/named-up/login/bob", {"password": "pw-of-bob"}).expect(200).json["auth"]
    assert name in login["policies"] and may_read(server, login["client_token"])
    server.post("sys/auth/named-ar", {"type": "approle"}).expect(204)
    server.post("auth/named-ar/role/r", {"token_policies": [name]}).expect(204)
    role = server.get("auth/named-ar/role/r/role-id").data["role_id"]
    secret = server.post("auth/named-ar/role/r/secret-id", {}).data["secret_id"]
    login = server.post("auth/named-ar/login", {"role_id": role, "secret_id": secret}).expect(200).json["auth"]
    assert may_read(server, login["client_token"])
    entity = server.post("identity/entity", {"name": "named", "policies": [name]}).expect(200).data["id"]
    assert server.get(f"identity/entity/id/{entity}").data["policies"] == [name]


def test_rights_on_a_policy_go_by_its_path(server):
    steward = server.new_token('path "sys/policies/acl/team/*" { capabilities = ["create", "update", "read", "delete"] }')
    server.put("sys/policies/acl/team/a", {"policy": READ}, token=steward).expect(200, 204)
    server.get("sys/policies/acl/team/a", token=steward).expect(200)
    assert server.put("sys/policies/acl/other/a", {"policy": READ}, token=steward).status == 403
    assert server.put("sys/policies/acl/team", {"policy": READ}, token=steward).status == 403


@pytest.mark.parametrize("name", ["a*", "a+b", "a,b", "a{b}", "{{x}}", "%20a", "a%20", "team%d0%b0", "%ef%bd%92%ef%bd%8f%ef%bd%8f%ef%bd%94"])
def test_a_name_that_cannot_be_is_refused_absent_and_gone(server, name):
    assert server.put(f"sys/policies/acl/{name}", {"policy": READ}).expect(400).errors
    assert server.get(f"sys/policies/acl/{name}").expect(404).errors[0].startswith("No policy named: ")
    server.delete(f"sys/policies/acl/{name}").expect(204)


def test_root_stays_guarded(server):
    for name in ("root", "ROOT", "Root"):
        server.put(f"sys/policies/acl/{name}", {"policy": READ}).expect(400)
        server.delete(f"sys/policies/acl/{name}").expect(400)


def test_a_token_for_a_policy_that_is_not_there_says_so(server):
    reply = server.post("auth/token/create", {"policies": ["default", "named/typo"]}).expect(200).json
    assert reply["warnings"] == ['Policy "named/typo" does not exist']
    assert server.post("auth/token/create", {"policies": ["default"]}).expect(200).json["warnings"] is None


def test_the_command_line_takes_them(server):
    done = server.cli("policy", "write", "salt/minions two", "-", stdin=READ)
    assert done.returncode == 0, done.stderr
    assert "salt/minions two" in server.cli("policy", "list").stdout.splitlines()
    assert server.cli("policy", "read", "salt/minions two").stdout.strip() == READ
    assert server.cli("policy", "delete", "salt/minions two").returncode == 0
