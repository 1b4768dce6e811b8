"""hvac drives sys/: initialisation, sealing, health, keys."""

import base64

import hvac
import pytest
from hvac import exceptions


@pytest.fixture
def sealed(new_server):
    """A started Shamir server that nobody has initialised, and a client for it."""
    server = new_server(seal="shamir").start()
    return server, hvac.Client(url=server.address)


def initialise(client, shares=5, threshold=3):
    made = client.sys.initialize(secret_shares=shares, secret_threshold=threshold)
    client.token = made["root_token"]
    return made


def test_initialises_seals_and_unseals(sealed):
    _, client = sealed
    assert client.sys.is_initialized() is False
    assert client.sys.is_sealed() is True
    assert client.is_authenticated() is False
    made = initialise(client)
    assert len(made["keys"]) == len(made["keys_base64"]) == 5
    assert [base64.b64decode(k).hex() for k in made["keys_base64"]] == made["keys"]
    assert client.sys.is_initialized() is True
    assert client.sys.is_sealed() is True

    assert client.sys.submit_unseal_key(made["keys"][0])["progress"] == 1
    assert client.sys.submit_unseal_key(reset=True)["progress"] == 0
    status = client.sys.submit_unseal_keys(made["keys_base64"][:3])
    assert status["sealed"] is False and status["t"] == 3 and status["n"] == 5
    assert client.is_authenticated() is True

    client.sys.seal()
    assert client.sys.is_sealed() is True
    with pytest.raises(exceptions.VaultDown):
        client.secrets.kv.v2.read_secret_version("x", raise_on_deleted_version=True)
    client.sys.submit_unseal_keys(made["keys"][2:])
    assert client.sys.is_sealed() is False
    assert client.is_authenticated() is True


def test_refuses_to_initialise_twice(sealed):
    _, client = sealed
    initialise(client)
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.initialize(secret_shares=1, secret_threshold=1)


@pytest.mark.parametrize("shares,threshold", [(0, 0), (1, 2), (3, 1), (256, 2), (-1, 1), (5, 0)])
def test_refuses_impossible_share_counts(sealed, shares, threshold):
    _, client = sealed
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.initialize(secret_shares=shares, secret_threshold=threshold)
    assert client.sys.is_initialized() is False


def test_wrong_and_repeated_shares_do_not_unseal(sealed):
    server, client = sealed
    made = initialise(client)
    first = made["keys_base64"][0]
    client.sys.submit_unseal_key(first)
    assert client.sys.submit_unseal_key(first)["progress"] == 1
    client.sys.submit_unseal_key(reset=True)
    wrong = base64.b64encode(bytes(33)).decode()
    replies = [server.put("sys/unseal", {"key": key}, token=None) for key in (first, wrong, made["keys_base64"][1])]
    assert replies[-1].status in (200, 400)
    assert client.sys.is_sealed() is True
    client.sys.submit_unseal_key(reset=True)
    assert client.sys.submit_unseal_keys(made["keys"][:3])["sealed"] is False


def test_seal_status_has_what_clients_read(client):
    status = client.sys.read_seal_status()
    for key in ("type", "initialized", "sealed", "t", "n", "progress", "nonce", "version", "build_date", "migration",
                "cluster_name", "cluster_id", "recovery_seal", "storage_type"):
        assert key in status, key
    major, minor, rest = status["version"].split(".", 2)
    assert major.isdigit() and minor.isdigit() and rest[0].isdigit(), "Terraform needs a semantic version"


def test_health_codes_and_overrides(sealed):
    server, client = sealed
    health = lambda query="", method="GET": server.request(method, "sys/health" + query, token=None)
    assert health().status == 501
    assert health("?uninitcode=299").status == 299
    made = initialise(client)
    assert health().status == 503
    assert health("?sealedcode=200").status == 200
    client.sys.submit_unseal_keys(made["keys"])
    assert health().status == 200
    assert health("?activecode=204").status == 204
    assert health(method="HEAD").status == 200 and health(method="HEAD").body == b""
    body = health().json
    assert body["initialized"] is True and body["sealed"] is False and body["standby"] is False
    assert isinstance(body["server_time_utc"], int) and body["version"]
    assert client.sys.read_health_status(method="GET")["initialized"] is True


@pytest.mark.parametrize("code", ["0", "99", "600", "abc", "-1", "1e3"])
def test_refuses_impossible_health_codes(server, code):
    assert server.get(f"sys/health?activecode={code}", token=None).status == 400


def test_leader_and_ha_status(server, client):
    leader = client.sys.read_leader_status()
    assert leader["ha_enabled"] is False
    assert client.ha_status["ha_enabled"] is False
    nodes = server.get("sys/ha-status").expect(200).json
    assert "nodes" in nodes.get("data", nodes)


def test_key_status_and_rotate(client):
    before = client.sys.get_encryption_key_status()["data"]
    client.secrets.kv.v2.create_or_update_secret("rotated", {"before": "1"})
    client.sys.rotate_encryption_key()
    after = client.sys.get_encryption_key_status()["data"]
    assert after["term"] == before["term"] + 1 and after["install_time"]
    assert client.key_status["term"] == after["term"]
    assert client.secrets.kv.v2.read_secret_version("rotated", raise_on_deleted_version=True)["data"]["data"] == {"before": "1"}


def unauthenticated_root_server(new_server):
    return new_server(seal="shamir", settings="enable_unauthenticated_access = [\"generate-root\", \"rekey\"]")


def test_generate_root(new_server):
    server = new_server(seal="shamir").start().initialise()
    client = hvac.Client(url=server.address, token=server.token)
    assert client.sys.read_root_generation_progress()["started"] is False
    started = client.sys.start_root_token_generation()
    otp, nonce = started["otp"], started["nonce"]
    assert started["required"] == 2
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.start_root_token_generation()
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.generate_root(server.unseal_keys[0], "00000000-0000-0000-0000-000000000000")
    assert client.sys.generate_root(server.unseal_keys[0], nonce)["progress"] == 1
    done = client.sys.generate_root(server.unseal_keys[1], nonce)
    assert done["complete"] is True
    encoded = done["encoded_token"]
    raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    token = bytes(a ^ b for a, b in zip(raw, otp.encode())).decode()
    fresh = hvac.Client(url=server.address, token=token)
    assert fresh.auth.token.lookup_self()["data"]["policies"] == ["root"]
    client.sys.start_root_token_generation()
    client.sys.cancel_root_generation()
    assert client.sys.read_root_generation_progress()["started"] is False


def test_rekey_makes_new_shares_and_retires_old_ones(new_server):
    server = new_server(seal="shamir").start().initialise()
    client = hvac.Client(url=server.address, token=server.token)
    started = client.sys.start_rekey(secret_shares=4, secret_threshold=3)
    assert started["n"] == 4 and started["t"] == 3 and started["started"] is True
    done = client.sys.rekey_multi(server.unseal_keys, nonce=started["nonce"])
    assert done["complete"] is True and len(done["keys_base64"]) == 4
    client.sys.seal()
    for key in server.unseal_keys:
        server.put("sys/unseal", {"key": key}, token=None)
    assert client.sys.is_sealed() is True
    client.sys.submit_unseal_key(reset=True)
    client.sys.submit_unseal_keys(done["keys_base64"][1:])
    assert client.sys.is_sealed() is False


def test_rekey_and_generate_root_need_a_token_unless_configured(new_server):
    closed = new_server(seal="shamir").start().initialise()
    for path in ("sys/rekey/init", "sys/generate-root/attempt"):
        for method in ("GET", "PUT", "DELETE"):
            assert closed.request(method, path, {} if method == "PUT" else None, token=None).status == 403, (method, path)
