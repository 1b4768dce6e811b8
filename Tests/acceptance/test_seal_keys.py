"""When a seal's key was rotated, and when a root key is: what the server says, and that it opens again."""

import secrets

import pytest


@pytest.fixture
def static(new_server):
    return new_server().start().initialise().mount("secret", version="2")


def test_the_server_tells_when_the_old_key_may_go(static):
    server = static
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    assert server.get("sys/seal-status").json["seal_key_id"] == "k1"
    for stranger in (None, "coffer.s.none"):
        assert "seal_key_id" not in server.get("sys/seal-status", token=stranger).json
    assert server.stop() == 0
    text = server.configuration.read_text()
    new = server.directory / "unseal-2.key"
    new.write_text(secrets.token_hex(32))
    new.chmod(0o600)
    old = f"file://{server.directory}/unseal.key"
    assert old in text
    both = text.replace('current_key_id = "k1"', 'current_key_id = "k2"\n  previous_key_id = "k1"').replace(
        f'"{old}"', f'"file://{new}"\n  previous_key = "{old}"')
    server.configuration.write_text(both)
    server.start()
    assert server.get("sys/seal-status").json["seal_key_id"] == "k2"
    assert "previous one is not needed" in server.log() and '"k1"' in server.log()
    status = server.cli("status")
    assert any(line.split() == ["Seal", "Key", "ID", "k2"] for line in status.stdout.splitlines()), status.stdout
    assert server.stop() == 0
    server.configuration.write_text(text.replace('current_key_id = "k1"', 'current_key_id = "k2"').replace(old, f"file://{new}"))
    (server.directory / "unseal.key").unlink()
    size = len(server.log())
    server.start()
    assert server.get("secret/data/x").data["data"] == {"a": 1}
    assert "previous one" not in server.log()[size:]


def test_a_root_key_is_rotated_without_shares_under_a_static_seal(static):
    server = static
    server.post("secret/data/x", {"data": {"a": 1}}).expect(200)
    limited = server.post("auth/token/create", {"policies": ["default"]}).expect(200).json["auth"]["client_token"]
    assert server.post("sys/rotate/root", {}, token=limited).status == 403
    assert server.post("sys/rotate/root", {}, token=None).status == 403
    for _ in range(2):
        server.post("sys/rotate/root", {}).expect(204)
        assert server.get("secret/data/x").data["data"] == {"a": 1}
    server.post("sys/rotate", {}).expect(204)
    assert server.stop() == 0
    server.start()
    assert server.get("secret/data/x").data["data"] == {"a": 1}


def test_with_shares_a_root_key_needs_them(new_server):
    server = new_server(seal="shamir").start().initialise()
    refused = server.post("sys/rotate/root", {})
    assert refused.status == 400 and "operator rekey" in refused.json["errors"][0]
    assert server.get("sys/rotate/root/init").expect(200).data["started"] is False
