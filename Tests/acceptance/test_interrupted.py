"""A node dies in the middle of a revocation: whoever is left finishes it, and nothing below the token is accepted meanwhile."""

import concurrent.futures
import secrets

import pytest
from test_many_nodes import LEASE_SECONDS, postgres, storage, wait_for  # noqa: F401 (one of them is a fixture)

CHILDREN = 960
READER = 'path "kv/*" { capabilities = ["read"] }\npath "auth/token/create" { capabilities = ["create", "update"] }'


@pytest.fixture
def three(new_server, postgres):
    table, key = "t_" + secrets.token_hex(6), secrets.token_hex(32)
    options = {"storage": storage(postgres, table), "unseal_key": key}
    nodes = [new_server(**options) for _ in range(3)]
    nodes[0].start().initialise()
    for node in nodes[1:]:
        node.token = nodes[0].token
        node.start()
    for node in nodes:
        wait_for(lambda: node.get("sys/health").status == 200)
    return nodes


def family(node):
    """A parent and its children."""
    node.put("sys/policies/acl/reader", {"policy": READER}).expect(204)
    made = node.post("auth/token/create", {"policies": ["reader"], "ttl": "1h"}).expect(200).json["auth"]
    parent = made["client_token"]

    def child(_):
        made = node.post("auth/token/create", {"policies": ["reader"], "ttl": "1h"}, token=parent).expect(200)
        return made.json["auth"]["client_token"]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        return parent, list(pool.map(child, range(CHILDREN)))


def alive(node, tokens):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda held: node.get("kv/data/x", token=held).status == 200, tokens))


def test_descendants_of_a_revoked_token_are_refused_though_the_node_that_revokes_is_killed(three):
    a, b, c = three
    a.mount("kv", version="2").post("kv/data/x", {"data": {"v": "1"}}).expect(200)
    wait_for(lambda: any(node.get("sys/leader").json["is_self"] for node in three))
    follower = next(node for node in three if not node.get("sys/leader").json["is_self"])
    others = [node for node in three if node is not follower]
    parent, children = family(follower)
    assert alive(others[0], children[:50]) == 50

    def revoke():
        try:
            return follower.post("auth/token/revoke", {"token": parent}, timeout=30).status
        except OSError:
            return None

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(revoke)
        wait_for(lambda: others[0].get("kv/data/x", token=parent).status == 403)
        follower.kill()
        under_way.result()
    # From the first step on, on every node that is left.
    for node in others:
        assert alive(node, children) == 0
    # And nothing of it is left behind once the dead node's place is gone.
    wait_for(lambda: not others[0].list("auth/token/accessors").data["keys"][2:], LEASE_SECONDS + 110)


def test_the_second_node_opens_by_itself_when_the_first_makes_the_store(new_server, postgres):
    table, key = "t_" + secrets.token_hex(6), secrets.token_hex(32)
    options = {"storage": storage(postgres, table), "unseal_key": key}
    a, b = new_server(**options), new_server(**options)
    a.start()
    b.start()
    assert b.get("sys/health").status == 501
    assert "operator init" in b.get("kv/data/x").expect(503).errors[0]
    a.initialise()
    wait_for(lambda: b.get("sys/health").status == 200, 10)
    b.token = a.token
    b.mount("kv", version="2").post("kv/data/x", {"data": {"v": "1"}}).expect(200)
    # One that somebody sealed stays so.
    b.put("sys/seal").expect(204)
    a.post("kv/data/x", {"data": {"v": "2"}}).expect(200)
    assert b.get("sys/health").status == 503


def test_a_node_that_is_cut_off_says_so(new_server, postgres):
    settings = storage(postgres, "t_" + secrets.token_hex(6))
    node = new_server(storage=settings)
    node.start().initialise()
    postgres.stop()
    try:
        wait_for(lambda: node.get("sys/health").status == 503, LEASE_SECONDS + 10)
        body = node.get("sys/health").json
        assert body["unavailable"] == "cut_off" and body["cut_off"] is True
        said = node.log()
        wait_for(lambda: "this node is cut off from the store" in node.log())
        assert said.count('"kind":"StorageError"') <= 4, said
    finally:
        postgres.start()
    wait_for(lambda: node.get("sys/health").status == 200, 30)
    wait_for(lambda: "has caught up with the store" in node.log())
