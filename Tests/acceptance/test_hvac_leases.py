"""hvac's lease calls. The leases here are those of tokens; engines that lease have their own files."""

import hvac
import pytest
from hvac import exceptions


@pytest.fixture(scope="module")
def users(server):
    client = hvac.Client(url=server.address, token=server.token)
    for path in ("people", "people2"):
        client.sys.enable_auth_method("userpass", path=path)
        for name in ("ann", "anna"):
            client.auth.userpass.create_or_update_user(name, "pw", mount_point=path)

    def log_in(name="ann", path="people"):
        return client.auth.userpass.login(name, "pw", use_token=False, mount_point=path)["auth"]["client_token"]

    yield log_in
    for path in ("people", "people2"):
        client.sys.disable_auth_method(path)


def lease_of(client, folder):
    names = client.sys.list_leases(folder)["data"]["keys"]
    return [f"{folder}/{name}" for name in names]


def is_alive(client):
    return client.is_authenticated()


def test_list_and_read(client, users):
    users()
    assert "auth/" in client.sys.list_leases("")["data"]["keys"]
    assert client.sys.list_leases("auth/people/login")["data"]["keys"] == ["ann/"]
    lease = lease_of(client, "auth/people/login/ann")[0]
    found = client.sys.read_lease(lease)
    assert found["data"]["id"] == lease and found["data"]["ttl"] > 0 and found["data"]["renewable"] is True
    assert found["data"]["issue_time"].endswith("Z") and found["data"]["expire_time"] > found["data"]["issue_time"]
    assert found["data"]["last_renewal"] is None
    with pytest.raises(exceptions.InvalidRequest):
        client.sys.read_lease("auth/people/login/ann/none")
    with pytest.raises(exceptions.InvalidPath):
        client.sys.list_leases("auth/none")


def test_tokens_are_renewed_elsewhere(client, users):
    users()
    with pytest.raises(exceptions.InvalidRequest, match="tokens cannot be renewed"):
        client.sys.renew_lease(lease_of(client, "auth/people/login/ann")[0])
    for increment in (None, 60):
        with pytest.raises(exceptions.InvalidRequest):
            client.sys.renew_lease("secret/none/here", increment=increment)


def test_revoke_one(client, client_for, users):
    client.sys.revoke_prefix("auth/people")
    token = users()
    lease = lease_of(client, "auth/people/login/ann")[0]
    assert client.sys.revoke_lease(lease).status_code == 204
    assert not is_alive(client_for(token))
    # What is gone is revoked already.
    assert client.sys.revoke_lease(lease).status_code == 204


@pytest.mark.parametrize("how", ["revoke_prefix", "revoke_force"])
def test_revoke_below_a_prefix(client, client_for, users, how):
    ann, anna, other = users(), users("anna"), users("ann", "people2")
    assert getattr(client.sys, how)("auth/people/login/ann").status_code == 204
    assert [is_alive(client_for(token)) for token in (ann, anna, other)] == [False, True, True]
    assert getattr(client.sys, how)("auth/people").status_code == 204
    assert [is_alive(client_for(token)) for token in (anna, other)] == [False, True]
    assert is_alive(client)


@pytest.mark.parametrize("path", ["sys/revoke", "sys/leases/revoke"])
@pytest.mark.parametrize("in_url", [True, False])
def test_paths_old_and_new(client, client_for, server, users, path, in_url):
    client.sys.revoke_prefix("auth/people")
    token = users()
    lease = lease_of(client, "auth/people/login/ann")[0]
    assert (server.put(f"{path}/{lease}") if in_url else server.put(path, {"lease_id": lease, "sync": True})).status == 204
    assert not is_alive(client_for(token))
    renewal = path.replace("revoke", "renew")
    reply = server.put(f"{renewal}/{lease}", {"increment": 5}) if in_url else server.put(renewal, {"lease_id": lease})
    assert reply.status == 400


def test_queued(server):
    assert server.put("sys/leases/revoke", {"lease_id": "secret/none/x", "sync": False}).status == 202
    assert server.put("sys/leases/revoke-prefix/secret/none", {"sync": False}).status == 202


def test_reports(server):
    assert server.get("sys/leases?type=irrevocable").expect(200).data == {"lease_count": 0, "counts": {}, "leases": []}
    assert server.get("sys/leases/count?type=irrevocable").expect(200).data == {"lease_count": 0, "counts": {}}
    assert server.get("sys/leases?type=other").status == 400
    assert server.put("sys/leases/tidy").expect(202).json["warnings"]


def test_what_needs_sudo(server, client_for):
    text = 'path "sys/*" { capabilities = ["create", "read", "update", "list", "delete"] }'
    weak, strong = server.new_token(text), server.new_token(text.replace('"read"', '"read", "sudo"'))
    for method, path in [("LIST", "sys/leases/lookup/auth"), ("LIST", "sys/leases/lookup/"), ("PUT", "sys/leases/revoke-prefix/none"),
                         ("PUT", "sys/leases/revoke-force/none"), ("PUT", "sys/revoke-prefix/none"), ("PUT", "sys/revoke-force/none"),
                         ("PUT", "sys/leases/tidy"), ("GET", "sys/leases"), ("GET", "sys/leases/count")]:
        assert server.request(method, path, token=weak).status == 403, path
        assert server.request(method, path, token=strong).status != 403, path


def test_default_policy_looks_up_and_renews(server, client):
    token = server.new_token(policies=["default"], no_default_policy=False)
    lease = lease_of(client, "auth/token/create")[0]
    assert server.put("sys/leases/lookup", {"lease_id": lease}, token=token).status == 200
    assert server.put("sys/leases/renew", {"lease_id": lease}, token=token).status == 400
    assert server.put("sys/leases/revoke", {"lease_id": lease}, token=token).status == 403


def test_disabling_a_method_ends_its_tokens(client, client_for):
    client.sys.enable_auth_method("userpass", path="short")
    client.auth.userpass.create_or_update_user("ann", "pw", mount_point="short")
    token = client.auth.userpass.login("ann", "pw", use_token=False, mount_point="short")["auth"]["client_token"]
    assert is_alive(client_for(token))
    client.sys.disable_auth_method("short")
    assert not is_alive(client_for(token))


def test_command_line(server, client, client_for, users):
    client.sys.revoke_prefix("auth/people")
    token = users()
    lease = lease_of(client, "auth/people/login/ann")[0]
    shown = server.cli("lease", "lookup", lease)
    assert shown.returncode == 0 and lease in shown.stdout and "expire_time" in shown.stdout
    assert server.cli("lease", "renew", lease).returncode == 2
    done = server.cli("lease", "revoke", "-sync", lease)
    assert done.returncode == 0 and "Success! Revoked lease" in done.stdout
    assert not is_alive(client_for(token))
    assert server.cli("lease", "revoke", "-prefix", "-sync", "auth/people").returncode == 0
    assert server.cli("list", "sys/leases/lookup/auth/people").returncode == 2
