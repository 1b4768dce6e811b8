"""Every refusal reaches hvac as the exception its callers catch."""

import hvac
import pytest
from hvac import exceptions
from harness import free_port


@pytest.mark.parametrize("act,error", [
    (lambda c: c.secrets.kv.v2.read_secret_version("nope", raise_on_deleted_version=True), exceptions.InvalidPath),
    (lambda c: c.secrets.kv.v1.read_secret("nope", mount_point="kv1"), exceptions.InvalidPath),
    (lambda c: c.secrets.kv.v2.create_or_update_secret("x", "not an object"), exceptions.InvalidRequest),
    (lambda c: c.sys.read_acl_policy("nope"), exceptions.InvalidPath),
    (lambda c: c.adapter.get("/v1/no-mount-here/x"), exceptions.InvalidPath),
    (lambda c: c.adapter.get("/v1/sys/no-such-route"), exceptions.InvalidPath),
    (lambda c: c.adapter.request("delete", "/v1/sys/health"), exceptions.UnexpectedError),
])
def test_exception(client, act, error):
    with pytest.raises(error):
        act(client)


@pytest.mark.parametrize("token", [None, "", "hvs.wrong", "s.wrong", "root", "ü"])
def test_forbidden_without_a_valid_token(server, token):
    headers = {"X-Vault-Token": token.encode() if token else ""} if token is not None else {}
    reply = server.get("secret/data/x", token=None, headers=headers)
    assert reply.status in (400, 403) and reply.errors
    if token is None:
        assert reply.status == 403


def test_forbidden_is_forbidden(server, client_for):
    weak = client_for(server.new_token('path "secret/data/ok" { capabilities = ["read"] }'))
    with pytest.raises(exceptions.Forbidden) as refused:
        weak.secrets.kv.v2.read_secret_version("other", raise_on_deleted_version=True)
    assert any("permission denied" in text for text in refused.value.errors)


def test_uninitialised_and_sealed(new_server):
    server = new_server(seal="shamir").start()
    client = hvac.Client(url=server.address, token="hvs.x")
    with pytest.raises((exceptions.VaultDown, exceptions.VaultNotInitialized)):
        client.secrets.kv.v2.read_secret_version("x", raise_on_deleted_version=True)
    server.initialise()
    client.token = server.token
    client.sys.seal()
    with pytest.raises(exceptions.VaultDown):
        client.sys.list_mounted_secrets_engines()


def test_reply_shapes(server):
    for reply in (server.get("secret/data/none"), server.get("x/y"), server.get("secret/data/x", token=None)):
        assert reply.headers["content-type"] == "application/json" and isinstance(reply.errors, list)
        assert reply.headers["cache-control"] == "no-store"
    assert server.get("secret/data/none").errors == []
    both = server.request("GET", "auth/token/lookup-self", token=None, headers={"Authorization": "Bearer " + server.token})
    assert both.status == 200


def test_nothing_listens(tmp_path):
    client = hvac.Client(url=f"http://127.0.0.1:{free_port()}", token="x")
    with pytest.raises(Exception):
        client.sys.is_sealed()
