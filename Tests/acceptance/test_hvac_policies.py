"""hvac's policy calls, both APIs, and what policies then decide."""

import json

import pytest
from hvac import exceptions

APP = 'path "secret/data/app/*" {\n  capabilities = ["read", "list"]\n}\n'


def test_acl_policies(client):
    client.sys.create_or_update_acl_policy("acl-one", APP)
    read = client.sys.read_acl_policy("acl-one")
    assert read["data"]["policy"] == APP and read["data"]["name"] == "acl-one"
    assert {"acl-one", "default", "root"} <= set(client.sys.list_acl_policies()["data"]["keys"])
    client.sys.delete_acl_policy("acl-one")
    with pytest.raises(exceptions.InvalidPath):
        client.sys.read_acl_policy("acl-one")


def test_legacy_policies(client):
    rules = {"path": {"secret/data/x": {"capabilities": ["read"]}}}
    client.sys.create_or_update_policy("legacy-one", rules)
    assert json.loads(client.sys.read_policy("legacy-one")["rules"]) == rules
    assert json.loads(client.get_policy("legacy-one")) == rules
    assert "legacy-one" in client.sys.list_policies()["data"]["policies"]
    assert "legacy-one" in client.sys.list_policies()["policies"]
    client.sys.delete_policy("legacy-one")
    assert client.get_policy("legacy-one") is None


def test_root_and_default_are_protected(client):
    for name in ("root", "ROOT", "Root"):
        with pytest.raises(exceptions.InvalidRequest):
            client.sys.create_or_update_acl_policy(name, APP)
        with pytest.raises(exceptions.InvalidRequest):
            client.sys.delete_acl_policy(name)
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.delete_acl_policy("default")
    assert "auth/token/lookup-self" in client.sys.read_acl_policy("default")["data"]["policy"]


@pytest.mark.parametrize("text", [
    "path {", 'path "x" { capabilities = ["fly"] }', 'path "x" { capabilities = "read" ', "{", '{"path": 5}',
    'path "x" { unknown_key = 1 }', 'pfad "x" { capabilities = ["read"] }',
])
def test_bad_policy_text_is_refused_with_a_place(client, text):
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.create_or_update_acl_policy("bad", text)


def test_policy_takes_effect_at_once(server, client, client_for):
    token = server.new_token(policies=["live"])
    reader = client_for(token).secrets.kv.v2
    client.secrets.kv.v2.create_or_update_secret("app/live", {"v": "1"})
    read = lambda: reader.read_secret_version("app/live", raise_on_deleted_version=True)["data"]["data"]
    with pytest.raises(exceptions.Forbidden):
        read()
    client.sys.create_or_update_acl_policy("live", APP)
    assert read() == {"v": "1"}
    with pytest.raises(exceptions.Forbidden):
        reader.create_or_update_secret("app/live", {"v": "2"})
    client.sys.create_or_update_acl_policy("live", APP + 'path "secret/data/app/live" { capabilities = ["deny"] }')
    with pytest.raises(exceptions.Forbidden):
        read()
    client.sys.delete_acl_policy("live")
    with pytest.raises(exceptions.Forbidden):
        read()


def test_capabilities(server, client, client_for):
    policy = 'path "secret/data/c/*" { capabilities = ["read", "update"] }\npath "secret/data/c/no" { capabilities = ["deny"] }'
    token = server.new_token(policy)
    found = client.sys.get_capabilities(["secret/data/c/x", "secret/data/c/no", "other"], token=token)["data"]
    assert found["secret/data/c/x"] == ["read", "update"]
    assert found["secret/data/c/no"] == ["deny"] and found["other"] == ["deny"]
    own = server.post("sys/capabilities-self", {"paths": ["secret/data/c/x"]}, token=server.new_token(
        policy + '\npath "sys/capabilities-self" { capabilities = ["update"] }')).expect(200).data
    assert own["secret/data/c/x"] == ["read", "update"]
    accessor = client.auth.token.lookup(token)["data"]["accessor"]
    by_accessor = client.sys.get_capabilities(["secret/data/c/x"], accessor=accessor)["data"]
    assert by_accessor["capabilities"] == ["read", "update"]
    assert client.sys.get_capabilities(["anything"])["data"]["anything"] == ["root"]


def test_parameters_are_enforced(server):
    token = server.new_token(
        'path "kv1/params" {\n  capabilities = ["create", "update"]\n  allowed_parameters = { "colour" = ["red", "green"], "size" = [] }\n'
        '  denied_parameters = { "secret" = [] }\n  required_parameters = ["size"]\n}')
    assert server.post("kv1/params", {"colour": "red", "size": "1"}, token=token).status == 204
    for body in ({"colour": "blue", "size": "1"}, {"colour": "red"}, {"size": "1", "secret": "x"}, {"size": "1", "other": "x"}):
        assert server.post("kv1/params", body, token=token).status == 403, body


@pytest.mark.parametrize("pattern,path,allowed", [
    ("secret/data/+/db", "secret/data/team/db", True),
    ("secret/data/+/db", "secret/data/team/x/db", False),
    ("secret/data/+", "secret/data/team/db", False),
    ("secret/data/te*", "secret/data/team/db", True),
    ("secret/data/team", "secret/data/team/db", False),
    ("secret/data/+/+/*", "secret/data/a/b/c", True),
])
def test_globs(server, pattern, path, allowed):
    token = server.new_token(f'path "{pattern}" {{ capabilities = ["read"] }}')
    assert server.get(path, token=token).status == (404 if allowed else 403)
