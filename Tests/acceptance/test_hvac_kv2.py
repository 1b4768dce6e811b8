"""hvac's whole KV v2 class."""

import pytest
from hvac import exceptions


@pytest.fixture
def kv(client):
    return client.secrets.kv.v2


def read(kv, path, **options):
    return kv.read_secret_version(path, raise_on_deleted_version=options.pop("raise_on_deleted_version", True), **options)


def test_writes_and_reads_versions(kv):
    first = kv.create_or_update_secret("app/db", {"host": "db", "port": 5432})
    assert first["data"]["version"] == 1 and first["data"]["destroyed"] is False and first["data"]["deletion_time"] == ""
    assert first["data"]["created_time"].endswith("Z")
    assert kv.create_or_update_secret("app/db", {"host": "db2"})["data"]["version"] == 2
    newest = read(kv, "app/db")
    assert newest["data"]["data"] == {"host": "db2"} and newest["data"]["metadata"]["version"] == 2
    assert newest["lease_id"] == "" and newest["renewable"] is False and newest["request_id"]
    assert read(kv, "app/db", version=1)["data"]["data"] == {"host": "db", "port": 5432}
    assert kv.read_secret("app/db", raise_on_deleted_version=True)["data"]["metadata"]["version"] == 2


def test_check_and_set(kv):
    kv.create_or_update_secret("cas", {"n": 1}, cas=0)
    with pytest.raises(exceptions.InvalidRequest):
        kv.create_or_update_secret("cas", {"n": 2}, cas=0)
    with pytest.raises(exceptions.InvalidRequest):
        kv.create_or_update_secret("cas", {"n": 2}, cas=7)
    assert kv.create_or_update_secret("cas", {"n": 2}, cas=1)["data"]["version"] == 2


def test_cas_required_by_metadata(kv):
    kv.update_metadata("cas-required", cas_required=True)
    with pytest.raises(exceptions.InvalidRequest):
        kv.create_or_update_secret("cas-required", {"n": 1})
    kv.create_or_update_secret("cas-required", {"n": 1}, cas=0)


def test_patch_merges(kv):
    kv.create_or_update_secret("patched", {"a": "1", "b": "2"})
    kv.patch("patched", {"b": "3", "c": "4"})
    assert read(kv, "patched")["data"]["data"] == {"a": "1", "b": "3", "c": "4"}
    with pytest.raises(exceptions.InvalidPath):
        kv.patch("patched-missing", {"a": "1"})


def test_lists(kv):
    for name in ("tree/a", "tree/b/c", "tree/b/d", "tree/e"):
        kv.create_or_update_secret(name, {"x": "1"})
    assert kv.list_secrets("tree")["data"]["keys"] == ["a", "b/", "e"]
    assert kv.list_secrets("tree/b/")["data"]["keys"] == ["c", "d"]
    with pytest.raises(exceptions.InvalidPath):
        kv.list_secrets("no-such-tree")


def test_deletes_and_restores_the_latest_version(kv):
    kv.create_or_update_secret("latest", {"n": "1"})
    kv.delete_latest_version_of_secret("latest")
    with pytest.raises(exceptions.InvalidPath) as refused:
        read(kv, "latest")
    assert refused.value.json["data"]["data"] is None
    assert refused.value.json["data"]["metadata"]["deletion_time"] != ""
    soft = read(kv, "latest", raise_on_deleted_version=False)
    assert soft["data"]["metadata"]["version"] == 1
    kv.undelete_secret_versions("latest", [1])
    assert read(kv, "latest")["data"]["data"] == {"n": "1"}


def test_deletes_and_destroys_chosen_versions(kv):
    for n in range(1, 5):
        kv.create_or_update_secret("chosen", {"n": n})
    kv.delete_secret_versions("chosen", [1, 2])
    kv.destroy_secret_versions("chosen", [3])
    assert read(kv, "chosen")["data"]["data"] == {"n": 4}
    versions = kv.read_secret_metadata("chosen")["data"]["versions"]
    assert versions["1"]["deletion_time"] and versions["2"]["deletion_time"]
    assert versions["3"]["destroyed"] is True and versions["4"]["destroyed"] is False
    kv.undelete_secret_versions("chosen", [1, 3])
    assert read(kv, "chosen", version=1)["data"]["data"] == {"n": 1}
    with pytest.raises(exceptions.InvalidPath):
        read(kv, "chosen", version=3)
    with pytest.raises(exceptions.InvalidPath):
        read(kv, "chosen", version=9)


def test_metadata(kv, client):
    kv.create_or_update_secret("meta", {"n": "1"})
    kv.update_metadata("meta", max_versions=3, cas_required=False, delete_version_after="3h25m19s",
                       custom_metadata={"owner": "team-a", "tier": "gold"})
    data = kv.read_secret_metadata("meta")["data"]
    assert data["max_versions"] == 3 and data["delete_version_after"] == "3h25m19s"
    assert data["custom_metadata"] == {"owner": "team-a", "tier": "gold"}
    assert data["current_version"] == 1 and data["oldest_version"] in (0, 1)
    assert data["created_time"] and data["updated_time"]
    client.adapter.request("patch", "/v1/secret/metadata/meta", headers={"Content-Type": "application/merge-patch+json"},
                           data='{"custom_metadata":{"tier":null,"zone":"eu"},"max_versions":5}')
    data = kv.read_secret_metadata("meta")["data"]
    assert data["custom_metadata"] == {"owner": "team-a", "zone": "eu"} and data["max_versions"] == 5
    kv.delete_metadata_and_all_versions("meta")
    with pytest.raises(exceptions.InvalidPath):
        kv.read_secret_metadata("meta")
    with pytest.raises(exceptions.InvalidPath):
        read(kv, "meta")


def test_keeps_only_max_versions(kv):
    kv.update_metadata("bounded", max_versions=2)
    for n in range(1, 6):
        kv.create_or_update_secret("bounded", {"n": n})
    assert sorted(kv.read_secret_metadata("bounded")["data"]["versions"]) == ["4", "5"]
    with pytest.raises(exceptions.InvalidPath):
        read(kv, "bounded", version=3)


def test_configuration(client, server):
    server.mount("kv2-config", version="2")
    kv = client.secrets.kv.v2
    kv.configure(max_versions=2, cas_required=True, delete_version_after="1h", mount_point="kv2-config")
    data = kv.read_configuration(mount_point="kv2-config")["data"]
    assert data["max_versions"] == 2 and data["cas_required"] is True and data["delete_version_after"] == "1h0m0s"
    with pytest.raises(exceptions.InvalidRequest):
        kv.create_or_update_secret("x", {"n": 1}, mount_point="kv2-config")
    kv.create_or_update_secret("x", {"n": 1}, cas=0, mount_point="kv2-config")
    version = read(kv, "x", mount_point="kv2-config")["data"]["metadata"]
    assert version["deletion_time"] > version["created_time"]


def test_version_expires_by_itself(kv):
    import time

    kv.update_metadata("short", delete_version_after="1s")
    kv.create_or_update_secret("short", {"n": 1})
    assert read(kv, "short")["data"]["data"] == {"n": 1}
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            read(kv, "short")
        except exceptions.InvalidPath:
            return
        time.sleep(0.05)
    raise AssertionError("still readable")


def test_patch_subkeys_and_who_wrote(server):
    server.post("secret/data/deep", {"data": {"a": {"b": {"c": 1}, "d": []}, "e": "x"}}).expect(200)
    merge = {"Content-Type": "application/merge-patch+json"}
    server.request("PATCH", "secret/data/deep", {"data": {"a": {"b": None, "z": True}}}, headers=merge).expect(200)
    assert server.get("secret/data/deep").data["data"] == {"a": {"d": [], "z": True}, "e": "x"}
    whole = server.get("secret/subkeys/deep").expect(200).data
    assert whole["subkeys"] == {"a": {"d": None, "z": None}, "e": None}
    assert server.get("secret/subkeys/deep?depth=1").data["subkeys"] == {"a": None, "e": None}
    assert server.get("secret/data/deep").data["metadata"]["created_by"]
    wrong = server.request("PATCH", "secret/data/deep", {"data": {}}, headers={"Content-Type": "text/plain"})
    assert wrong.status in (400, 415)


@pytest.mark.parametrize("text", [
    b'{"n":1.0}', b'{"n":1e400}', b'{"n":12345678901234567890123}', b'{"n":-0}', b'{"n":0.10000000000000000001}',
    b'{"z":1,"a":2}', b'{"u":"\xc3\xa9\\u00e9\\ud83d\\ude00"}', b'{"s":"</script>\\u2028"}', b'{"e":{},"l":[],"t":[null,true]}',
])
def test_values_come_back_exactly(server, text):
    server.post("secret/data/exact", b'{"data":' + text + b"}").expect(200)
    body = server.get("secret/data/exact").expect(200).body
    if b"\\u" in text:
        import json

        assert json.loads(body)["data"]["data"] == json.loads(text)
    else:
        assert text in body.replace(b" ", b""), body


def test_lists_in_pages_and_recursively(server):
    names = [f"k{n:03}" for n in range(25)]
    for name in names:
        server.post(f"secret/data/pages/{name}", {"data": {"x": 1}}).expect(200)
    server.post("secret/data/pages/sub/leaf", {"data": {"x": 1}}).expect(200)
    seen, after = [], ""
    while True:
        reply = server.list(f"secret/metadata/pages?limit=10&after={after}")
        keys = reply.json["data"]["keys"] if reply.status == 200 else []
        if not keys:
            break
        assert len(keys) <= 10
        seen += keys
        after = keys[-1]
    assert seen == names + ["sub/"]
    for query in ("limit=x", "limit=1.5", "limit=99999999999999999999"):
        assert server.list(f"secret/metadata/pages?{query}").status == 400, query
