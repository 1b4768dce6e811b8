"""What a client did not say is kept. Vault's own client sends an empty text for each time that it was not told to change."""

import pytest

SYSTEM = 2_764_800


@pytest.fixture(params=["secret", "auth"])
def mount(request, server):
    """A path to tune, with times of its own."""
    kind, place = ("kv", "sys/mounts/tuned") if request.param == "secret" else ("userpass", "sys/auth/tuned")
    server.post(place, {"type": kind}).expect(204)
    server.post(f"{place}/tune", {"default_lease_ttl": "30m", "max_lease_ttl": "12h"}).expect(204)
    yield place
    server.delete(place).expect(204)


def times(server, place):
    data = server.get(f"{place}/tune").data
    return data["default_lease_ttl"], data["max_lease_ttl"]


def test_an_empty_time_keeps_what_is_set(server, mount):
    everything = {"options": None, "default_lease_ttl": "", "max_lease_ttl": "", "force_no_cache": False, "description": "changed"}
    server.post(f"{mount}/tune", everything).expect(204)
    assert times(server, mount) == (1_800, 43_200)
    assert server.get(f"{mount}/tune").data["description"] == "changed"
    server.post(f"{mount}/tune", {"default_lease_ttl": "", "max_lease_ttl": "24h"}).expect(204)
    assert times(server, mount) == (1_800, 86_400)


@pytest.mark.parametrize("word", ["system", "0", 0, "0s"])
def test_the_system_s_times_come_back_by_name_or_zero(server, mount, word):
    server.post(f"{mount}/tune", {"default_lease_ttl": word}).expect(204)
    assert times(server, mount) == (SYSTEM, 43_200) or times(server, mount) == (43_200, 43_200)
    server.post(f"{mount}/tune", {"max_lease_ttl": word}).expect(204)
    assert times(server, mount) == (SYSTEM, SYSTEM)


def test_a_maximum_below_the_default_is_refused(server, mount):
    assert server.post(f"{mount}/tune", {"max_lease_ttl": "1s"}).expect(400).errors
    assert server.post(f"{mount}/tune", {"default_lease_ttl": "13h"}).expect(400).errors
    assert times(server, mount) == (1_800, 43_200)


@pytest.mark.parametrize("word", ["soon", "-1h", "1h-", [], {"a": 1}, True])
def test_what_is_no_time_is_refused(server, mount, word):
    server.post(f"{mount}/tune", {"default_lease_ttl": word}).expect(400)
    assert times(server, mount) == (1_800, 43_200)


def test_mounting_takes_the_same_words(server):
    config = {"default_lease_ttl": "", "max_lease_ttl": "system", "force_no_cache": True}
    server.post("sys/mounts/tuned-new", {"type": "kv", "config": config}).expect(204)
    shown = server.get("sys/mounts/tuned-new").data["config"]
    assert (shown["default_lease_ttl"], shown["max_lease_ttl"], shown["force_no_cache"]) == (0, 0, True)
    server.post("sys/mounts/tuned-new/tune", {"force_no_cache": False, "description": "x"}).expect(204)
    assert server.get("sys/mounts/tuned-new").data["config"]["force_no_cache"] is True
    server.post("sys/mounts/tuned-new/tune", {"default_lease_ttl": "1.5h"}).expect(204)
    assert times(server, "sys/mounts/tuned-new") == (5_400, SYSTEM)
    server.delete("sys/mounts/tuned-new").expect(204)


def test_lockout_rules_keep_what_was_not_said(server):
    server.post("sys/auth/tuned-up", {"type": "userpass"}).expect(204)
    rules = {"lockout_threshold": "3", "lockout_duration": "1h", "lockout_counter_reset_duration": "30m", "lockout_disable": False}
    server.post("sys/auth/tuned-up/tune", {"user_lockout_config": rules}).expect(204)
    server.post("sys/auth/tuned-up/tune", {"user_lockout_config": {"lockout_threshold": "", "lockout_duration": "2h"}}).expect(204)
    shown = server.get("sys/auth/tuned-up/tune").data
    assert (shown["user_lockout_threshold"], shown["user_lockout_duration"]) == (3, 7_200)
    assert (shown["user_lockout_counter_reset_duration"], shown["user_lockout_disable"]) == (1_800, False)
    server.post("sys/auth/tuned-up/tune", {"user_lockout_config": {"lockout_duration": "system"}}).expect(204)
    assert "user_lockout_duration" not in server.get("sys/auth/tuned-up/tune").data
    for wrong in ({"lockout_threshold": "many"}, {"lockout_threshold": -1}, {"lockout_duration": "soon"}, {"lockout_limit": 3}):
        server.post("sys/auth/tuned-up/tune", {"user_lockout_config": wrong}).expect(400)
    server.delete("sys/auth/tuned-up").expect(204)


@pytest.mark.parametrize("place", ["sys/mounts", "sys/auth"])
def test_a_version_that_no_engine_has_is_refused(server, place):
    kind = "kv" if place == "sys/mounts" else "userpass"
    assert server.post(f"{place}/versioned", {"type": kind, "plugin_version": "v9.9.9"}).expect(400).errors
    assert server.post(f"{place}/versioned", {"type": kind, "config": {"plugin_version": "v9.9.9"}}).expect(400).errors
    server.post(f"{place}/versioned", {"type": kind, "plugin_version": ""}).expect(204)
    assert server.post(f"{place}/versioned/tune", {"plugin_version": "v1"}).expect(400).errors
    server.delete(f"{place}/versioned").expect(204)
