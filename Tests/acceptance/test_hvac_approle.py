"""Every method of hvac's client.auth.approle, and the script that an operator types."""

import json
import re

import hvac
import pytest
from hvac import exceptions


@pytest.fixture(scope="module")
def approle(server):
    client = hvac.Client(url=server.address, token=server.token)
    client.sys.enable_auth_method("approle")
    client.sys.enable_auth_method("approle", path="machines")
    return client.auth.approle


def test_roles(approle):
    with pytest.raises(exceptions.InvalidPath):
        approle.list_roles(mount_point="machines")
    made = approle.create_or_update_approle(
        "web", bind_secret_id=True, secret_id_bound_cidrs=["127.0.0.0/8"], secret_id_num_uses=3, secret_id_ttl="10m",
        token_ttl="20m", token_max_ttl="30m", token_policies=["a", "b"], token_bound_cidrs=["127.0.0.1/32"],
        token_explicit_max_ttl="40m", token_no_default_policy=True, token_num_uses=7, token_period="0", token_type="service",
        mount_point="machines")
    assert made.status_code == 204
    role = approle.read_role("web", mount_point="machines")["data"]
    assert role["secret_id_num_uses"] == 3 and role["secret_id_ttl"] == 600 and role["token_ttl"] == 1200
    assert role["token_policies"] == ["a", "b"] and role["token_no_default_policy"] is True and role["token_num_uses"] == 7
    assert role["token_bound_cidrs"] in (["127.0.0.1"], ["127.0.0.1/32"]) and role["bind_secret_id"] is True
    approle.create_or_update_approle("WEB", token_ttl="5m", mount_point="machines")
    role = approle.read_role("web", mount_point="machines")["data"]
    assert role["token_ttl"] == 300 and role["secret_id_num_uses"] == 3
    assert approle.list_roles(mount_point="machines")["data"]["keys"] == ["web"]
    assert approle.delete_role("web", mount_point="machines").status_code == 204
    with pytest.raises(exceptions.InvalidPath):
        approle.read_role("web", mount_point="machines")


def test_role_ids(approle):
    approle.create_or_update_approle("ids")
    first = approle.read_role_id("ids")["data"]["role_id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
    assert approle.update_role_id("ids", "my-own-role-id").status_code == 204
    assert approle.read_role_id("ids")["data"]["role_id"] == "my-own-role-id"
    approle.create_or_update_approle("other")
    with pytest.raises(exceptions.InvalidRequest):
        approle.update_role_id("other", "my-own-role-id")


def test_secret_ids(approle):
    approle.create_or_update_approle("app", secret_id_ttl="1h", secret_id_num_uses=5)
    with pytest.raises(exceptions.InvalidPath):
        approle.list_secret_id_accessors("app")
    made = approle.generate_secret_id("app", metadata={"host": "a"}, cidr_list=["127.0.0.1/32"])["data"]
    assert set(made) >= {"secret_id", "secret_id_accessor", "secret_id_ttl", "secret_id_num_uses"} and made["secret_id_ttl"] == 3600
    found = approle.read_secret_id("app", made["secret_id"])["data"]
    assert found["metadata"] == {"host": "a"} and found["secret_id_num_uses"] == 5
    assert found["secret_id_accessor"] == made["secret_id_accessor"] and "secret_id" not in found
    by_accessor = approle.read_secret_id_accessor("app", made["secret_id_accessor"])["data"]
    assert by_accessor == found
    assert approle.list_secret_id_accessors("app")["data"]["keys"] == [made["secret_id_accessor"]]
    custom = approle.create_custom_secret_id("app", "my-own-secret-id", metadata={"x": "y"})["data"]
    assert custom["secret_id"] == "my-own-secret-id"
    assert approle.destroy_secret_id("app", "my-own-secret-id").status_code == 204
    assert approle.read_secret_id("app", "my-own-secret-id").status_code == 204
    assert approle.destroy_secret_id_accessor("app", made["secret_id_accessor"]).status_code == 204
    with pytest.raises(exceptions.InvalidPath):
        approle.list_secret_id_accessors("app")


def test_wrapped_secret_ids(approle, server):
    approle.create_or_update_approle("wrapped", token_policies=["default"])
    for wrapped in (approle.generate_secret_id("wrapped", wrap_ttl="60s"),
                    approle.create_custom_secret_id("wrapped", "wrapped-secret-id", wrap_ttl="60s")):
        assert wrapped["data"] is None and wrapped["wrap_info"]["creation_path"].startswith("auth/approle/role/wrapped/")
        unwrapped = hvac.Client(url=server.address, token=wrapped["wrap_info"]["token"]).sys.unwrap()["data"]
        login = hvac.Client(url=server.address).auth.approle.login(
            approle.read_role_id("wrapped")["data"]["role_id"], unwrapped["secret_id"])
        assert login["auth"]["client_token"]
        with pytest.raises(exceptions.InvalidRequest):
            hvac.Client(url=server.address, token=wrapped["wrap_info"]["token"]).sys.unwrap()


def test_login(approle, server):
    approle.create_or_update_approle("login", token_policies=["p"], token_ttl="10m", secret_id_num_uses=2)
    role_id = approle.read_role_id("login")["data"]["role_id"]
    secret_id = approle.generate_secret_id("login", metadata={"host": "a"})["data"]["secret_id"]
    client = hvac.Client(url=server.address)
    auth = client.auth.approle.login(role_id, secret_id)["auth"]
    assert auth["policies"] == ["default", "p"] and auth["lease_duration"] == 600 and auth["renewable"] is True
    assert auth["metadata"] == {"role_name": "login", "host": "a"} and auth["token_type"] == "service" and auth["orphan"] is True
    assert client.token == auth["client_token"]
    assert client.auth.token.lookup_self()["data"]["meta"] == auth["metadata"]
    assert client.auth.approle.login(role_id, secret_id, use_token=False)["auth"]["client_token"] != client.token
    with pytest.raises(exceptions.InvalidRequest) as refused:
        client.auth.approle.login(role_id, secret_id)
    assert refused.value.errors == ["invalid role or secret ID"]


def test_login_by_address_alone(approle, server):
    approle.create_or_update_approle("open", bind_secret_id=False, token_bound_cidrs=["127.0.0.0/8"])
    role_id = approle.read_role_id("open")["data"]["role_id"]
    assert hvac.Client(url=server.address).auth.approle.login(role_id)["auth"]["client_token"]


def test_word_for_word(new_server):
    """What the manual of a platform says, with coffer in place of vault."""
    server = new_server().ready()

    def coffer(*arguments, **options):
        done = server.cli(*arguments, **options)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    coffer("policy", "write", "brain-gateway-policy", "-",
           stdin='path "secret/data/brain-gateway/*" { capabilities = ["read"] }')
    coffer("kv", "put", "secret/brain-gateway/openai", "key=sk-test")
    coffer("kv", "put", "secret/other", "key=hidden")
    coffer("auth", "enable", "approle")
    coffer("write", "auth/approle/role/brain-gateway", "secret_id_ttl=24h", "token_ttl=1h", "token_max_ttl=24h",
           "policies=brain-gateway-policy")
    role_id = json.loads(coffer("read", "-format=json", "auth/approle/role/brain-gateway/role-id"))["data"]["role_id"]
    made = json.loads(coffer("write", "-format=json", "-f", "auth/approle/role/brain-gateway/secret-id"))["data"]
    assert made["secret_id_ttl"] == 24 * 3600
    assert "role_id" in coffer("read", "auth/approle/role/brain-gateway/role-id")
    assert "secret_id_accessor" in coffer("write", "-f", "auth/approle/role/brain-gateway/secret-id")

    client = hvac.Client(url=server.address)
    auth = client.auth.approle.login(role_id=role_id, secret_id=made["secret_id"])["auth"]
    assert auth["lease_duration"] == 3600 and "brain-gateway-policy" in auth["policies"]
    assert client.is_authenticated()
    read = client.secrets.kv.v2.read_secret_version("brain-gateway/openai", raise_on_deleted_version=True)
    assert read["data"]["data"] == {"key": "sk-test"}
    for refused in (lambda: client.secrets.kv.v2.read_secret_version("other", raise_on_deleted_version=True),
                    lambda: client.secrets.kv.v2.create_or_update_secret("brain-gateway/openai", {"key": "mine"}),
                    lambda: client.secrets.kv.v2.list_secrets(""), lambda: client.sys.list_auth_methods(),
                    lambda: client.auth.approle.generate_secret_id("brain-gateway")):
        with pytest.raises(exceptions.Forbidden):
            refused()
