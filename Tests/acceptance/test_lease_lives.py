"""Leases of service tokens run their own time and end with their token: what renewers such as those of consul-template count on."""

import time

import pytest
from databases import CREATION, Postgres


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


@pytest.fixture
def database(server, postgres):
    server.mount("lives", "database")
    server.post("lives/config/db", postgres.configuration()).expect(204)
    server.post("lives/roles/ro", {"db_name": "db", "creation_statements": CREATION, "default_ttl": "10m", "max_ttl": "1h"}).expect(204)
    yield server
    server.request("PUT", "sys/leases/revoke-prefix/lives", timeout=60)
    server.delete("sys/mounts/lives").expect(204)


POLICY = 'path "lives/creds/*" { capabilities = ["read"] }\npath "sys/leases/renew" { capabilities = ["update"] }\n' \
         'path "auth/token/renew-self" { capabilities = ["update"] }'


def until(condition, seconds=20):
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds
        time.sleep(0.05)


def test_a_lease_is_not_cut_to_what_its_token_has_left(database, postgres):
    token = database.new_token(POLICY, period="3s")
    made = database.get("lives/creds/ro", token=token).expect(200).json
    assert made["lease_duration"] == 600 and made["renewable"]
    started = time.monotonic()
    # Whenever a renewal comes, also just before the token's own, the lease has its whole time.
    while time.monotonic() - started < 6:
        renewed = database.put("sys/leases/renew", {"lease_id": made["lease_id"]}, token=token).expect(200).json
        assert renewed["lease_duration"] == 600
        time.sleep(0.7)
        database.post("auth/token/renew-self", {}, token=token).expect(200)
    assert postgres.can_log_in(made["data"]["username"], made["data"]["password"])


def test_and_ends_with_the_token(database, postgres):
    users = {}
    for end in ("revoked", "expired"):
        token = database.new_token(POLICY, **({"ttl": "2s"} if end == "expired" else {}))
        made = database.get("lives/creds/ro", token=token).expect(200).json
        assert made["lease_duration"] == 600
        users[end] = made["data"]["username"]
        if end == "revoked":
            database.post("auth/token/revoke", {"token": token}).expect(204)
    until(lambda: not postgres.made_users() & set(users.values()))


def test_a_batch_tokens_lease_ends_with_it(database):
    token = database.new_token(POLICY, ttl="100s", type="batch")
    made = database.get("lives/creds/ro", token=token).expect(200).json
    assert 90 <= made["lease_duration"] <= 100


def test_a_renewal_above_the_maximum_says_so(database):
    made = database.get("lives/creds/ro").expect(200).json
    renewed = database.put("sys/leases/renew", {"lease_id": made["lease_id"], "increment": "5h"}).expect(200).json
    assert 3590 <= renewed["lease_duration"] <= 3600
    assert renewed["warnings"][0].startswith('TTL of "5h" exceeded the effective max_ttl of "')
    database.delete("lives/roles/ro").expect(204)
    reply = database.put("sys/leases/renew", {"lease_id": made["lease_id"]})
    assert reply.status == 400 and "could not find role" in reply.errors[0]
