"""`bao write … metadata=team=a`: command lines send pairs where the API has a map."""

import pytest


@pytest.fixture(scope="module")
def ready(server):
    server.mount("db", "database")
    server.post("sys/auth/approle", {"type": "approle"}).expect(204)
    server.post("auth/approle/role/r", {}).expect(204)
    return server


def test_every_field_that_holds_a_map_takes_pairs(ready):
    entity = ready.post("identity/entity", {"name": "e1", "metadata": ["team=a", "b=c"]}).expect(200).data["id"]
    assert ready.get(f"identity/entity/id/{entity}").data["metadata"] == {"team": "a", "b": "c"}
    ready.post("identity/entity", {"name": "e1", "metadata": "team=z"}).expect(200, 204)
    assert ready.get(f"identity/entity/id/{entity}").data["metadata"] == {"team": "z"}
    group = ready.post("identity/group", {"name": "g1", "metadata": "team=a"}).expect(200).data["id"]
    assert ready.get(f"identity/group/id/{group}").data["metadata"] == {"team": "a"}
    accessor = ready.get("sys/auth").data["approle/"]["accessor"]
    alias = ready.post("identity/entity-alias", {
        "name": "n", "canonical_id": entity, "mount_accessor": accessor, "custom_metadata": "a=b"}).expect(200).data["id"]
    assert ready.get(f"identity/entity-alias/id/{alias}").data["custom_metadata"] == {"a": "b"}
    made = ready.post("auth/token/create", {"meta": "a=b", "ttl": "1m"}).expect(200).json["auth"]
    assert made["metadata"] == {"a": "b"}
    ready.post("sys/mounts/kvx", {"type": "kv", "options": "version=1"}).expect(204)
    ready.post("sys/mounts/kvx/tune", {"options": ["version=2"]}).expect(204)
    assert ready.get("sys/mounts").data["kvx/"]["options"] == {"version": "2"}
    ready.post("sys/auth/upx", {"type": "userpass", "options": "a=b"}).expect(200, 204)
    ready.post("sys/audit/second", {"type": "file", "options": f"file_path={ready.audit_directory}/second.log"}).expect(204)
    ready.delete("sys/audit/second").expect(204)
    role = {"db_name": "pg", "creation_statements": "SELECT 1", "credential_config": "password_policy=pp"}
    ready.post("db/roles/r", role).expect(204)
    assert ready.get("db/roles/r").data["credential_config"] == {"password_policy": "pp"}
    for metadata, expected in (("a=b,c=d", {"a": "b", "c": "d"}), (["a=b"], {"a": "b"}), ('{"a": "b"}', {"a": "b"})):
        secret = ready.post("auth/approle/role/r/secret-id", {"metadata": metadata}).expect(200).data
        shown = ready.post("auth/approle/role/r/secret-id/lookup", {"secret_id": secret["secret_id"]}).expect(200).data
        assert shown["metadata"] == expected


def test_what_is_no_pair_is_refused(ready):
    for value in ("text", "=x", ["a=b", "c"], [["a=b"]], 1):
        ready.post("identity/entity", {"name": "bad", "metadata": value}).expect(400)
    # Not a map of strings, here as elsewhere.
    ready.post("secret/metadata/a", {"custom_metadata": "a=b"}).expect(400)


def test_a_kv_upgrade_loses_no_request(server):
    server.mount("k1", version="1")
    for number in range(300):
        server.post(f"k1/x{number}", {"a": str(number)}).expect(204)
    server.post("sys/mounts/k1/tune", {"options": {"version": "2"}}).expect(204)
    assert server.get("k1/data/x299").expect(200).data["data"] == {"a": "299"}
    assert len(server.list("k1/metadata").expect(200).data["keys"]) == 300
