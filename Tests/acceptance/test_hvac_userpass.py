"""Every method of hvac's client.auth.userpass, and what lockout looks like from outside."""

import hvac
import pytest
from hvac import exceptions


@pytest.fixture(scope="module")
def root(server):
    client = hvac.Client(url=server.address, token=server.token)
    client.sys.enable_auth_method("userpass")
    client.sys.enable_auth_method("userpass", path="people")
    return client


def test_users(root, server):
    users = root.auth.userpass
    with pytest.raises(exceptions.InvalidPath):
        users.list_user(mount_point="people")
    assert users.create_or_update_user("bob", "first-password", policies=["a"], mount_point="people", token_ttl="5m").status_code == 204
    assert users.list_user(mount_point="people")["data"]["keys"] == ["bob"]
    shown = users.read_user("BOB", mount_point="people")["data"]
    assert shown["token_policies"] == ["a"] and shown["token_ttl"] == 300
    assert not any("password" in name or "hash" in name for name in shown)
    client = hvac.Client(url=server.address)
    auth = client.auth.userpass.login("bob", "first-password", mount_point="people")["auth"]
    assert client.token == auth["client_token"] and auth["policies"] == ["a", "default"]
    assert auth["metadata"] == {"username": "bob"} and auth["lease_duration"] == 300
    assert client.auth.token.lookup_self()["data"]["display_name"] == "people-bob"
    assert users.update_password_on_user("bob", "second-password", mount_point="people").status_code == 204
    with pytest.raises(exceptions.InvalidRequest) as refused:
        client.auth.userpass.login("bob", "first-password", mount_point="people")
    assert refused.value.errors == ["invalid username or password"]
    assert client.auth.userpass.login("bob", "second-password", use_token=False, mount_point="people")["auth"]["client_token"] != client.token
    assert users.delete_user("bob", mount_point="people").status_code == 204
    with pytest.raises(exceptions.InvalidPath):
        users.read_user("bob", mount_point="people")
    with pytest.raises(exceptions.InvalidRequest):
        client.auth.userpass.login("bob", "second-password", mount_point="people")


def test_policies_alone(root):
    root.auth.userpass.create_or_update_user("ann", "password-of-ann", policies="x")
    root.adapter.post("/v1/auth/userpass/users/ann/policies", json={"policies": "y,z"})
    assert root.auth.userpass.read_user("ann")["data"]["token_policies"] == ["y", "z"]


def test_a_user_changes_the_own_password(root, server):
    root.sys.create_or_update_policy("own", 'path "auth/userpass/users/eve/password" { capabilities = ["update"] }')
    root.auth.userpass.create_or_update_user("eve", "password-of-eve", policies=["own"])
    root.auth.userpass.create_or_update_user("joe", "password-of-joe", policies=["own"])
    client = hvac.Client(url=server.address)
    client.auth.userpass.login("eve", "password-of-eve")
    client.auth.userpass.update_password_on_user("eve", "another-password")
    with pytest.raises(exceptions.Forbidden):
        client.auth.userpass.update_password_on_user("joe", "another-password")
    hvac.Client(url=server.address).auth.userpass.login("eve", "another-password")


def test_lockout(root, server):
    root.auth.userpass.create_or_update_user("lock", "password-of-lock")
    accessor = root.sys.list_auth_methods()["data"]["userpass/"]["accessor"]
    client = hvac.Client(url=server.address)
    for name in ("lock", "Lock", "LOCK", " lock", "lock "):
        with pytest.raises(exceptions.InvalidRequest):
            client.auth.userpass.login(name, "wrong")
    with pytest.raises(exceptions.Forbidden) as locked:
        client.auth.userpass.login("lock", "password-of-lock")
    assert locked.value.errors == ["permission denied"]
    shown = root.adapter.get("/v1/sys/locked-users")["data"]
    assert shown["total"] == 1
    assert shown["by_namespace"] == [{
        "namespace_id": "root", "namespace_path": "", "counts": 1,
        "mount_accessors": [{"mount_accessor": accessor, "counts": 1, "alias_identifiers": ["lock"]}]}]
    assert root.adapter.get("/v1/sys/locked-users", params={"mount_accessor": "auth_other_1"})["data"]["total"] == 0
    assert root.adapter.post(f"/v1/sys/locked-users/{accessor}/unlock/lock").status_code == 204
    client.auth.userpass.login("lock", "password-of-lock")


def test_lockout_is_the_same_for_unknown_names_and_outlives_kill(new_server):
    server = new_server(settings='user_lockout "all" {\n  lockout_threshold = 2\n  lockout_duration = "1h"\n}').ready()
    root = hvac.Client(url=server.address, token=server.token)
    root.sys.enable_auth_method("userpass")
    root.auth.userpass.create_or_update_user("known", "right-password")
    seen = {}
    for name in ("known", "unknown"):
        seen[name] = [server.post(f"auth/userpass/login/{name}", {"password": "wrong"}, token=None) for _ in range(4)]
    assert [(r.status, r.json) for r in seen["known"]] == [(r.status, r.json) for r in seen["unknown"]]
    assert [r.status for r in seen["known"]] == [400, 400, 403, 403]
    server.kill()
    server.start()
    assert server.post("auth/userpass/login/known", {"password": "right-password"}, token=None).status == 403
    server.post("sys/auth/userpass/tune", {"user_lockout_config": {"lockout_disable": True}}).expect(204)
    assert server.get("sys/auth/userpass/tune").data["user_lockout_disable"] is True
    assert server.post("auth/userpass/login/known", {"password": "right-password"}, token=None).status == 200
