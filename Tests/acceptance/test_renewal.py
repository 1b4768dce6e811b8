"""A renewal asks whoever vouched for the token again: hvac's calls, against accounts and roles that changed meanwhile."""

import hvac
import pytest
from hvac import exceptions


@pytest.fixture(params=["userpass", "approle"])
def method(request, server):
    client = hvac.Client(url=server.address, token=server.token)
    path = f"again-{request.param}"
    client.sys.enable_auth_method(request.param, path=path)

    class Method:
        account = f"auth/{path}/" + ("users/app" if request.param == "userpass" else "role/app")
        mount = path

        def write(self, **fields):
            password = {"password": "pw"} if request.param == "userpass" else {}
            server.post(self.account, {**password, **fields}).expect()

        def log_in(self):
            login = hvac.Client(url=server.address)
            if request.param == "userpass":
                login.auth.userpass.login("app", "pw", mount_point=path)
            else:
                role = client.auth.approle.read_role_id("app", mount_point=path)["data"]["role_id"]
                secret = client.auth.approle.generate_secret_id("app", mount_point=path)["data"]["secret_id"]
                login.auth.approle.login(role, secret, mount_point=path)
            return login

    made = Method()
    made.write(token_policies="a", token_ttl="10m")
    yield made
    client.sys.disable_auth_method(path)


def test_goes_on_while_nothing_changed(method, server):
    caller = method.log_in()
    assert caller.auth.token.renew_self()["auth"]["lease_duration"] == 600
    server.kill()
    server.start()
    renewed = caller.auth.token.renew_self(increment="1m")["auth"]
    assert renewed["lease_duration"] == 60 and renewed["policies"] == ["a", "default"]


def test_ends_when_the_account_is_gone(method, server, client):
    method.write(token_period="1h")
    caller = method.log_in()
    accessor = caller.auth.token.lookup_self()["data"]["accessor"]
    server.delete(method.account).expect(204)
    for renew in (caller.auth.token.renew_self, lambda: client.auth.token.renew(caller.token), lambda: client.auth.token.renew_accessor(accessor)):
        with pytest.raises(exceptions.InvalidRequest, match="does not exist during renewal"):
            renew()
    method.write(token_policies="a")
    with pytest.raises(exceptions.InvalidRequest, match="does not exist during renewal"):
        caller.auth.token.renew_self()
    assert caller.auth.token.lookup_self()["data"]["ttl"] > 0


def test_other_policies_refuse_it(method):
    caller = method.log_in()
    method.write(token_policies="b")
    with pytest.raises(exceptions.InvalidRequest, match="policies have changed, not renewing"):
        caller.auth.token.renew_self()
    method.write(token_policies="a")
    assert caller.auth.token.renew_self()["auth"]["lease_duration"] == 600


def test_lifetimes_and_addresses_are_those_of_today(method, server):
    caller = method.log_in()
    method.write(token_ttl="5s", token_max_ttl="200s")
    assert caller.auth.token.renew_self()["auth"]["lease_duration"] == 5
    capped = caller.auth.token.renew_self(increment="1h")
    assert 150 < capped["auth"]["lease_duration"] <= 200
    assert capped["warnings"][0].startswith('TTL of "1h" exceeded the effective max_ttl of "')
    server.post(f"sys/auth/{method.mount}/tune", {"default_lease_ttl": "50s", "max_lease_ttl": "100s"}).expect(204)
    assert caller.auth.token.renew_self(increment="1h")["auth"]["lease_duration"] <= 100
    method.write(token_bound_cidrs="10.0.0.0/8")
    with pytest.raises(exceptions.Forbidden):
        caller.auth.token.renew_self()
    hvac.Client(url=server.address, token=server.token).auth.token.renew(caller.token)
    with pytest.raises(exceptions.Forbidden):
        caller.auth.token.lookup_self()


def test_a_token_role_is_asked_too(client):
    client.auth.token.create_or_update_role("again", allowed_policies="a")
    made = client.auth.token.create(role_name="again", ttl="1h")["auth"]["client_token"]
    assert client.auth.token.renew(made)["auth"]["lease_duration"] == 3600
    client.auth.token.delete_role("again")
    with pytest.raises(exceptions.InvalidRequest, match='original token role "again" could not be found, not renewing'):
        client.auth.token.renew(made)


# Answers about what is not there, as clients of OpenBao know them.

def test_unknown_tokens_and_accessors(server, client):
    with pytest.raises(exceptions.InvalidRequest, match="invalid accessor"):
        client.auth.token.lookup_accessor("bogus")
    with pytest.raises(exceptions.InvalidRequest, match="invalid accessor"):
        client.auth.token.renew_accessor("bogus")
    with pytest.raises(exceptions.InvalidRequest, match="token not found"):
        client.auth.token.renew("bogus")
    with pytest.raises(exceptions.Forbidden, match="bad token"):
        client.auth.token.lookup("bogus")
    assert server.post("auth/token/revoke-accessor", {"accessor": "bogus"}).expect(200).json["warnings"] == ["No token found with this accessor"]
    server.post("auth/token/revoke", {"token": "bogus"}).expect(204)
    for chosen, message in [("s.with.dots", "cannot have the 's.' prefix"), ("hvs.x", "cannot have the 'hvs.' prefix"), ("a.b", "cannot have a '.'")]:
        with pytest.raises(exceptions.InvalidRequest, match=message):
            client.auth.token.create(id=chosen)


def test_roles_and_secret_ids_that_are_not_there(server, client):
    client.sys.enable_auth_method("approle", path="absent")
    with pytest.raises(exceptions.InvalidPath, match="does not exist"):
        client.auth.approle.generate_secret_id("none", mount_point="absent")
    with pytest.raises(exceptions.InvalidPath, match="does not exist"):
        client.auth.approle.create_custom_secret_id("none", "x", mount_point="absent")
    client.auth.approle.create_or_update_approle("r", mount_point="absent")
    assert client.auth.approle.destroy_secret_id("r", "none", mount_point="absent").status_code == 204
    client.sys.disable_auth_method("absent")


def test_expired_secret_ids_leave_the_list_by_themselves(server, client):
    import time

    client.sys.enable_auth_method("approle", path="swept")
    client.auth.approle.create_or_update_approle("r", mount_point="swept")
    for _ in range(3):
        server.post("auth/swept/role/r/secret-id", {"ttl": "1s"}).expect(200)
    kept = server.post("auth/swept/role/r/secret-id", {}).expect(200).data["secret_id_accessor"]
    deadline = time.monotonic() + 60
    while client.auth.approle.list_secret_id_accessors("r", mount_point="swept")["data"]["keys"] != [kept]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    client.sys.disable_auth_method("swept")
