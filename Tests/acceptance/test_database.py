"""The database engine with a real PostgreSQL: the whole script, and both servers killed at the worst moments."""

import json
import threading
import time

import pytest
from databases import CREATION, SUPERUSER, Postgres


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


@pytest.fixture
def database(new_server, postgres):
    """A server of this test's own with the connection `postgres` and the role `readonly`."""
    server = new_server().ready()
    server.mount("database", "database")
    server.post("database/config/postgres", postgres.configuration()).expect(204)
    server.post("database/roles/readonly", {
        "db_name": "postgres", "creation_statements": CREATION, "default_ttl": "1h", "max_ttl": "24h"}).expect(204)
    yield server
    if server.is_running():
        no_users_are_left(server, postgres)


def until(condition, seconds=40, what="the condition"):
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"{what} did not come true in {seconds} s"
        time.sleep(0.2)


def leases(server, role="readonly"):
    reply = server.list(f"sys/leases/lookup/database/creds/{role}")
    return reply.data["keys"] if reply.status == 200 else []


def no_users_are_left(server, postgres):
    """Every lease revoked, every user gone: a user without a lease would stay."""
    def revoke():
        server.request("PUT", "sys/leases/revoke-prefix/database", timeout=60)
        return not leases(server) and not postgres.made_users()
    until(revoke, 60, "the end of all users")


def test_the_whole_script(new_server, postgres):
    server = new_server().ready()

    def coffer(*arguments, fails=False):
        done = server.cli(*arguments)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    coffer("secrets", "enable", "database")
    url = f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{postgres.port}/app"
    coffer("write", "database/config/postgres", "plugin_name=postgresql-database-plugin", "allowed_roles=readonly,readwrite",
           f"connection_url={url}", f"username={SUPERUSER}", f"password={postgres.password}")
    coffer("write", "database/roles/readonly", "db_name=postgres", f"creation_statements={CREATION}", "default_ttl=1h", "max_ttl=24h")
    text = coffer("read", "database/creds/readonly")
    shown = dict(line.split(None, 1) for line in text.splitlines() if len(line.split(None, 1)) == 2)
    user, password, lease = shown["username"], shown["password"].strip(), shown["lease_id"].strip()
    assert shown["lease_duration"].strip() in ("1h", "1h0m0s") and shown["lease_renewable"].strip() == "true"
    assert lease.startswith("database/creds/readonly/")

    assert postgres.psql("SELECT name FROM things ORDER BY id", user, password).stdout.split() == ["one", "two"]
    refused = postgres.psql("INSERT INTO things VALUES (3, 'three')", user, password)
    assert refused.returncode != 0 and "permission denied" in refused.stderr
    assert lease.rsplit("/", 1)[1] in coffer("list", "sys/leases/lookup/database/creds/readonly")

    coffer("lease", "revoke", lease)
    refused = postgres.psql("SELECT 1", user, password)
    assert refused.returncode != 0 and "authentication failed" in refused.stderr
    coffer("list", "sys/leases/lookup/database/creds/readonly", fails=True)
    assert postgres.made_users() == set()
    # The answer of a role that the connection does not allow.
    coffer("write", "database/roles/other", "db_name=postgres", f"creation_statements={CREATION}")
    coffer("read", "database/creds/other", fails=True)
    assert postgres.password not in coffer("read", "database/config/postgres")
    server.verify_audit()


def test_renewal_moves_the_end_in_the_database(database, postgres):
    made = database.get("database/creds/readonly").expect(200).json

    def end():
        return int(postgres.query(
            f"SELECT extract(epoch FROM rolvaliduntil)::bigint FROM pg_roles WHERE rolname = '{made['data']['username']}'")[0])

    assert abs(end() - time.time() - 3605) < 30
    renewed = database.put("sys/leases/renew", {"lease_id": made["lease_id"], "increment": 7200}).expect(200).json
    assert 7100 < renewed["lease_duration"] <= 7200
    assert abs(end() - time.time() - 7205) < 30
    capped = database.put("sys/leases/renew", {"lease_id": made["lease_id"], "increment": 900000}).expect(200).json
    assert capped["lease_duration"] <= 86400
    assert end() - time.time() < 86400 + 30


def test_default_revocation_takes_back_what_the_user_owns(database, postgres):
    database.post("database/roles/owner", {
        "db_name": "postgres", "creation_statements": [
            'CREATE ROLE "{{name}}" LOGIN PASSWORD \'{{password}}\'', 'GRANT CREATE, USAGE ON SCHEMA public TO "{{name}}"',
            'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "{{name}}"']}).expect(204)
    made = database.get("database/creds/owner").expect(200).json
    user, password = made["data"]["username"], made["data"]["password"]
    table = "made_by_user"
    assert postgres.psql(f"CREATE TABLE {table} (x int); INSERT INTO {table} VALUES (7)", user, password).returncode == 0
    database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}).expect(204)
    assert user not in postgres.made_users()
    assert postgres.query(f"SELECT x FROM {table}") == ["7"]
    assert postgres.query(f"SELECT tableowner FROM pg_tables WHERE tablename = '{table}'") == [SUPERUSER]
    postgres.query(f"DROP TABLE {table}")


def test_revocation_ends_sessions(database, postgres):
    made = database.get("database/creds/readonly").expect(200).json
    result = []

    def sleep():
        result.append(postgres.psql("SELECT pg_sleep(30)", made["data"]["username"], made["data"]["password"]))

    thread = threading.Thread(target=sleep)
    thread.start()
    until(lambda: postgres.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"))
    started = time.monotonic()
    database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}).expect(204)
    thread.join()
    assert time.monotonic() - started < 20 and result[0].returncode != 0


def test_a_connection_without_superuser(database, postgres):
    """What CREATEROLE alone can do is enough to make users and to take them back."""
    postgres.query("CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker-password'; GRANT SELECT ON things TO maker WITH GRANT OPTION")
    try:
        database.post("database/config/small", postgres.configuration(username="maker", password="maker-password")).expect(204)
        database.post("database/roles/small", {
            "db_name": "small",
            "creation_statements": CREATION.replace("ALL TABLES IN SCHEMA public", "things")}).expect(204)
        made = database.get("database/creds/small").expect(200).json
        assert postgres.psql("SELECT count(*) FROM things", made["data"]["username"], made["data"]["password"]).stdout.strip() == "2"
        database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}).expect(204)
        assert made["data"]["username"] not in postgres.made_users()
    finally:
        postgres.query("DROP OWNED BY maker; DROP ROLE maker")


def test_statements_run_in_one_transaction(database, postgres):
    database.post("database/roles/broken", {
        "db_name": "postgres", "creation_statements": CREATION + ' GRANT no_such_role TO "{{name}}"'}).expect(204)
    refused = database.get("database/creds/broken")
    assert refused.status == 500 and "no_such_role" in refused.errors[0]
    assert postgres.made_users() == set() and leases(database, "broken") == []
    # A script that ends the transaction itself is noticed, and what it made is taken away.
    database.post("database/roles/escaping", {
        "db_name": "postgres", "creation_statements": CREATION.split(";")[0] + '; COMMIT; GRANT no_such_role TO "{{name}}"'}).expect(204)
    assert database.get("database/creds/escaping").status == 503
    until(lambda: postgres.made_users() == set(), what="the end of the half-made user")


def test_scram_keeps_passwords_from_the_server(database, postgres):
    database.post("database/config/postgres", {"password_authentication": "scram-sha-256"}).expect(204)
    postgres.query("ALTER SYSTEM SET log_statement = 'all'")
    postgres.query("SELECT pg_reload_conf()")
    try:
        made = database.get("database/creds/readonly").expect(200).json
        assert postgres.can_log_in(made["data"]["username"], made["data"]["password"])
    finally:
        postgres.query("ALTER SYSTEM RESET log_statement")
        postgres.query("SELECT pg_reload_conf()")
    log = (postgres.directory / "server.log").read_text(errors="replace")
    assert made["data"]["username"] in log and made["data"]["password"] not in log


def test_password_policies(database, postgres):
    policy = 'length = 30\nrule "charset" {\n  charset = "abc\'\\"\\\\"\n  min-chars = 4\n}\nrule "charset" {\n  charset = "0123456789"\n}\n'
    database.put("sys/policies/password/hard", {"policy": policy}).expect(204)
    assert database.get("sys/policies/password/hard").data["policy"] == policy
    assert database.list("sys/policies/password").data["keys"] == ["hard"]
    assert len(database.get("sys/policies/password/hard/generate").data["password"]) == 30
    assert database.put("sys/policies/password/bad", {"policy": "length = 2"}).status == 400
    database.post("database/config/postgres", {"password_policy": "hard"}).expect(204)
    for _ in range(5):
        # Quotes and backslashes in a password are text to the database.
        made = database.get("database/creds/readonly").expect(200).data
        assert len(made["password"]) == 30 and set(made["password"]) <= set("abc'\"\\0123456789")
        assert postgres.can_log_in(made["username"], made["password"])
    database.delete("sys/policies/password/hard").expect(204)
    assert database.get("database/creds/readonly").status == 404
    assert database.list("sys/policies/password").status == 404


# Both servers, killed


def issuing(server, count=6, role="readonly"):
    """Threads that ask for users until told to stop; (stop, answers, refusals)."""
    answers, refusals, stopping = [], [], threading.Event()

    def ask():
        while not stopping.is_set():
            try:
                reply = server.get(f"database/creds/{role}", timeout=60)
            except OSError as error:
                refusals.append((0, str(error)))
                time.sleep(0.05)
                continue
            if reply.status == 200:
                answers.append(reply.json)
            else:
                refusals.append((reply.status, " ".join(reply.errors)))
                time.sleep(0.05)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()

    def stop():
        stopping.set()
        for thread in threads:
            thread.join()

    return stop, answers, refusals


def test_coffer_killed_while_issuing(database, postgres):
    for round_ in range(3):
        stop, answers, _ = issuing(database)
        until(lambda: len(answers) > 5 * (round_ + 1))
        database.kill()
        stop()
        database.start()
        # Every answer that was given still holds, and has its lease.
        known = set(leases(database))
        for answer in answers[-10:]:
            assert answer["lease_id"].rsplit("/", 1)[1] in known
        until(lambda: len(postgres.made_users()) <= len(leases(database)), what="the end of users without a lease")
        for answer in answers[-5:]:
            assert postgres.can_log_in(answer["data"]["username"], answer["data"]["password"])
        no_users_are_left(database, postgres)
    assert database.get("database/creds/readonly").status == 200
    database.verify_audit()


def test_coffer_killed_while_revoking(database, postgres):
    made = [database.get("database/creds/readonly").expect(200).json for _ in range(30)]

    def revoke():
        try:
            database.request("PUT", "sys/leases/revoke-prefix/database/creds", timeout=60)
        except OSError:
            pass

    thread = threading.Thread(target=revoke)
    thread.start()
    until(lambda: len(postgres.made_users()) < 28)
    database.kill()
    thread.join()
    left = postgres.made_users()
    database.start()
    # What was not revoked has its lease still, and goes with it.
    assert len(leases(database)) >= len(left)
    no_users_are_left(database, postgres)
    assert not any(postgres.can_log_in(one["data"]["username"], one["data"]["password"]) for one in made[:3])


def test_coffer_killed_while_rotating(database, postgres):
    postgres.query("DROP ROLE IF EXISTS app_user")
    postgres.query("CREATE ROLE app_user LOGIN PASSWORD 'imported'")
    postgres.query("DROP ROLE IF EXISTS second_root")
    postgres.query("CREATE ROLE second_root LOGIN SUPERUSER PASSWORD 'second'")
    database.post("database/config/second", postgres.configuration(username="second_root", password="second")).expect(204)
    database.post("database/static-roles/app", {"db_name": "postgres", "username": "app_user", "rotation_period": "24h"}).expect(204)
    database.post("database/roles/second", {"db_name": "second", "creation_statements": CREATION}).expect(204)
    for _ in range(4):
        stopping = threading.Event()

        def rotate(path):
            while not stopping.is_set():
                try:
                    database.post(path, timeout=60)
                except OSError:
                    return

        threads = [threading.Thread(target=rotate, args=(path,)) for path in ("database/rotate-role/app", "database/rotate-root/second")]
        for thread in threads:
            thread.start()
        time.sleep(0.4)
        database.kill()
        stopping.set()
        for thread in threads:
            thread.join()
        database.start()
        given = database.get("database/static-creds/app").expect(200).data
        assert given["username"] == "app_user" and postgres.can_log_in("app_user", given["password"])
        made = database.get("database/creds/second").expect(200).data
        assert postgres.can_log_in(made["username"], made["password"])
    no_users_are_left(database, postgres)
    database.delete("database/config/second").expect(204)
    postgres.query("DROP ROLE app_user; DROP ROLE second_root")


def test_postgres_killed_while_issuing(database, postgres):
    stop, answers, refusals = issuing(database)
    until(lambda: len(answers) > 10)
    postgres.stop()
    until(lambda: len(refusals) > 5)
    postgres.start()
    before = len(answers)
    until(lambda: len(answers) > before + 5, what="new users after the restart")
    stop()
    assert all(status in (500, 503) and ("database" in text) for status, text in refusals), refusals[:3]
    assert not any(postgres.password in text or "postgresql://" in text for _, text in refusals)
    # Every answer holds: none was given for a user that was not made.
    for answer in answers[-10:]:
        assert postgres.can_log_in(answer["data"]["username"], answer["data"]["password"])
    no_users_are_left(database, postgres)


def test_postgres_away_while_revoking_and_rotating(database, postgres):
    postgres.query("CREATE ROLE app_user2 LOGIN PASSWORD 'imported'")
    database.post("database/static-roles/app2", {"db_name": "postgres", "username": "app_user2", "rotation_period": "24h"}).expect(204)
    made = [database.get("database/creds/readonly").expect(200).json for _ in range(3)]
    known = database.get("database/static-creds/app2").data["password"]
    postgres.stop()
    try:
        refused = database.put("sys/leases/revoke", {"lease_id": made[0]["lease_id"]})
        assert refused.status >= 400 and refused.errors
        for path in ("database/rotate-role/app2", "database/rotate-root/postgres"):
            refused = database.post(path, timeout=60)
            assert refused.status == 503 and "database" in refused.errors[0], refused
    finally:
        postgres.start()
    # The revocation that was asked for comes by itself.
    until(lambda: made[0]["data"]["username"] not in postgres.made_users(), 60, "the queued revocation")
    assert postgres.can_log_in("app_user2", database.get("database/static-creds/app2").expect(200).data["password"])
    assert database.get("database/static-creds/app2").data["password"] == known
    no_users_are_left(database, postgres)
    database.delete("database/static-roles/app2").expect(204)
    postgres.query("DROP ROLE app_user2")


def test_a_database_that_does_not_answer(database, postgres):
    """It listens and says nothing: the caller is told within the time to connect, others are not kept waiting."""
    database.post("database/config/frozen", postgres.configuration(connection_url=postgres.url + "?connect_timeout=2")).expect(204)
    database.post("database/roles/frozen", {"db_name": "frozen", "creation_statements": CREATION}).expect(204)
    database.post("database/reset/frozen").expect(204)
    database.post("database/config/frozen", {"verify_connection": False}).expect(204)
    postgres.freeze()
    try:
        started = time.monotonic()
        refused = database.get("database/creds/frozen", timeout=60)
        assert refused.status == 503 and "database" in refused.errors[0]
        assert time.monotonic() - started < 15
        started = time.monotonic()
        database.get("sys/mounts").expect(200)
        assert time.monotonic() - started < 2
    finally:
        postgres.thaw()
    assert database.get("database/creds/frozen").status == 200
    database.delete("database/config/frozen")
    database.put("sys/leases/revoke-force/database/creds/frozen").expect(204)
    for user in postgres.made_users():
        postgres.query(f'DROP OWNED BY "{user}"; DROP ROLE "{user}"')


# Hostile input and secrets

INJECTIONS = [
    "'", '"', "';DROP TABLE things;--", '";DROP TABLE things;--', "x' OR '1'='1", "$$;DROP TABLE things;$$", "\\'; DROP TABLE things; --",
    "a/*", "--", "x\n; DROP TABLE things", "{{name}}", "'||(SELECT version())||'", "x'; COPY things TO PROGRAM 'touch /tmp/coffer-owned'; --",
    "ｘ＇; DROP", "v\u2019; DROP", "1;SELECT pg_sleep(20)", "../../etc", "E'\\''", "%27%3B", "a\tb", "'); DELETE FROM things; --",
]


def test_sql_injection_corpus(database, postgres):
    roles = set(postgres.query("SELECT rolname FROM pg_roles"))
    started = time.monotonic()
    import urllib.parse
    for text in INJECTIONS:
        quoted = urllib.parse.quote(text, safe="")
        for method, path, body in (
            ("POST", f"database/roles/{quoted}", {"db_name": "postgres", "creation_statements": CREATION}),
            ("POST", f"database/config/{quoted}", postgres.configuration()),
            ("GET", f"database/creds/{quoted}", None), ("GET", f"database/static-creds/{quoted}", None),
            ("POST", f"database/rotate-role/{quoted}", None), ("POST", f"database/rotate-root/{quoted}", None),
            ("POST", "database/static-roles/static", {"db_name": "postgres", "username": text, "rotation_period": 60}),
            ("POST", "database/roles/other", {"db_name": text, "creation_statements": CREATION, "default_ttl": text}),
        ):
            reply = database.request(method, path, body)
            assert 400 <= reply.status < 500, (method, path, reply)
        # A template may hold anything; the names that it makes may not.
        reply = database.post("database/config/postgres", {"username_template": text + "-{{random 8}}"})
        if reply.status == 204:
            made = database.get("database/creds/readonly")
            assert made.status == 400 or made.status == 200 and all(c.isascii() and (c.isalnum() or c in "_-.@+:") for c in made.data["username"])
        database.post("database/config/postgres", {"username_template": ""}).expect(204)
        # What the caller calls itself goes into names; hostile letters do not.
        token = database.new_token('path "database/creds/*" { capabilities = ["read"] }', display_name=text)
        made = database.get("database/creds/readonly", token=token).expect(200).data
        assert all(c.isascii() and (c.isalnum() or c in "_-.@+:") for c in made["username"]), made["username"]
        assert postgres.can_log_in(made["username"], made["password"])
    assert time.monotonic() - started < 120
    assert postgres.query("SELECT count(*) FROM things") == ["2"]
    no_users_are_left(database, postgres)
    # Templates made names of other kinds too; nothing but those was made, and none of them is left.
    assert set(postgres.query("SELECT rolname FROM pg_roles")) == roles


def test_passwords_show_nowhere(new_server, postgres):
    import canary
    server = new_server(settings='log_level = "trace"').ready()
    server.mount("database", "database")
    postgres.query("DROP ROLE IF EXISTS canary_root; DROP ROLE IF EXISTS canary_app")
    root = "canary-" + "r" * 4 + "00112233445566"
    postgres.query(f"CREATE ROLE canary_root LOGIN SUPERUSER PASSWORD '{root}'; CREATE ROLE canary_app LOGIN PASSWORD 'x'")
    wrong = "canary-wrong-0011223344556677"
    planted, refused = [root, wrong], {}

    def refuse(method, path, body=None):
        reply = server.request(method, path, body, timeout=60)
        assert reply.status >= 400, (method, path)
        refused[f"{len(refused)} {path}"] = reply.body

    refuse("POST", "database/config/db", postgres.configuration(username="canary_root", password=wrong))
    refuse("POST", "database/config/db", postgres.configuration(
        connection_url=f"postgresql://canary_root:{wrong}@127.0.0.1:{postgres.port}/nowhere", username="", password=""))
    refuse("POST", "database/config/db", postgres.configuration(connection_url=f"postgresql://u:{wrong}@[bad/{wrong}?x={wrong}"))
    server.post("database/config/db", postgres.configuration(username="canary_root", password=root)).expect(204)
    server.post("database/roles/r", {"db_name": "db", "creation_statements": CREATION}).expect(204)
    server.post("database/roles/bad", {
        "db_name": "db", "creation_statements": CREATION + " SELECT '{{password}}'::int; SELECT {{password}"}).expect(204)
    refuse("GET", "database/creds/bad")
    server.post("database/roles/bad", {"db_name": "db", "creation_statements": CREATION + " DO $$ BEGIN RAISE '%', '{{password}}'; END $$"}).expect(204)
    refuse("GET", "database/creds/bad")
    planted += [server.get("database/creds/r").expect(200).data["password"] for _ in range(3)]
    server.post("database/static-roles/s", {"db_name": "db", "username": "canary_app", "rotation_period": "1h"}).expect(204)
    planted.append(server.get("database/static-creds/s").expect(200).data["password"])
    server.post("database/rotate-root/db").expect(204)
    planted.append(server.get("database/creds/r").expect(200).data["password"])
    shown = {"config": server.get("database/config/db").body, "role": server.get("database/static-roles/s").body}
    postgres.stop()
    refuse("GET", "database/creds/r")
    refuse("POST", "database/rotate-role/s")
    postgres.start()
    no_users_are_left(server, postgres)
    server.stop()
    haystacks = {"log": server.log().encode(), "audit": server.audit_path.read_bytes(), **refused, **shown}
    haystacks |= {str(path): path.read_bytes() for path in server.database_files()}
    assert json.loads(shown["config"])["data"]["connection_details"]["username"] == "canary_root"
    assert canary.leaks(haystacks, planted) == []
    postgres.query("DROP ROLE canary_root; DROP ROLE canary_app")
