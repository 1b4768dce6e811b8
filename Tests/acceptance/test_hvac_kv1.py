"""hvac's whole KV v1 class."""

import pytest
from hvac import exceptions


@pytest.fixture
def kv(client):
    return client.secrets.kv.v1


def test_whole_life_of_a_secret(kv):
    kv.create_or_update_secret("app/one", {"a": "1"}, mount_point="kv1")
    kv.create_or_update_secret("app/two", {"n": 1.5}, method="PUT", mount_point="kv1")
    read = kv.read_secret("app/one", mount_point="kv1")
    assert read["data"] == {"a": "1"} and read["lease_duration"] > 0 and read["lease_id"] == ""
    kv.create_or_update_secret("app/one", {"b": "2"}, mount_point="kv1")
    assert kv.read_secret("app/one", mount_point="kv1")["data"] == {"b": "2"}
    assert kv.list_secrets("app", mount_point="kv1")["data"]["keys"] == ["one", "two"]
    assert kv.list_secrets("", mount_point="kv1")["data"]["keys"] == ["app/"]
    kv.delete_secret("app/one", mount_point="kv1")
    with pytest.raises(exceptions.InvalidPath):
        kv.read_secret("app/one", mount_point="kv1")
    kv.delete_secret("app/never", mount_point="kv1")


def test_empty_write_is_refused(server):
    assert server.post("kv1/empty", {}).status == 400
    assert server.post("kv1/empty").status == 400


def test_generic_calls(client):
    client.write_data("kv1/generic", data={"x": "y"})
    assert client.read("kv1/generic")["data"] == {"x": "y"}
    assert client.list("kv1")["data"]["keys"]
    client.delete("kv1/generic")
    assert client.read("kv1/generic") is None
    assert client.list("kv1/nothing-here") is None
