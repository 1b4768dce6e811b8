"""hvac's token calls."""

import time

import pytest
from hvac import exceptions


@pytest.fixture
def tokens(client):
    return client.auth.token


def test_create_and_lookup(tokens, client_for):
    made = tokens.create(policies=["default"], ttl="1h", meta={"team": "a"}, display_name="ci", num_uses=0)["auth"]
    assert made["lease_duration"] == 3600 and made["renewable"] is True and made["token_type"] == "service"
    assert made["policies"] == ["default"] and made["orphan"] is False and made["metadata"] == {"team": "a"}
    for found in (tokens.lookup(made["client_token"])["data"], client_for(made["client_token"]).auth.token.lookup_self()["data"],
                  tokens.lookup_accessor(made["accessor"])["data"]):
        assert found["accessor"] == made["accessor"] and found["display_name"] == "token-ci"
        assert 3500 < found["ttl"] <= 3600 and found["type"] == "service" and found["path"] == "auth/token/create"
        assert found["meta"] == {"team": "a"} and found["expire_time"] and found["explicit_max_ttl"] == 0
    assert tokens.lookup_accessor(made["accessor"])["data"]["id"] == ""
    assert made["accessor"] in tokens.list_accessors()["data"]["keys"]


def test_root_token_never_expires(tokens):
    found = tokens.lookup_self()["data"]
    assert found["ttl"] == 0 and found["expire_time"] is None and found["policies"] == ["root"]


def test_renewal_is_bounded(tokens, client_for):
    made = tokens.create(policies=["default"], ttl="10m", explicit_max_ttl="20m")["auth"]["client_token"]
    assert tokens.renew(made, increment="15m")["auth"]["lease_duration"] == 900
    assert 0 < client_for(made).auth.token.renew_self(increment="10h")["auth"]["lease_duration"] <= 1200
    accessor = tokens.lookup(made)["data"]["accessor"]
    assert tokens.renew_accessor(accessor, increment="5m")["auth"]["lease_duration"] == 300
    fixed = tokens.create(policies=["default"], ttl="10m", renewable=False)["auth"]["client_token"]
    with pytest.raises(exceptions.InvalidRequest):
        tokens.renew(fixed)


def test_periodic_token(tokens):
    made = tokens.create(policies=["default"], period="30m")["auth"]
    assert made["lease_duration"] == 1800
    assert tokens.renew(made["client_token"], increment="99h")["auth"]["lease_duration"] == 1800
    assert tokens.lookup(made["client_token"])["data"]["period"] == 1800


def test_revocation_takes_children(tokens, client_for):
    parent = tokens.create(policies=["root"], ttl="1h")["auth"]["client_token"]
    child = client_for(parent).auth.token.create(policies=["default"])["auth"]["client_token"]
    grandchild = client_for(parent).auth.token
    orphan = client_for(parent).auth.token.create_orphan(policies=["default"])["auth"]["client_token"]
    assert tokens.lookup(orphan)["data"]["orphan"] is True
    tokens.revoke(parent)
    for gone in (parent, child):
        with pytest.raises(exceptions.Forbidden):
            client_for(gone).auth.token.lookup_self()
        assert client_for(gone).is_authenticated() is False
    assert client_for(orphan).is_authenticated() is True
    assert grandchild is not None


def test_revoke_forms(tokens, client_for):
    make = lambda: tokens.create(policies=["root"], ttl="1h")["auth"]
    by_accessor = make()
    tokens.revoke_accessor(by_accessor["accessor"])
    assert client_for(by_accessor["client_token"]).is_authenticated() is False
    itself = make()["client_token"]
    client_for(itself).auth.token.revoke_self()
    assert client_for(itself).is_authenticated() is False
    parent = make()["client_token"]
    child = client_for(parent).auth.token.create(policies=["default"])["auth"]["client_token"]
    tokens.revoke_and_orphan_children(parent)
    assert client_for(parent).is_authenticated() is False
    assert client_for(child).is_authenticated() is True
    assert tokens.lookup(child)["data"]["orphan"] is True


def test_limited_uses(tokens, client_for):
    made = tokens.create(policies=["default"], num_uses=2)["auth"]["client_token"]
    for _ in range(2):
        client_for(made).auth.token.lookup_self()
    with pytest.raises(exceptions.Forbidden):
        client_for(made).auth.token.lookup_self()


def test_expires(tokens, client_for):
    made = tokens.create(policies=["default"], ttl="1s")["auth"]["client_token"]
    deadline = time.monotonic() + 5
    while client_for(made).is_authenticated():
        assert time.monotonic() < deadline, "outlived its TTL"
        time.sleep(0.05)


def test_roles(tokens, client_for):
    tokens.create_or_update_role("ci", allowed_policies=["default", "app"], orphan=True, token_explicit_max_ttl="2h", path_suffix="ci-x")
    role = tokens.read_role("ci")["data"]
    assert role["allowed_policies"] == ["default", "app"] or sorted(role["allowed_policies"]) == ["app", "default"]
    assert role["orphan"] is True and role["path_suffix"] == "ci-x"
    assert tokens.list_roles()["data"]["keys"] == ["ci"]
    made = tokens.create(role_name="ci", policies=["app"])["auth"]
    found = tokens.lookup(made["client_token"])["data"]
    assert found["orphan"] is True and found["role"] == "ci" and found["explicit_max_ttl"] == 7200
    with pytest.raises(exceptions.InvalidRequest):
        tokens.create(role_name="ci", policies=["other"])
    tokens.delete_role("ci")
    with pytest.raises(exceptions.InvalidPath):
        tokens.read_role("ci")
    with pytest.raises(exceptions.InvalidRequest):
        tokens.create(role_name="ci")


def test_child_may_not_exceed_its_parent(tokens, client_for, server):
    weak = server.new_token('path "auth/token/create" { capabilities = ["update"] }')
    creator = client_for(weak).auth.token
    with pytest.raises((exceptions.InvalidRequest, exceptions.Forbidden)):
        creator.create(policies=["root"])
    with pytest.raises((exceptions.InvalidRequest, exceptions.Forbidden)):
        creator.create(policies=["not-mine"])
    with pytest.raises((exceptions.InvalidRequest, exceptions.Forbidden)):
        creator.create(no_parent=True)
    with pytest.raises((exceptions.InvalidRequest, exceptions.Forbidden)):
        creator.create(id="chosen-by-me")
    with pytest.raises(exceptions.Forbidden):
        creator.create_orphan()


def test_unknown_tokens(tokens, client_for):
    assert client_for("hvs.not-a-token").is_authenticated() is False
    with pytest.raises(exceptions.Forbidden):
        tokens.lookup("hvs.not-a-token")
    with pytest.raises((exceptions.Forbidden, exceptions.InvalidRequest, exceptions.InvalidPath)):
        tokens.lookup_accessor("no-such-accessor")
    with pytest.raises((exceptions.Forbidden, exceptions.InvalidRequest)):
        tokens.renew("hvs.not-a-token")


def test_tidy(tokens):
    tokens.tidy()


def test_batch_tokens(tokens, client_for, client):
    made = tokens.create(type="batch", policies=["default"], ttl="1h", meta={"team": "a"})["auth"]
    assert made["client_token"].startswith("coffer.b.") and made["accessor"] == "" and made["token_type"] == "batch"
    assert made["renewable"] is False and made["lease_duration"] == 3600 and made["orphan"] is False
    found = client_for(made["client_token"]).auth.token.lookup_self()["data"]
    assert found["type"] == "batch" and found["accessor"] == "" and found["meta"] == {"team": "a"} and found["renewable"] is False
    assert tokens.lookup(made["client_token"])["data"]["ttl"] > 3500
    for call in (tokens.renew, tokens.revoke, tokens.revoke_and_orphan_children):
        with pytest.raises(exceptions.InvalidRequest):
            call(made["client_token"])
    for call in (client_for(made["client_token"]).auth.token.renew_self, client_for(made["client_token"]).auth.token.revoke_self):
        with pytest.raises((exceptions.InvalidRequest, exceptions.Forbidden)):
            call()
    with pytest.raises((exceptions.InvalidRequest, exceptions.Forbidden)):
        client_for(made["client_token"]).auth.token.create()
    for field in ({"period": "1h"}, {"num_uses": 2}, {"explicit_max_ttl": "1h"}, {"id": "mine"}, {"policies": ["root"]}):
        with pytest.raises(exceptions.InvalidRequest):
            tokens.create(**{"type": "batch", "policies": ["default"]} | field)
    parent = tokens.create(policies=["root"], ttl="1h")["auth"]["client_token"]
    maker = client_for(parent).auth.token
    child = maker.create(type="batch", policies=["default"])["auth"]["client_token"]
    orphan = maker.create_orphan(type="batch", policies=["default"])["auth"]
    assert orphan["orphan"] is True
    tokens.revoke(parent)
    assert client_for(child).is_authenticated() is False
    assert client_for(orphan["client_token"]).is_authenticated() is True


def test_role_fields(tokens, client):
    tokens.create_or_update_role(
        "whole", allowed_policies=["a"], disallowed_policies=["b"], orphan=True, renewable=False, path_suffix="x",
        allowed_entity_aliases=["Ci-*"], token_period=60, token_explicit_max_ttl=120)
    more = {"allowed_policies_glob": ["g-*"], "disallowed_policies_glob": ["h-*"], "token_bound_cidrs": ["127.0.0.0/8"],
            "token_no_default_policy": True, "token_num_uses": 7, "token_type": "service"}
    client.write_data("auth/token/roles/whole", data=more)
    role = tokens.read_role("whole")["data"]
    assert role["allowed_policies"] == ["a"] and role["disallowed_policies"] == ["b"] and role["orphan"] is True
    assert role["renewable"] is False and role["path_suffix"] == "x" and role["allowed_entity_aliases"] == ["ci-*"]
    assert role["token_period"] == 60 and role["token_explicit_max_ttl"] == 120
    assert {name: role[name] for name in more} == more
    made = tokens.create(role_name="whole", policies=["g-1"])["auth"]
    assert made["policies"] == ["g-1"] and made["num_uses"] == 7 and made["renewable"] is False
    tokens.delete_role("whole")


def test_entity_alias(tokens, client):
    tokens.create_or_update_role("aliasing", allowed_entity_aliases=["ci-*"])
    made = tokens.create(role_name="aliasing", entity_alias="ci-1")["auth"]
    aliases = client.secrets.identity.read_entity(made["entity_id"])["data"]["aliases"]
    assert [(alias["name"], alias["mount_type"]) for alias in aliases] == [("ci-1", "token")]
    assert tokens.create(role_name="aliasing", entity_alias="ci-1")["auth"]["entity_id"] == made["entity_id"]
    for arguments in ({"role_name": "aliasing", "entity_alias": "eve"}, {"entity_alias": "ci-1"}):
        with pytest.raises(exceptions.InvalidRequest):
            tokens.create(**arguments)


def test_tune(client):
    client.sys.tune_auth_method("token", default_lease_ttl="1h", max_lease_ttl="2h", description="tuned")
    try:
        tuned = client.sys.read_auth_method_tuning("token")["data"]
        assert tuned["default_lease_ttl"] == 3600 and tuned["max_lease_ttl"] == 7200
        made = client.auth.token.create(policies=["default"])["auth"]
        assert made["lease_duration"] == 3600
        assert client.auth.token.create(policies=["default"], ttl="9h")["auth"]["lease_duration"] == 7200
    finally:
        client.sys.tune_auth_method("token", default_lease_ttl="0", max_lease_ttl="0")
