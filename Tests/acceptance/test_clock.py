"""The real binary under libfaketime: it starts, and a start under an older clock stretches no life."""

import glob
import re

import pytest

LIBRARY = next(iter(sorted(glob.glob("/usr/lib/*/faketime/libfaketime.so.1"))), None)


@pytest.fixture
def library():
    assert LIBRARY, "libfaketime is not installed; run scripts/install-system test"
    return LIBRARY


def shifted(library, offset):
    return {"LD_PRELOAD": library, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}


def test_the_server_starts_when_a_preloaded_library_has_moved_its_environment(new_server, library):
    server = new_server()
    server.start(**shifted(library, "+0"))
    assert server.get("sys/health").status == 501
    server.initialise()
    assert server.stop() == 0


def test_a_start_under_an_older_clock_stretches_no_life_and_warns(new_server, library):
    server = new_server().ready()
    short = server.post("auth/token/create", {"policies": ["default"], "ttl": "90s"}).expect(200).json["auth"]["client_token"]
    wrapped = server.get("sys/mounts", headers={"X-Vault-Wrap-TTL": "90"}).expect(200).json["wrap_info"]["token"]
    assert server.stop() == 0
    server.start(**shifted(library, "-30d"))
    left = server.get("auth/token/lookup-self", token=short).expect(200).data["ttl"]
    assert 0 < left <= 90
    ttl = server.post("sys/wrapping/lookup", {"token": wrapped}).expect(200).data
    assert ttl["creation_ttl"] == 90
    said = server.log()
    assert "this machine's clock is behind the stored time" in said
    assert int(re.search(r'"seconds":"(\d+)"', said).group(1)) > 29 * 86_400
    assert server.stop() == 0
    # Under the right clock again it goes on as if nothing had been.
    server.start()
    assert server.get("auth/token/lookup-self", token=short).expect(200).data["ttl"] <= left


def test_a_store_that_saw_a_clock_ahead_is_taken_back_only_when_asked(new_server, library):
    server = new_server()
    server.start(**shifted(library, "+30d"))
    server.initialise().enable_audit()
    made = server.post("auth/token/create", {"policies": ["default"], "ttl": "60s"}).expect(200).json["auth"]["client_token"]
    assert server.stop() == 0
    server.start()
    assert server.get("auth/token/lookup-self", token=made).expect(200).data["ttl"] <= 60
    assert server.stop() == 0
    server.configuration.write_text(server.configuration.read_text() + "accept_earlier_clock = true\n")
    server.start()
    assert "accept_earlier_clock is set" in server.log()
    assert server.get("auth/token/lookup-self", token=made).status == 403
    server.get("auth/token/lookup-self").expect(200)
