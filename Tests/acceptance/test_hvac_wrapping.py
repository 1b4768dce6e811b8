"""hvac's wrapping calls, and wrapping as every other client asks for it."""

import json
import threading
import time

import hvac
import pytest
from hvac import exceptions


@pytest.fixture
def wrap(server):
    """Asks for a wrapped answer; its wrap_info."""

    def ask(method, path, body=None, ttl="60s", token=True):
        reply = server.request(method, path, body, token=token, headers={"X-Vault-Wrap-TTL": str(ttl)}).expect(200).json
        assert reply["data"] is None and reply["auth"] is None and reply["lease_id"] == ""
        return reply["wrap_info"]

    return ask


def test_wrap_and_unwrap(client, client_for):
    made = client.sys.wrap({"foo": "bar", "n": 1.0}, ttl=120)
    info = made["wrap_info"]
    assert info["ttl"] == 120 and info["creation_path"] == "sys/wrapping/wrap" and info["token"] and info["accessor"]
    assert info["creation_time"].endswith("Z") and "wrapped_accessor" not in info
    assert client.sys.unwrap(info["token"])["data"] == {"foo": "bar", "n": 1.0}
    with pytest.raises(exceptions.InvalidRequest, match="wrapping token is not valid or does not exist"):
        client.sys.unwrap(info["token"])
    again = client.sys.wrap({"foo": "bar"})["wrap_info"]["token"]
    assert client_for(again).sys.unwrap()["data"] == {"foo": "bar"}
    with pytest.raises(hvac.exceptions.VaultError):
        client_for(again).sys.unwrap()


def test_wrapping_needs_its_header(client):
    with pytest.raises(exceptions.InvalidRequest):
        client.write_data("sys/wrapping/wrap", data={"a": 1})


@pytest.mark.parametrize("ttl, seconds", [("60", 60), ("60s", 60), ("5m", 300), ("1h30m", 5400), ("1d", 86400)])
def test_header_formats(wrap, server, ttl, seconds):
    server.put("secret/data/formats", {"data": {"k": "v"}}).expect(200)
    assert wrap("GET", "secret/data/formats", ttl=ttl)["ttl"] == seconds


@pytest.mark.parametrize("ttl", ["-1", "-5m", "soon", "1.5s", "99999999999999999999"])
def test_bad_header(server, ttl):
    assert server.get("secret/data/none", headers={"X-Vault-Wrap-TTL": ttl}).status == 400


@pytest.mark.parametrize("ttl", ["", "0", "0s"])
def test_no_time_is_no_wrapping(server, ttl):
    server.put("secret/data/formats", {"data": {"k": "v"}}).expect(200)
    assert server.get("secret/data/formats", headers={"X-Vault-Wrap-TTL": ttl}).json["wrap_info"] is None


def test_wrapped_read(client, wrap, server):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    info = wrap("GET", "secret/data/w")
    assert info["creation_path"] == "secret/data/w"
    assert client.sys.unwrap(info["token"])["data"]["data"] == {"k": "v"}


def test_wrapped_login_wraps_the_auth(client, client_for, server):
    client.sys.enable_auth_method("approle", path="wrapped-role")
    approle = client.auth.approle
    approle.create_or_update_approle("r", token_policies=["default"], mount_point="wrapped-role")
    role = approle.read_role_id("r", mount_point="wrapped-role")["data"]["role_id"]
    info = approle.generate_secret_id("r", wrap_ttl="2m", mount_point="wrapped-role")["wrap_info"]
    assert info["creation_path"] == "auth/wrapped-role/role/r/secret-id"
    secret = client.sys.unwrap(info["token"])["data"]["secret_id"]
    login = server.post("auth/wrapped-role/login", {"role_id": role, "secret_id": secret}, token=None,
                        headers={"X-Vault-Wrap-TTL": "60"}).expect(200).json
    assert login["auth"] is None
    auth = client_for(login["wrap_info"]["token"]).sys.unwrap()["auth"]
    assert auth["accessor"] == login["wrap_info"]["wrapped_accessor"]
    assert client_for(auth["client_token"]).auth.token.lookup_self()["data"]["path"] == "auth/wrapped-role/login"


def test_wrapped_token(client, client_for):
    info = client.auth.token.create(policies=["default"], ttl="1h", wrap_ttl="60s")["wrap_info"]
    auth = client.sys.unwrap(info["token"])["auth"]
    assert auth["accessor"] == info["wrapped_accessor"] and auth["lease_duration"] == 3600
    assert client_for(auth["client_token"]).auth.token.lookup_self()["data"]["policies"] == ["default"]


def test_lookup_reveals_and_consumes_nothing(client, wrap, server):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    info = wrap("GET", "secret/data/w", ttl=90)
    for answer in (server.post("sys/wrapping/lookup", {"token": info["token"]}, token=None),
                   server.post("sys/wrapping/lookup", {"token": info["token"]}),
                   server.get("sys/wrapping/lookup", token=info["token"])):
        data = answer.expect(200).data
        assert data == {"creation_path": "secret/data/w", "creation_ttl": 90, "creation_time": info["creation_time"]}
    assert client.sys.unwrap(info["token"])["data"]["data"] == {"k": "v"}
    assert server.post("sys/wrapping/lookup", {"token": info["token"]}, token=None).status == 400


@pytest.mark.parametrize("by_itself", [True, False])
def test_rewrap(client, wrap, server, by_itself):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    info = wrap("GET", "secret/data/w", ttl=90)
    body, token = (None, info["token"]) if by_itself else ({"token": info["token"]}, True)
    new = server.post("sys/wrapping/rewrap", body, token=token).expect(200).json["wrap_info"]
    assert new["token"] != info["token"] and new["ttl"] == 90 and new["creation_path"] == "secret/data/w"
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.unwrap(info["token"])
    assert client.sys.unwrap(new["token"])["data"]["data"] == {"k": "v"}


@pytest.mark.parametrize("method,path", [
    ("GET", "secret/data/w"), ("GET", "auth/token/lookup-self"), ("POST", "auth/token/renew-self"), ("POST", "auth/token/revoke-self"),
    ("POST", "auth/token/create"), ("GET", "sys/mounts"), ("POST", "sys/wrapping/wrap"), ("GET", "cubbyhole/other"),
    ("PUT", "cubbyhole/response"), ("GET", "nowhere/at/all"),
])
def test_a_wrapping_token_does_nothing_else_and_is_spent_by_trying(server, wrap, method, path):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    token = wrap("GET", "secret/data/w")["token"]
    assert server.request(method, path, {"a": "b"} if method != "GET" else None, token=token).status == 403
    # Whoever it was meant for sees that somebody had it.
    assert server.post("sys/wrapping/unwrap", token=token).expect(400).errors == ["wrapping token is not valid or does not exist"]


def test_paths_that_need_no_token_do_not_spend_it(server, wrap):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    token = wrap("GET", "secret/data/w")["token"]
    server.get("sys/wrapping/lookup", token=token).expect(200)
    server.get("sys/health", token=token).expect(200)
    assert server.post("sys/wrapping/unwrap", token=token).expect(200).data["data"] == {"k": "v"}


def test_the_first_clients_way(server, wrap):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    token = wrap("GET", "secret/data/w")["token"]
    text = server.get("cubbyhole/response", token=token).expect(200).data["response"]
    assert json.loads(text)["data"]["data"] == {"k": "v"}
    assert server.get("cubbyhole/response", token=token).status == 403


def test_one_of_two_wins(server, wrap):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    for _ in range(30):
        token = wrap("GET", "secret/data/w")["token"]
        found, gate = [], threading.Barrier(4)

        def unwrap(by_itself, token=token, found=found, gate=gate):
            gate.wait()
            body, caller = (None, token) if by_itself else ({"token": token}, True)
            found.append(server.post("sys/wrapping/unwrap", body, token=caller))

        threads = [threading.Thread(target=unwrap, args=(n % 2 == 0,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(reply.status == 200 for reply in found) == [False, False, False, True]
        assert all(reply.status in (200, 400, 403) for reply in found)


def test_survives_a_restart_and_expires(new_server):
    server = new_server().ready()
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    ask = lambda ttl: server.get("secret/data/w", headers={"X-Vault-Wrap-TTL": ttl}).expect(200).json["wrap_info"]["token"]
    long, short = ask("60"), ask("1")
    server.kill()
    server.start()
    assert server.post("sys/wrapping/unwrap", token=long).expect(200).data["data"] == {"k": "v"}
    time.sleep(1.1)
    assert server.post("sys/wrapping/unwrap", token=short).status in (400, 403)


def test_command_line(server):
    server.put("secret/data/w", {"data": {"k": "v"}}).expect(200)
    wrapped = server.cli("read", "-wrap-ttl=120", "-field=wrapping_token", "secret/data/w")
    assert wrapped.returncode == 0, wrapped.stderr
    done = server.cli("unwrap", "-format=json", wrapped.stdout.strip())
    assert done.returncode == 0 and json.loads(done.stdout)["data"]["data"] == {"k": "v"}
    assert server.cli("unwrap", wrapped.stdout.strip()).returncode == 2


def test_cubbyhole(client, client_for):
    token = client.auth.token.create(policies=["default"])["auth"]["client_token"]
    mine = client_for(token)
    mine.write_data("cubbyhole/a/b", data={"k": "v"})
    assert mine.read("cubbyhole/a/b")["data"] == {"k": "v"}
    assert mine.list("cubbyhole/a")["data"]["keys"] == ["b"]
    assert client.read("cubbyhole/a/b") is None
    mine.delete("cubbyhole/a/b")
    assert mine.read("cubbyhole/a/b") is None
