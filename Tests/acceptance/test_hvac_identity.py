"""hvac's identity calls: entities, aliases, groups and their look-up; and what they mean for those who log in."""

import re

import hvac
import pytest
from hvac import exceptions

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")


@pytest.fixture
def identity(client):
    return client.secrets.identity


@pytest.fixture(scope="module")
def userpass(server):
    """The accessor of a userpass mount with bob and eve."""
    root = hvac.Client(url=server.address, token=server.token)
    root.sys.enable_auth_method("userpass")
    for name in ("bob", "eve"):
        root.auth.userpass.create_or_update_user(name, password="right")
    return root.sys.list_auth_methods()["data"]["userpass/"]["accessor"]


def login(server, name):
    person = hvac.Client(url=server.address)
    return person, person.auth.userpass.login(name, "right")["auth"]


def gone(call, *arguments):
    with pytest.raises(exceptions.InvalidPath):
        call(*arguments)


def test_entities_by_id(identity):
    made = identity.create_or_update_entity("by-id", metadata={"team": "a"}, policies=["B", "a"])["data"]
    assert made["name"] == "by-id" and made["aliases"] is None and made["id"]
    assert identity.create_or_update_entity("by-id", metadata={"team": "b"}).status_code == 204
    read = identity.read_entity(made["id"])["data"]
    assert read["metadata"] == {"team": "b"} and read["policies"] == ["a", "b"] and read["disabled"] is False
    assert TIME.match(read["creation_time"]) and TIME.match(read["last_update_time"])
    assert read["aliases"] == [] and read["group_ids"] == [] and read["namespace_id"] == "root"
    assert identity.update_entity(made["id"], name="renamed", disabled=True).status_code == 204
    assert identity.create_or_update_entity("renamed", entity_id=made["id"], policies=["c"]).status_code == 204
    assert identity.read_entity_by_name("renamed")["data"]["id"] == made["id"]
    gone(identity.read_entity_by_name, "by-id")
    for method in ("LIST", "GET"):
        listed = identity.list_entities(method=method)["data"]
        assert made["id"] in listed["keys"] and listed["key_info"][made["id"]]["name"] == "renamed"
    assert identity.delete_entity(made["id"]).status_code == 204
    gone(identity.read_entity, made["id"])
    with pytest.raises(exceptions.InvalidRequest):
        identity.update_entity("no-such-id", metadata={"a": "b"})


def test_entities_by_name(identity):
    made = identity.create_or_update_entity_by_name("by-name", metadata={"k": "v"}, policies=["p"], disabled=False)["data"]
    assert made["name"] == "by-name"
    assert identity.create_or_update_entity_by_name("BY-NAME", metadata={"k": "w"}).status_code == 204
    assert identity.read_entity_by_name("by-name")["data"]["metadata"] == {"k": "w"}
    for method in ("LIST", "GET"):
        assert "by-name" in identity.list_entities_by_name(method=method)["data"]["keys"]
    assert identity.delete_entity_by_name("by-name").status_code == 204
    gone(identity.read_entity_by_name, "by-name")


@pytest.mark.parametrize("name", ["root", "ROOT", "Root"])
def test_no_door_gives_root(identity, name):
    for call in (identity.create_or_update_entity, identity.create_or_update_entity_by_name, identity.create_or_update_group,
                 identity.create_or_update_group_by_name):
        with pytest.raises(exceptions.InvalidRequest):
            call("wants-root", policies=[name])


def test_entity_aliases(identity, userpass):
    entity = identity.create_or_update_entity("aliased")["data"]["id"]
    made = identity.create_or_update_entity_alias("Alice", entity, userpass)["data"]
    assert made["canonical_id"] == entity
    read = identity.read_entity_alias(made["id"])["data"]
    assert read["name"] == "alice" and read["mount_accessor"] == userpass and read["mount_type"] == "userpass"
    assert read["mount_path"] == "auth/userpass/" and read["canonical_id"] == entity and TIME.match(read["creation_time"])
    updated = identity.update_entity_alias(made["id"], "alice2", entity, userpass)["data"]
    assert updated == {"id": made["id"], "canonical_id": entity}
    again = identity.create_or_update_entity_alias("alice3", entity, userpass, alias_id=made["id"])["data"]
    assert again["id"] == made["id"]
    assert [alias["name"] for alias in identity.read_entity(entity)["data"]["aliases"]] == ["alice3"]
    for method in ("LIST", "GET"):
        listed = identity.list_entity_aliases(method=method)["data"]
        assert listed["key_info"][made["id"]]["name"] == "alice3"
    with pytest.raises(exceptions.InvalidRequest):
        identity.create_or_update_entity_alias("other", entity, "no-such-accessor")
    assert identity.delete_entity_alias(made["id"]).status_code == 204
    gone(identity.read_entity_alias, made["id"])


def test_merge(identity, userpass, client):
    client.sys.enable_auth_method("approle", path="merging")
    other = client.sys.list_auth_methods()["data"]["merging/"]["accessor"]
    to, source = (identity.create_or_update_entity(name)["data"]["id"] for name in ("merge-to", "merge-from"))
    first = identity.create_or_update_entity_alias("m-one", to, userpass)["data"]["id"]
    second = identity.create_or_update_entity_alias("m-two", source, userpass)["data"]["id"]
    third = identity.create_or_update_entity_alias("m-three", source, other)["data"]["id"]
    with pytest.raises(exceptions.InvalidRequest):
        identity.merge_entities([source], to)
    assert identity.merge_entities([source], to, force=True, conflicting_alias_ids_to_keep=[second]).status_code == 204
    read = identity.read_entity(to)["data"]
    assert {alias["id"] for alias in read["aliases"]} == {second, third} and read["merged_entity_ids"] == [source]
    gone(identity.read_entity_alias, first)
    gone(identity.read_entity_by_name, "merge-from")


def test_groups(identity):
    entity = identity.create_or_update_entity("member")["data"]["id"]
    inner = identity.create_or_update_group("inner", policies=["In"], member_entity_ids=[entity], metadata={"k": "v"})["data"]
    outer = identity.create_or_update_group("outer", member_group_ids=[inner["id"]])["data"]
    read = identity.read_group(inner["id"])["data"]
    assert read["name"] == "inner" and read["type"] == "internal" and read["policies"] == ["in"]
    assert read["member_entity_ids"] == [entity] and read["parent_group_ids"] == [outer["id"]] and read["alias"] == {}
    assert read["metadata"] == {"k": "v"} and TIME.match(read["creation_time"])
    found = identity.read_entity(entity)["data"]
    assert found["direct_group_ids"] == [inner["id"]] and found["inherited_group_ids"] == [outer["id"]]
    with pytest.raises(exceptions.InvalidRequest):
        identity.update_group(inner["id"], "inner", member_group_ids=[outer["id"]])
    assert identity.update_group(inner["id"], "inner2", policies=["x"], member_entity_ids=[]).status_code == 204
    assert identity.create_or_update_group("inner2", metadata={"k": "w"}).status_code == 204
    assert identity.read_group_by_name("inner2")["data"]["id"] == inner["id"]
    for method in ("LIST", "GET"):
        info = identity.list_groups(method=method)["data"]["key_info"]
        assert info[inner["id"]]["name"] == "inner2" and info[inner["id"]]["num_parent_groups"] == 1
        assert "outer" in identity.list_groups_by_name(method=method)["data"]["keys"]
    assert identity.create_or_update_group_by_name("named", metadata={"a": "b"})["data"]["name"] == "named"
    assert identity.create_or_update_group_by_name("named", member_entity_ids=[entity]).status_code == 204
    assert identity.delete_group_by_name("named").status_code == 204
    gone(identity.read_group_by_name, "named")
    assert identity.delete_group(outer["id"]).status_code == 204
    gone(identity.read_group, outer["id"])
    assert identity.read_group(inner["id"])["data"]["parent_group_ids"] is None


def test_group_aliases(identity, userpass):
    group = identity.create_or_update_group("external", group_type="external")["data"]["id"]
    made = identity.create_or_update_group_alias("Ops", mount_accessor=userpass, canonical_id=group)["data"]
    assert made["canonical_id"] == group
    read = identity.read_group_alias(made["id"])["data"]
    assert read["canonical_id"] == group and read["mount_type"] == "userpass"
    identity.update_group_alias(made["id"], "devs", mount_accessor=userpass, canonical_id=group)
    assert identity.read_group(group)["data"]["alias"]["name"] == "devs"
    identity.update_group_alias(made["id"], "others")
    assert identity.read_group_alias(made["id"])["data"]["name"] == "others"
    identity.update_group_alias(made["id"], "devs")
    for method in ("LIST", "GET"):
        assert made["id"] in identity.list_group_aliases(method=method)["data"]["keys"]
    found = identity.lookup_group(alias_name="devs", alias_mount_accessor=userpass)["data"]
    assert found["id"] == group and identity.lookup_group(alias_id=made["id"])["data"]["id"] == group
    inside = identity.create_or_update_group("internal")["data"]["id"]
    with pytest.raises(exceptions.InvalidRequest):
        identity.create_or_update_group_alias("x", mount_accessor=userpass, canonical_id=inside)
    assert identity.delete_group_alias(made["id"]).status_code == 204
    gone(identity.read_group_alias, made["id"])


def test_lookup(identity, userpass):
    entity = identity.create_or_update_entity("sought")["data"]["id"]
    alias = identity.create_or_update_entity_alias("sought", entity, userpass)["data"]["id"]
    group = identity.create_or_update_group("sought")["data"]["id"]
    for query in ({"name": "sought"}, {"entity_id": entity}, {"alias_id": alias},
                  {"alias_name": "Sought", "alias_mount_accessor": userpass}):
        assert identity.lookup_entity(**query)["data"]["id"] == entity
    for query in ({"name": "sought"}, {"group_id": group}):
        assert identity.lookup_group(**query)["data"]["id"] == group
    assert identity.lookup_entity(name="nobody").status_code == 204
    assert identity.lookup_group(name="nobody").status_code == 204
    with pytest.raises(exceptions.InvalidRequest):
        identity.lookup_entity()


def test_who_logs_in_has_what_the_entity_has(server, identity, client, userpass):
    client.sys.create_or_update_policy("for-bob", 'path "secret/data/bob" { capabilities = ["read"] }')
    client.sys.create_or_update_policy("for-ops", 'path "secret/data/ops" { capabilities = ["read"] }')
    client.sys.create_or_update_policy(
        "own", 'path "secret/data/own/{{identity.entity.aliases.%s.name}}" { capabilities = ["read"] }' % userpass)
    if "secret/" not in client.sys.list_mounted_secrets_engines()["data"]:
        client.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
    for path in ("bob", "ops", "own/bob", "own/eve"):
        client.secrets.kv.v2.create_or_update_secret(path, {"k": "v"})
    bob, auth = login(server, "Bob")
    assert auth["entity_id"] and auth["token_policies"] == ["default"] and auth["identity_policies"] == []
    assert login(server, "bob")[1]["entity_id"] == auth["entity_id"]
    assert login(server, "eve")[1]["entity_id"] != auth["entity_id"]
    read = lambda path: bob.secrets.kv.v2.read_secret_version(path, raise_on_deleted_version=True)
    for path in ("bob", "ops", "own/bob"):
        with pytest.raises(exceptions.Forbidden):
            read(path)
    identity.update_entity(auth["entity_id"], policies=["for-bob", "own"])
    group = identity.create_or_update_group("ops", policies=["for-ops"], member_entity_ids=[auth["entity_id"]])["data"]["id"]
    for path in ("bob", "ops", "own/bob"):
        read(path)
    with pytest.raises(exceptions.Forbidden):
        read("own/eve")
    found = bob.auth.token.lookup_self()["data"]
    assert found["entity_id"] == auth["entity_id"] and found["policies"] == ["default"]
    assert found["identity_policies"] == ["for-bob", "for-ops", "own"] and found["external_namespace_policies"] == {}
    assert login(server, "bob")[1]["policies"] == ["default", "for-bob", "for-ops", "own"]
    assert bob.secrets.identity.read_entity(auth["entity_id"])["data"]["id"] == auth["entity_id"]
    identity.update_group(group, "ops", member_entity_ids=[])
    with pytest.raises(exceptions.Forbidden):
        read("ops")
    identity.update_entity(auth["entity_id"], disabled=True)
    with pytest.raises(exceptions.Forbidden):
        bob.auth.token.lookup_self()
    with pytest.raises(exceptions.Forbidden):
        login(server, "bob")
    identity.update_entity(auth["entity_id"], disabled=False)
    assert bob.is_authenticated()
    identity.delete_entity(auth["entity_id"])
    assert not bob.is_authenticated()


def test_identity_outlives_a_crash(new_server):
    server = new_server().ready()
    client = hvac.Client(url=server.address, token=server.token)
    made = client.secrets.identity.create_or_update_entity("kept", metadata={"a": "b"})["data"]["id"]
    group = client.secrets.identity.create_or_update_group("kept", member_entity_ids=[made])["data"]["id"]
    server.kill()
    server.start()
    assert client.secrets.identity.read_entity(made)["data"]["direct_group_ids"] == [group]
