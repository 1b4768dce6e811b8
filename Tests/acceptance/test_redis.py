"""ACL users of a real Redis or Valkey."""

import json

import pytest
from databases import Redis
from test_tls import Authority


@pytest.fixture(scope="module")
def redis():
    made = Redis()
    yield made
    made.close()


@pytest.fixture(scope="module")
def database(server):
    return server.mount("redis", "database")


def configuration(redis, **more):
    return {"plugin_name": "redis-database-plugin", "allowed_roles": "*", "host": "127.0.0.1", "port": redis.port, "username": "keeper",
            "password": redis.password, "persistence_mode": "ACLFILE", **more}


def test_users_come_and_go(database, redis):
    database.post("redis/config/cache", configuration(redis)).expect(204)
    shown = database.get("redis/config/cache").data
    assert shown["connection_details"]["host"] == "127.0.0.1" and redis.password not in json.dumps(shown)
    database.post("redis/roles/reader", {
        "db_name": "cache", "creation_statements": '["+@read", "+ping", "~app:*"]', "default_ttl": "5m"}).expect(204)
    made = database.get("redis/creds/reader").expect(200).json
    user, password = made["data"]["username"], made["data"]["password"]
    assert user.startswith("V-") and "READER" in user and user in redis.user_names()
    assert redis.can_log_in(user, password) and not redis.can_log_in(user, "wrong")
    assert "NOPERM" in redis.cli("SET", "app:x", "1", user=user, password=password)
    assert "NOPERM" in redis.cli("GET", "other:x", user=user, password=password)
    database.put("sys/leases/renew", {"lease_id": made["lease_id"], "increment": 60}).expect(200)
    database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}).expect(204)
    assert user not in redis.user_names() and not redis.can_log_in(user, password)
    database.put("sys/leases/revoke-prefix/redis").expect(204)


def test_saved_users_outlive_the_server(database, redis):
    database.post("redis/config/cache", configuration(redis)).expect(204)
    database.post("redis/roles/reader", {"db_name": "cache", "creation_statements": '["+@read", "~app:*"]'}).expect(204)
    made = database.get("redis/creds/reader").expect(200).json
    redis.stop()
    refused = database.get("redis/creds/reader")
    assert refused.status == 503 and "database" in refused.errors[0]
    redis.start()
    assert redis.can_log_in(made["data"]["username"], made["data"]["password"])
    assert made["data"]["password"] not in redis.users.read_text()
    database.put("sys/leases/revoke-prefix/redis").expect(204)


def test_static_and_root_passwords(database, redis):
    redis.cli("ACL", "SETUSER", "service", "on", ">imported", "+@read", "~*")
    redis.cli("ACL", "SETUSER", "second", "on", ">second", "+@all", "~*")
    database.post("redis/config/second", configuration(redis, username="second", password="second")).expect(204)
    database.post("redis/static-roles/service", {"db_name": "second", "username": "service", "rotation_period": "1h"}).expect(204)
    first = database.get("redis/static-creds/service").data["password"]
    assert redis.can_log_in("service", first) and not redis.can_log_in("service", "imported")
    database.post("redis/rotate-role/service").expect(204)
    assert not redis.can_log_in("service", first)
    database.post("redis/rotate-root/second").expect(204)
    assert not redis.can_log_in("second", "second")
    database.post("redis/rotate-role/service").expect(204)
    assert redis.can_log_in("service", database.get("redis/static-creds/service").data["password"])
    refused = database.post("redis/static-roles/nobody", {"db_name": "second", "username": "nobody", "rotation_period": "1h"})
    assert refused.status >= 400 and "nobody" not in redis.user_names()


@pytest.mark.parametrize("rules", ['["nopass"]', '[">known"]', '["reset"]', '["on"]', '[1]', '["+@read"'])
def test_rules_that_are_not_theirs_to_set(database, redis, rules):
    database.post("redis/config/cache", configuration(redis)).expect(204)
    assert database.post("redis/roles/bad", {"db_name": "cache", "creation_statements": rules}).status == 400


def test_a_rule_that_redis_refuses(database, redis):
    database.post("redis/config/cache", configuration(redis)).expect(204)
    database.post("redis/roles/odd", {"db_name": "cache", "creation_statements": '["+@no-such-category"]'}).expect(204)
    before = redis.user_names()
    refused = database.get("redis/creds/odd")
    assert refused.status == 500 and "refused" in refused.errors[0]
    assert redis.user_names() == before
    assert database.post("redis/config/cache", configuration(redis, password="canary-wrong-password")).status == 400


def test_tls(database, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("redis")
    redis = Redis.__new__(Redis)
    more = ("--tls", "--cacert", str(authority.certificate))
    plain = Redis.cli
    redis.cli = lambda *words, user="keeper", password=None: plain(redis, *words, user=user, password=password, more=more)
    redis.__init__("--port", "0", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no",
                   port_option="--tls-port")
    try:
        pem = authority.certificate.read_text()
        assert database.post("redis/config/tls", configuration(redis)).status == 400
        assert database.post("redis/config/tls", configuration(redis, tls=True)).status == 400, "an unknown authority is trusted"
        assert database.post("redis/config/tls", configuration(redis, tls=True, ca_cert="nonsense")).status == 400
        database.post("redis/config/tls", configuration(redis, tls=True, ca_cert=pem, host="localhost")).expect(204)
        database.post("redis/config/tls", configuration(redis, tls=True, ca_cert=pem)).expect(204)
        database.post("redis/roles/tls", {"db_name": "tls", "creation_statements": '["+@read", "~app:*"]'}).expect(204)
        made = database.get("redis/creds/tls").expect(200).data
        assert redis.can_log_in(made["username"], made["password"])
        database.put("sys/leases/revoke-prefix/redis").expect(204)
        assert not redis.can_log_in(made["username"], made["password"])
        database.delete("redis/config/tls").expect(204)
    finally:
        redis.close()
