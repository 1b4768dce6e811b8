"""The database engine under many callers, and a PostgreSQL that dies in the middle of revoking and rotating."""

import threading
import time

from databases import CREATION
from test_database import database, leases, no_users_are_left, postgres, until  # noqa: F401  (two are fixtures)


def together(count, work):
    """Runs `work(number)` in so many threads; what they threw."""
    thrown = []

    def run(number):
        try:
            work(number)
        except Exception as error:
            thrown.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return thrown


def test_64_clients_issue_renew_and_revoke(database, postgres):
    postgres.query("CREATE ROLE shared_user LOGIN PASSWORD 'imported'")
    database.post("database/static-roles/shared", {"db_name": "postgres", "username": "shared_user", "rotation_period": "24h"}).expect(204)
    kept, revoked = [], []

    def work(number):
        for round_ in range(3):
            made = database.get("database/creds/readonly", timeout=180).expect(200).json
            renewed = database.put("sys/leases/renew", {"lease_id": made["lease_id"], "increment": 7200}, timeout=180).expect(200).json
            assert renewed["lease_duration"] > 7100
            if number % 16 == 0:
                database.post("database/rotate-role/shared", timeout=180).expect(204)
            if (number + round_) % 2:
                database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}, timeout=180).expect(204)
                revoked.append(made)
            else:
                kept.append(made)

    assert together(64, work) == []
    users = [made["data"]["username"] for made in kept + revoked]
    assert len(users) == len(set(users)) == 192
    assert postgres.made_users() == {made["data"]["username"] for made in kept}
    assert set(leases(database)) == {made["lease_id"].rsplit("/", 1)[1] for made in kept}
    for made in kept[::8]:
        assert postgres.can_log_in(made["data"]["username"], made["data"]["password"])
    for made in revoked[::8]:
        assert not postgres.can_log_in(made["data"]["username"], made["data"]["password"])
    assert postgres.can_log_in("shared_user", database.get("database/static-creds/shared").expect(200).data["password"])
    no_users_are_left(database, postgres)
    database.delete("database/static-roles/shared").expect(204)
    postgres.query("DROP ROLE shared_user")
    database.verify_audit()


def test_postgres_killed_while_revoking(database, postgres):
    database.post("database/roles/slow", {
        "db_name": "postgres", "creation_statements": CREATION, "revocation_statements": [
            "SELECT pg_sleep(0.1)", 'DROP OWNED BY "{{name}}"', 'DROP ROLE "{{name}}"']}).expect(204)
    for _ in range(2):
        made = [database.get("database/creds/slow").expect(200).json for _ in range(30)]
        replies = []
        thread = threading.Thread(target=lambda: replies.append(
            database.request("PUT", "sys/leases/revoke-prefix/database/creds/slow", timeout=120)))
        thread.start()
        until(lambda: len(postgres.made_users()) < 28)
        postgres.stop()
        thread.join()
        postgres.start()
        assert replies[0].status >= 400 and replies[0].errors, replies
        assert not any(postgres.password in text or "postgresql://" in text for text in replies[0].errors)
        # Whoever is there still has a lease still, and goes with it.
        left = postgres.made_users()
        known = {one["lease_id"].rsplit("/", 1)[1]: one["data"]["username"] for one in made}
        assert left and left <= {known[lease] for lease in leases(database, "slow")}
        no_users_are_left(database, postgres)
        assert not any(postgres.can_log_in(one["data"]["username"], one["data"]["password"]) for one in made[::10])


def test_postgres_killed_while_rotating(database, postgres):
    postgres.query("CREATE ROLE third_user LOGIN PASSWORD 'imported'; CREATE ROLE third_root LOGIN SUPERUSER PASSWORD 'third'")
    database.post("database/config/third", postgres.configuration(username="third_root", password="third")).expect(204)
    database.post("database/roles/of-third", {"db_name": "third", "creation_statements": CREATION}).expect(204)
    database.post("database/static-roles/third", {"db_name": "postgres", "username": "third_user", "rotation_period": "24h"}).expect(204)
    paths = ("database/rotate-role/third", "database/rotate-root/third")
    for _ in range(3):
        done, refusals, stopping = [], [], threading.Event()

        def rotate(path):
            while not stopping.is_set():
                reply = database.post(path, timeout=60)
                if reply.status == 204:
                    done.append(path)
                else:
                    refusals.append((path, reply.status, " ".join(reply.errors)))
                    time.sleep(0.05)

        threads = [threading.Thread(target=rotate, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        until(lambda: all(done.count(path) > 2 for path in paths))
        postgres.stop()
        until(lambda: {path for path, _, _ in refusals} == set(paths))
        stopping.set()
        for thread in threads:
            thread.join()
        postgres.start()
        assert all(status in (500, 503) and "database" in text for _, status, text in refusals), refusals[:3]
        assert not any(postgres.password in text or "postgresql://" in text for _, _, text in refusals)
        # Whichever password the database had taken when it died: the one that is given out is in force.
        until(lambda: database.get("database/static-creds/third").status == 200, 60, "a known password")
        given = database.get("database/static-creds/third").expect(200).data
        assert postgres.can_log_in("third_user", given["password"])
        until(lambda: database.get("database/creds/of-third").status == 200, 60, "a login with our own password")
        made = database.get("database/creds/of-third").expect(200).data
        assert postgres.can_log_in(made["username"], made["password"])
        assert not postgres.can_log_in("third_root", "third")
    no_users_are_left(database, postgres)
    database.delete("database/static-roles/third").expect(204)
    database.delete("database/config/third").expect(204)
    postgres.query("DROP ROLE third_user; DROP ROLE third_root")


# What a role and a connection may ask for


def test_rollback_statements_run_when_making_fails(database, postgres):
    postgres.query("CREATE TABLE rolled_back (name text)")
    database.post("database/roles/rolled", {
        "db_name": "postgres", "creation_statements": [CREATION, "SELECT 1/0"],
        "rollback_statements": ["INSERT INTO rolled_back VALUES ('{{name}}')"]}).expect(204)
    refused = database.get("database/creds/rolled")
    assert refused.status == 500 and "database refused" in refused.errors[0]
    (name,) = postgres.query("SELECT name FROM rolled_back")
    assert name.startswith("v-") and name not in postgres.made_users()
    assert leases(database, "rolled") == []
    postgres.query("DROP TABLE rolled_back")


def sessions(postgres, name, state=""):
    """The process ids of the sessions that a connection has open, or of those in a state."""
    in_state = f" AND state = '{state}'" if state else ""
    return set(postgres.query(f"SELECT pid FROM pg_stat_activity WHERE application_name = '{name}'{in_state}"))


def test_the_bounds_of_a_pool_are_kept(database, postgres):
    database.post("database/config/pooled", postgres.configuration(
        connection_url=postgres.url + "?application_name=pooled", max_open_connections=2, max_idle_connections=1,
        max_connection_lifetime="3s")).expect(204)
    database.post("database/roles/pooled", {
        "db_name": "pooled", "creation_statements": CREATION + " SELECT pg_sleep(0.2)"}).expect(204)
    seen, finished = [], threading.Event()

    def watch():
        # A session that was closed may be listed for a moment more, as idle, while the database ends its process.
        while not finished.is_set():
            seen.append(len(sessions(postgres, "pooled", state="active")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    thrown = together(8, lambda _: database.get("database/creds/pooled", timeout=60).expect(200))
    until(lambda: len(sessions(postgres, "pooled")) <= 1, what="the closing of what may not stay open")
    finished.set()
    watcher.join()
    assert thrown == [] and 0 < max(seen) <= 2

    def is_kept():
        database.get("database/creds/pooled").expect(200)
        return sessions(postgres, "pooled")

    until(is_kept, what="an idle session")
    old = sessions(postgres, "pooled")

    def is_new():
        database.get("database/creds/pooled").expect(200)
        return not sessions(postgres, "pooled") & old

    until(is_new, what="the end of an old session")


def test_a_reset_begins_new_sessions(database, postgres):
    database.post("database/config/again", postgres.configuration(connection_url=postgres.url + "?application_name=again")).expect(204)
    database.post("database/roles/again", {"db_name": "again", "creation_statements": CREATION}).expect(204)
    for path in ("reset/again", "reload/postgresql-database-plugin"):
        database.get("database/creds/again").expect(200)
        before = sessions(postgres, "again")
        assert before
        database.post("database/" + path).expect(200, 204)
        until(lambda: not sessions(postgres, "again") & before, what="the end of the old sessions")
        database.get("database/creds/again").expect(200)
    assert database.post("database/reset/unknown").status == 400
