"""Every method of hvac's client.secrets.database."""

import inspect

import pytest
from databases import CREATION, Postgres
from hvac import exceptions
from hvac.api.secrets_engines.database import Database


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


class Recording:
    """Notes which methods were called."""

    def __init__(self, target):
        self.target, self.called = target, set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(self.target, name)


def test_every_method(client, postgres):
    client.sys.enable_secrets_engine("database")
    database = Recording(client.secrets.database)
    postgres.query("CREATE ROLE hvac_root LOGIN SUPERUSER PASSWORD 'first'; CREATE ROLE hvac_app LOGIN PASSWORD 'x'")
    database.configure(
        name="db", plugin_name="postgresql-database-plugin", verify_connection=True, allowed_roles=["dynamic", "st*"],
        root_rotation_statements=["ALTER ROLE \"{{username}}\" WITH PASSWORD '{{password}}'"], connection_url=postgres.url,
        username="hvac_root", password="first", max_open_connections=3, max_connection_lifetime="5m")
    read = database.read_connection("db")["data"]
    assert read["plugin_name"] == "postgresql-database-plugin" and read["allowed_roles"] == ["dynamic", "st*"]
    assert read["connection_details"] == {
        "connection_url": postgres.url, "username": "hvac_root", "max_open_connections": 3, "max_connection_lifetime": "5m"}
    assert read["root_credentials_rotate_statements"] == ["ALTER ROLE \"{{username}}\" WITH PASSWORD '{{password}}'"]
    assert database.list_connections()["data"]["keys"] == ["db"]

    database.create_role(
        "dynamic", "db", creation_statements=[CREATION], default_ttl="10m", max_ttl=3600,
        revocation_statements=['DROP OWNED BY "{{name}}"', 'DROP ROLE "{{name}}"'], rollback_statements=[], renew_statements=[])
    role = database.read_role("dynamic")["data"]
    assert role["default_ttl"] == 600 and role["max_ttl"] == 3600 and role["creation_statements"] == [CREATION]
    assert role["revocation_statements"] == ['DROP OWNED BY "{{name}}"', 'DROP ROLE "{{name}}"']
    assert database.list_roles()["data"]["keys"] == ["dynamic"]
    made = database.generate_credentials("dynamic")
    assert made["lease_duration"] == 600 and made["renewable"] and made["lease_id"].startswith("database/creds/dynamic/")
    assert postgres.can_log_in(made["data"]["username"], made["data"]["password"])
    client.sys.revoke_lease(made["lease_id"])
    assert not postgres.can_log_in(made["data"]["username"], made["data"]["password"])

    database.create_static_role(
        "static", "db", "hvac_app", rotation_statements=["ALTER ROLE \"{{name}}\" WITH PASSWORD '{{password}}'"], rotation_period="1h")
    static = database.read_static_role("static")["data"]
    assert static["username"] == "hvac_app" and static["rotation_period"] == 3600 and static["last_vault_rotation"].endswith("Z")
    assert database.list_static_roles()["data"]["keys"] == ["static"]
    first = database.get_static_credentials("static")["data"]
    assert 0 < first["ttl"] <= 3600 and postgres.can_log_in("hvac_app", first["password"])
    database.rotate_static_role_credentials("static")
    second = database.get_static_credentials("static")["data"]
    assert second["password"] != first["password"] and second["last_vault_rotation"] > first["last_vault_rotation"]
    assert postgres.can_log_in("hvac_app", second["password"]) and not postgres.can_log_in("hvac_app", first["password"])

    database.rotate_root_credentials("db")
    assert not postgres.can_log_in("hvac_root", "first")
    database.reset_connection("db")
    client.sys.revoke_lease(database.generate_credentials("dynamic")["lease_id"])

    database.delete_static_role("static")
    database.delete_role("dynamic")
    for gone in (lambda: database.read_role("dynamic"), lambda: database.read_static_role("static"), database.list_roles,
                 database.list_static_roles):
        with pytest.raises(exceptions.InvalidPath):
            gone()
    with pytest.raises(exceptions.InvalidRequest):
        database.generate_credentials("dynamic")
    database.delete_connection("db")
    with pytest.raises(exceptions.InvalidPath):
        database.read_connection("db")
    every = {name for name, _ in inspect.getmembers(Database, inspect.isfunction) if not name.startswith("_")}
    assert every - database.called == set()


def test_rotation_on_schedule(client, postgres):
    client.sys.enable_secrets_engine("database", path="scheduled")
    postgres.query("CREATE ROLE timed LOGIN PASSWORD 'x'")
    client.write_data("scheduled/config/db", data=postgres.configuration())
    client.write_data("scheduled/static-roles/timed", data={
        "db_name": "db", "username": "timed", "rotation_schedule": "0 0 * * SAT", "rotation_window": "2h"})
    read = client.read("scheduled/static-creds/timed")["data"]
    assert read["rotation_schedule"] == "0 0 * * SAT" and read["rotation_window"] == 7200 and 0 < read["ttl"] <= 7 * 86400
    # The shortest period there is, by the server's own clock.
    client.write_data("scheduled/static-roles/timed", data={"rotation_period": 5})
    first = client.read("scheduled/static-creds/timed")["data"]["password"]
    import time
    started = time.monotonic()
    while client.read("scheduled/static-creds/timed")["data"]["password"] == first:
        assert time.monotonic() - started < 30
        time.sleep(0.5)


def test_leases_go_with_the_mount(client, postgres):
    client.sys.enable_secrets_engine("database", path="brief")
    client.write_data("brief/config/db", data=postgres.configuration())
    client.write_data("brief/roles/r", data={"db_name": "db", "creation_statements": CREATION})
    made = client.read("brief/creds/r")["data"]
    assert postgres.can_log_in(made["username"], made["password"])
    client.sys.disable_secrets_engine("brief")
    assert not postgres.can_log_in(made["username"], made["password"])
