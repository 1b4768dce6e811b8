"""How every listing takes `limit` and `after`."""

import pytest

COUNT = 4


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A server with COUNT of everything that can be listed."""
    from harness import Server

    made = Server(tmp_path_factory.mktemp("paging")).ready()
    post = lambda path, body=None: made.post(path, body or {}).expect(200, 204)
    post("sys/mounts/one", {"type": "kv", "options": {"version": "1"}})
    for kind in ("userpass", "approle"):
        post(f"sys/auth/{kind}", {"type": kind})
    post("sys/mounts/transit", {"type": "transit"})
    post("sys/mounts/database", {"type": "database"})
    made.accessor = made.get("sys/auth").data["userpass/"]["accessor"]
    for n in range(COUNT):
        post(f"secret/data/f/n{n}", {"data": {"a": 1}})
        post(f"one/f/n{n}", {"a": 1})
        post(f"cubbyhole/f/n{n}", {"a": 1})
        post(f"sys/policies/acl/n{n}", {"policy": 'path "x" { capabilities = ["read"] }'})
        post(f"sys/policies/password/n{n}", {"policy": 'length = 20\nrule "charset" { charset = "abcdefghij" }'})
        post(f"sys/quotas/rate-limit/n{n}", {"rate": 1000, "path": f"one/q{n}"})
        post(f"auth/token/roles/n{n}")
        post("auth/token/create", {"policies": ["n0"], "ttl": "1h"})
        post(f"auth/userpass/users/n{n}", {"password": "pw", "token_policies": "n0"})
        post(f"auth/approle/role/n{n}")
        post("auth/approle/role/n0/secret-id")
        post("identity/entity", {"name": f"n{n}"})
        post("identity/group", {"name": f"n{n}"})
        entity = made.get(f"identity/entity/name/n{n}").data["id"]
        post("identity/entity-alias", {"name": f"n{n}", "canonical_id": entity, "mount_accessor": made.accessor})
        group = made.post("identity/group", {"name": f"x{n}", "type": "external"}).data["id"]
        post("identity/group-alias", {"name": f"n{n}", "canonical_id": group, "mount_accessor": made.accessor})
        post(f"auth/userpass/login/n0", {"password": "pw"})
        post(f"transit/keys/n{n}")
        post(f"database/config/n{n}", {"plugin_name": "redis-database-plugin", "host": "127.0.0.1", "port": 1, "username": "u",
                                       "password": "p", "verify_connection": False, "allowed_roles": ["*"]})
        post(f"database/roles/n{n}", {"db_name": "n0", "creation_statements": ['["~*", "+@read"]']})
        made.put(f"connections/tokens/user:n{n}/prod/notion", {"access_token": "t"}).expect(200, 204)
    yield made
    try:
        assert made.is_running(), made.log()[-4000:]
    finally:
        made.close()


# Every route that lists, and how many it has. Those with pages take `after` and `limit`.
PAGED = {
    "secret/metadata/f": COUNT, "secret/detailed-metadata/f": COUNT, "one/f": COUNT, "cubbyhole/f": COUNT,
    "sys/policies/acl": None, "sys/policy": None, "sys/policies/password": COUNT,
    "auth/token/accessors": None, "auth/token/roles": COUNT, "sys/leases/lookup/auth/userpass/login/n0": COUNT,
    "auth/userpass/users": COUNT, "auth/approle/role": COUNT, "auth/approle/role/n0/secret-id": COUNT,
    "identity/entity/id": None, "identity/entity/name": None, "identity/group/id": None, "identity/group/name": None,
    "identity/entity-alias/id": COUNT, "identity/group-alias/id": COUNT,
    "database/config": COUNT, "database/roles": COUNT, "connections/owners": COUNT,
    "transit/keys": COUNT, "sys/quotas/rate-limit": COUNT, "connections/platforms": None,
}


def keys(server, path, query=""):
    reply = server.list(path + query)
    return reply.data["keys"] if reply.status == 200 else reply.status


@pytest.mark.parametrize("path", PAGED)
def test_limit(filled, path):
    whole = keys(filled, path)
    assert len(whole) == PAGED[path] if PAGED[path] else len(whole) >= COUNT, whole
    one = whole[:1]
    # `sys/policies/acl` sets `root` behind a page that is not full.
    assert keys(filled, path, "?limit=1") == one
    assert keys(filled, path, "?limit=2") == whole[:2]
    assert keys(filled, path, "?limit=1000000000000") == whole
    # One page, wherever.
    assert keys(filled, path, "?limit=0") == whole
    assert keys(filled, path, "?limit=-1") == whole
    for text in ("x", "1.5", "99999999999999999999"):
        assert keys(filled, path, f"?limit={text}") == 400, text


@pytest.mark.parametrize("path", PAGED)
def test_after(filled, path):
    whole = keys(filled, path)
    assert keys(filled, path, f"?after={whole[0]}") == whole[1:]
    assert keys(filled, path, f"?after={whole[0]}&limit=1") == whole[1:2]
    # Behind the last there is nothing, which most routes answer as an empty list is: 404.
    assert keys(filled, path, f"?after={whole[-1]}") in ([], 404)
    assert keys(filled, path, "?after=") == whole
