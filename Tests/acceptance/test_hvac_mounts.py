"""hvac's mount, auth-mount and audit calls, and the preflight that the command line makes."""

import hashlib
import stat

import pytest
from hvac import exceptions


def test_secrets_engines(client):
    client.sys.enable_secrets_engine("kv", path="team-a", description="A's", options={"version": "2"},
                                     config={"default_lease_ttl": "10m", "max_lease_ttl": "24h"})
    listed = client.sys.list_mounted_secrets_engines()
    for shape in (listed, listed["data"]):
        assert shape["team-a/"]["type"] == "kv" and shape["team-a/"]["description"] == "A's"
    entry = listed["data"]["team-a/"]
    assert entry["options"] == {"version": "2"} and entry["accessor"].startswith("kv_") and entry["uuid"]
    assert entry["config"]["default_lease_ttl"] == 600 and entry["config"]["max_lease_ttl"] == 86400
    assert {"sys/", "secret/"} <= set(listed["data"])
    assert client.sys.retrieve_mount_option("team-a", "version") == "2"

    client.sys.tune_mount_configuration("team-a", default_lease_ttl="1h", description="tuned", listing_visibility="hidden")
    tuned = client.sys.read_mount_configuration("team-a")["data"]
    assert tuned["default_lease_ttl"] == 3600 and tuned["description"] == "tuned"

    client.secrets.kv.v2.create_or_update_secret("moved", {"x": "1"}, mount_point="team-a")
    moved = client.sys.move_backend("team-a", "team-b")
    migration = moved["data"]["migration_id"] if isinstance(moved, dict) else moved.json()["data"]["migration_id"]
    assert client.adapter.get(f"/v1/sys/remount/status/{migration}")["data"]["migration_info"]["status"] == "success"
    assert client.secrets.kv.v2.read_secret_version("moved", mount_point="team-b", raise_on_deleted_version=True)["data"]["data"] == {"x": "1"}
    with pytest.raises((exceptions.InvalidPath, exceptions.Forbidden)):
        client.secrets.kv.v2.read_secret_version("moved", mount_point="team-a", raise_on_deleted_version=True)

    client.sys.disable_secrets_engine("team-b")
    assert "team-b/" not in client.sys.list_mounted_secrets_engines()["data"]
    client.sys.enable_secrets_engine("kv", path="team-b", options={"version": "2"})
    with pytest.raises(exceptions.InvalidPath):
        client.secrets.kv.v2.read_secret_version("moved", mount_point="team-b", raise_on_deleted_version=True)


@pytest.mark.parametrize("path", ["secret", "secret/inner", "sys", "sys/x", "auth", "auth/x", "cubbyhole", "identity"])
def test_refuses_mounts_in_the_way_of_others(client, path):
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.enable_secrets_engine("kv", path=path)


def test_refuses_unknown_engines_and_missing_mounts(server, client):
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.enable_secrets_engine("no-such-engine", path="nothing")
    reply = server.get("sys/mounts/none-there/tune")
    assert reply.status in (400, 404)
    if reply.status == 400:
        assert any("No secret engine mount at" in text for text in reply.errors)
    assert server.delete("sys/mounts/sys").status == 400
    for path in ("cubbyhole", "auth/token"):
        assert server.delete(f"sys/mounts/{path}").status in (204, 400)
    assert client.is_authenticated()


def test_auth_mounts(client, server):
    listed = client.sys.list_auth_methods()
    assert listed["token/"]["type"] == "token" and listed["data"]["token/"]["accessor"].startswith("auth_token_")
    tuning = client.sys.read_auth_method_tuning("token")["data"]
    assert tuning["max_lease_ttl"] > 0 and "default_lease_ttl" in tuning
    client.sys.tune_auth_method("token", description="tokens", max_lease_ttl="40d")
    assert client.sys.list_auth_methods()["data"]["token/"]["description"] == "tokens"
    assert server.get("sys/mounts/auth/token/tune").data["max_lease_ttl"] == 40 * 86400
    client.sys.tune_auth_method("token", default_lease_ttl="10m", max_lease_ttl="20m")
    made = client.auth.token.create(policies=["default"])["auth"]
    assert made["lease_duration"] == 600
    assert client.auth.token.renew(made["client_token"], increment="5h")["auth"]["lease_duration"] <= 1200
    client.sys.tune_auth_method("token", default_lease_ttl="768h", max_lease_ttl="768h")
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.disable_auth_method("token")
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.enable_auth_method("no-such-method")


def test_audit_devices(client, server):
    path = server.audit_directory / "second.log"
    client.sys.enable_audit_device("file", path="second", description="another", options={"file_path": str(path)})
    listed = client.sys.list_enabled_audit_devices()
    assert listed["data"]["second/"]["options"]["file_path"] == str(path)
    assert listed["second/"]["type"] == "file" and listed["data"]["second/"]["description"] == "another"
    digest = client.sys.calculate_hash("second", "hello")
    digest = digest.get("hash") or digest["data"]["hash"]
    assert digest.startswith("hmac-sha256:") and hashlib.sha256(b"hello").hexdigest() not in digest
    client.secrets.kv.v2.create_or_update_secret("audited", {"v": "hello"})
    assert digest in path.read_text() and '"hello"' not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    client.sys.disable_audit_device("second")
    size = path.stat().st_size
    client.secrets.kv.v2.create_or_update_secret("audited", {"v": "again"})
    assert path.stat().st_size == size
    assert "second/" not in client.sys.list_enabled_audit_devices()["data"]


def test_audit_refuses_files_elsewhere(client, server, tmp_path):
    for place in (tmp_path / "elsewhere.log", server.audit_directory / ".." / "up.log", "/etc/coffer-audit.log", "relative.log"):
        with pytest.raises(exceptions.InvalidRequest):
            client.sys.enable_audit_device("file", path="elsewhere", options={"file_path": str(place)})
    link = server.audit_directory / "link.log"
    link.symlink_to(tmp_path / "target.log")
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.enable_audit_device("file", path="linked", options={"file_path": str(link)})
    assert not (tmp_path / "target.log").exists()


def test_preflight(server):
    whole = server.get("sys/internal/ui/mounts/secret/any/key").expect(200).data
    assert whole["path"] == "secret/" and whole["options"]["version"] == "2" and whole["type"] == "kv"
    assert server.get("sys/internal/ui/mounts").data["secret"]["secret/"]["type"] == "kv"
    token = server.new_token('path "secret/data/a" { capabilities = ["read"] }')
    assert server.get("sys/internal/ui/mounts/secret/a", token=token).data["path"] == "secret/"
    for path, who in (("kv1/x", token), ("nowhere/x", token)):
        reply = server.get(f"sys/internal/ui/mounts/{path}", token=who)
        assert reply.status == 403
        assert "preflight capability check returned 403" in reply.errors[0]
    # Who may list mounts is told what is the matter.
    reply = server.get("sys/internal/ui/mounts/nowhere/x")
    assert reply.status == 403 and reply.errors[0].startswith("No secrets engine is mounted at nowhere/."), reply
    acl = server.get("sys/internal/ui/resultant-acl").expect(200).data
    assert acl["root"] is True
    token = server.new_token('path "secret/data/a" { capabilities = ["read"] }\n'
                             'path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }')
    acl = server.get("sys/internal/ui/resultant-acl", token=token).expect(200).data
    assert acl["exact_paths"]["secret/data/a"]["capabilities"] == ["read"]
