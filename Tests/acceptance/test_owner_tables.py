"""Users' secrets on PostgreSQL: two nodes behind row-level security, which is set up by what the command line prints."""

import secrets
import subprocess

import pytest
from databases import Postgres
from harness import BINARY, clean_environment
from test_many_nodes import wait_for

PASSWORD = "of the tests"


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


class Store:
    """A database role without privileges, and a table of its own."""

    def __init__(self, postgres):
        self.postgres, self.table = postgres, "t_" + secrets.token_hex(6)
        self.login = self.table + "_login"
        postgres.query(f"CREATE ROLE {self.login} LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE, USAGE ON SCHEMA public TO {self.login}")
        self.records = f'"{self.table}_owned".records'

    def set_up(self):
        printed = subprocess.run(
            [str(BINARY), "operator", "owner-tables", f"-login={self.login}", f"-table={self.table}"],
            capture_output=True, text=True, check=True, env=clean_environment())
        self.postgres.query(printed.stdout)

    @property
    def block(self):
        url = f"postgres://{self.login}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.postgres.port}/app"
        return f'storage "postgresql" {{\n  connection_url = "{url}"\n  table = "{self.table}"\n  ha_enabled = "true"\n}}'


@pytest.fixture
def store(postgres):
    return Store(postgres)


def nodes(new_server, store, count=2):
    key = secrets.token_hex(32)
    made = [new_server(seal="static", storage=store.block, unseal_key=key) for _ in range(count)]
    made[0].start().initialise()
    for node in made[1:]:
        node.token, node.unseal_keys = made[0].token, made[0].unseal_keys
        node.start()
        wait_for(lambda node=node: not node.get("sys/seal-status").json["sealed"])
    made[0].post("sys/mounts/user-secrets", {"type": "user-secrets"}).expect(200, 204)
    return made


def add(node, owner, value, provider="openai"):
    body = {"name": "mine", "provider": provider, "secret_type": "api_key", "value": value}
    return node.post(f"user-secrets/{owner}/secrets", body)


def reveal(node, owner, identifier):
    return node.post(f"user-secrets/{owner}/secrets/{identifier}/reveal", {})


def test_two_nodes_keep_the_secrets_of_owners_apart(new_server, store):
    store.set_up()
    a, b = nodes(new_server, store)
    ids = {owner: add(a, owner, f"value of {owner}").expect(200).data["id"] for owner in ("ada", "bob")}
    for node in (a, b):
        for owner, other in (("ada", "bob"), ("bob", "ada")):
            assert reveal(node, owner, ids[owner]).expect(200).data["value"] == f"value of {owner}"
            reveal(node, owner, ids[other]).expect(404)
    assert b.delete(f"user-secrets/ada/secrets/{ids['ada']}").expect(200, 204)
    assert a.get("user-secrets/ada/secrets").expect(200).data["total"] == 0
    rows = store.postgres.query(f"SELECT DISTINCT convert_from(owner, 'UTF8') FROM {store.records} ORDER BY 1")
    assert rows == ["ada", "bob"]
    # Nothing of them is in the table of everybody.
    assert store.postgres.query(f"SELECT count(*) FROM {store.table} WHERE convert_from(head, 'UTF8') LIKE '%/owned/%'") == ["0"]
    # The server's own login sees nothing without the functions.
    for sql in (f"SELECT 1 FROM {store.records}", f"TRUNCATE {store.records}", f"ALTER TABLE {store.records} DISABLE ROW LEVEL SECURITY"):
        refused = store.postgres.psql(sql, store.login, PASSWORD)
        assert refused.returncode != 0 and ("permission denied" in refused.stderr or "must be owner" in refused.stderr)
    dumped = subprocess.run(
        ["pg_dump", "-h", "127.0.0.1", "-p", str(store.postgres.port), "-U", store.login, "-t", f"{store.table}_owned.records", "app"],
        capture_output=True, text=True, env=clean_environment(PGPASSWORD=PASSWORD))
    assert dumped.returncode != 0


def test_a_row_that_is_moved_to_another_owner_does_not_open(new_server, store):
    store.set_up()
    a, = nodes(new_server, store, count=1)
    for owner in ("ada", "bob"):
        add(a, owner, f"value of {owner}", provider="first").expect(200)
    mine = add(a, "ada", "the value that was stolen").expect(200).data["id"]
    a.stop()
    moved = store.postgres.query(
        f"""UPDATE {store.records} SET owner = 'bob', head = convert_to(replace(convert_from(head, 'UTF8'), '/ada/', '/bob/'), 'UTF8')
            WHERE convert_from(head, 'UTF8') LIKE '%/ada/secret/{mine}'""")
    assert moved == ["UPDATE 1"]
    a.start()
    wait_for(lambda: not a.get("sys/seal-status").json["sealed"])
    answer = reveal(a, "bob", mine)
    assert answer.status in (404, 500) and "stolen" not in str(answer.body)
    assert add(a, "bob", "still works", provider="second").expect(200)


def test_without_the_tables_only_these_records_are_refused(new_server, store):
    a, = nodes(new_server, store, count=1)
    a.mount("kv")
    a.post("kv/k", {"v": "1"}).expect(200, 204)
    add(a, "ada", "value").expect(503)
    assert "coffer operator owner-tables" in a.log()
    a.stop()
    store.set_up()
    a.start()
    wait_for(lambda: not a.get("sys/seal-status").json["sealed"])
    add(a, "ada", "value").expect(200)
    assert a.get("kv/k").expect(200).data == {"v": "1"}
    # Sealing with a new key and unmounting reach the records of everybody.
    a.post("sys/rotate").expect(200, 204)
    a.delete("sys/mounts/user-secrets").expect(200, 204)
    wait_for(lambda: store.postgres.query(f"SELECT count(*) FROM {store.records}") == ["0"])


def test_a_server_does_not_start_behind_a_weakened_wall(new_server, store):
    store.set_up()
    a, = nodes(new_server, store, count=1)
    add(a, "ada", "value").expect(200)
    a.stop()
    store.postgres.query(f"ALTER TABLE {store.records} NO FORCE ROW LEVEL SECURITY")
    a.start(wait=False)
    wait_for(lambda: not a.is_running())
    a.close()
    assert "row-level security" in a.log() and "coffer operator owner-tables" in a.log() and PASSWORD not in a.log()
    store.set_up()
    a.start()
    wait_for(lambda: not a.get("sys/seal-status").json["sealed"])
    assert a.get("user-secrets/ada/secrets").expect(200).data["total"] == 1
