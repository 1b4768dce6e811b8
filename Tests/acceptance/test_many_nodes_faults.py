"""Nodes over one PostgreSQL database that die, stop, stand still or lose it."""

import secrets
import signal
import threading
import time

import pytest
from databases import SUPERUSER, Postgres
from test_many_nodes import storage, token, wait_for, works


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


@pytest.fixture
def nodes(new_server, postgres):
    """Starts any number of nodes over a new store; they are named a, b, c."""
    def start(count, postgres=postgres):
        table, key = "t_" + secrets.token_hex(6), secrets.token_hex(32)
        made = []
        for name in "abc"[:count]:
            node = new_server(seal="static", storage=storage(postgres, table), unseal_key=key,
                              settings=f'node_name = "{name}"\n')
            if made:
                node.token = made[0].token
                node.start()
                wait_for(lambda: not node.get("sys/seal-status").json["sealed"])
            else:
                node.start().initialise()
            made.append(node)
        return made

    yield start


class Writers:
    """Writes to each node all the time; how long the slowest answer took, and which node answered last."""

    def __init__(self, nodes, write):
        self.slowest = 0
        self.done = {node: 0 for node in nodes}
        self.statuses = {}
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(node, write), daemon=True) for node in nodes]
        for thread in self.threads:
            thread.start()

    def _run(self, node, write):
        while not self.ends.is_set():
            started = time.monotonic()
            try:
                status = write(node)
            except OSError:
                # Nobody listens there just now.
                time.sleep(0.05)
                continue
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.done[node] += status < 300
            self.slowest = max(self.slowest, time.monotonic() - started)

    def stop(self):
        self.ends.set()
        for thread in self.threads:
            thread.join(40)
            assert not thread.is_alive(), "a request was never answered"


def test_rotations_on_three_nodes_at_once_stop_none(nodes):
    three = nodes(3)
    # A rotation that another node's was faster than is a conflict, and the node goes on.
    writers = Writers(three, lambda node: node.put("sys/rotate", timeout=30).status)
    time.sleep(4)
    writers.stop()
    assert all(writers.done.values()), writers.statuses
    three[0].mount("kv", version="2").post("kv/data/x", {"data": {"v": "1"}}).expect(200)
    for node in three:
        assert node.get("sys/health").status == 200
        assert node.get("kv/data/x").expect(200).data["data"]["v"] == "1"
    for node in three:
        assert node.stop() == 0


def test_a_node_that_is_killed_and_starts_again_holds_nobody_up(nodes):
    a, b = nodes(2)
    a.mount("kv", version="2")
    assert b.get("kv/data/x").status == 404
    writers = Writers([a], lambda node: node.post("kv/data/x", {"data": {"v": "1"}}, timeout=30).status)
    time.sleep(0.5)
    b.kill()
    b.start()
    time.sleep(1)
    writers.stop()
    # Its start takes a second or two, and then its old place is gone; left to itself that lasts for nine.
    assert writers.slowest < 6, writers.slowest
    assert set(writers.statuses) == {200}
    held = token(a, "default")
    assert works(b, held) == 200
    b.post("auth/token/revoke", {"token": held}).expect(200, 204)
    assert works(a, held) == 403 and works(b, held) == 403


def test_two_nodes_of_the_same_name_leave_each_other_alone(nodes, new_server, postgres):
    a, b = nodes(2)
    for old, new in (("node_name = \"b\"", "node_name = \"a\""), (f'api_addr = "{b.address}"', f'api_addr = "{a.address}"')):
        b.configuration.write_text(b.configuration.read_text().replace(old, new))
    assert b.stop() == 0
    b.start()
    for round in range(5):
        here, there = (a, b) if round % 2 else (b, a)
        held = token(here, "default")
        assert works(there, held) == 200
        here.post("auth/token/revoke", {"token": held}).expect(200, 204)
        assert works(there, held) == 403
        time.sleep(0.3)
    assert "lost its place" not in a.log() + b.log()


def test_a_node_cut_off_from_its_database_ends_at_sigterm(nodes):
    apart = Postgres()
    try:
        (a,) = nodes(1, apart)
        a.mount("kv", version="2")
        apart.freeze_sessions()
        writers = Writers([a], lambda node: node.post("kv/data/x", {"data": {"v": "1"}}, timeout=60).status)
        wait_for(lambda: a.get("sys/health").status == 503)
        body = a.get("sys/health").json
        assert body["cut_off"] is True and body["unavailable_reason"]
        started = time.monotonic()
        a.process.send_signal(signal.SIGTERM)
        a.process.wait(45)
        assert time.monotonic() - started < 42
        a.process = None
        apart.thaw_sessions()
        writers.stop()
    finally:
        apart.thaw_sessions()
        apart.close()


def test_a_note_of_another_role_makes_no_node_accept_what_was_revoked(nodes, postgres):
    a, b = nodes(2)
    held = token(a, "default")
    assert works(b, held) == 200
    postgres.query("DROP ROLE IF EXISTS forger")
    postgres.query("CREATE ROLE forger LOGIN PASSWORD 'forger'")
    table = next(line for line in postgres.query(
        "SELECT relname FROM pg_class WHERE relname LIKE 't\\_%\\_nodes' ORDER BY oid DESC LIMIT 1")).removesuffix("_nodes")
    places = postgres.query(f"SELECT incarnation FROM {table}_nodes WHERE name = 'b'")
    b.process.send_signal(signal.SIGSTOP)
    try:
        answered = []

        def revoke():
            answered.append(a.post("auth/token/revoke", {"token": held}, timeout=30).status)

        thread = threading.Thread(target=revoke)
        thread.start()
        for sequence in range(1, 21):
            done = postgres.psql(f"SELECT pg_notify('{table}', 's {sequence * 50} {places[0]}')", "forger", "forger")
            assert done.returncode == 0, done.stderr
        assert not answered, "answered although the node that is stopped has not heard of it"
    finally:
        b.process.send_signal(signal.SIGCONT)
    thread.join(30)
    assert answered in ([200], [204])
    wait_for(lambda: works(b, held) == 403)
    assert SUPERUSER not in a.log()


def test_where_a_replica_takes_over_that_lacks_commits_every_node_takes_a_new_place(nodes):
    first = Postgres()
    second = None
    try:
        second = first.replica()
        a, b = nodes(2, first)
        a.mount("kv", version="2")
        position = first.query("SELECT pg_current_wal_lsn()")[0]
        wait_for(lambda: second.query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == ["t"])
        second.stop_following()
        wait_for(lambda: second.query("SELECT count(*) FROM pg_stat_wal_receiver") == ["0"])
        lost = [token(a, "default") for _ in range(5)]
        assert all(works(b, held) == 200 for held in lost)
        first.stop()
        second.take_over(first)
        wait_for(lambda: all("replaced by another copy" in node.log() and node.get("sys/health").status == 200 for node in (a, b)))
        for round in range(6):
            here, there = (a, b) if round % 2 else (b, a)
            held = here.post("auth/token/create", {"policies": ["default"], "ttl": "1h"}, timeout=30).expect(200)
            held = held.json["auth"]["client_token"]
            assert works(there, held) == 200
            here.post("auth/token/revoke", {"token": held}, timeout=30).expect(200, 204)
            assert works(there, held) == 403
        # They went with the old server, everywhere.
        assert {works(node, held) for node in (a, b) for held in lost} == {403}
    finally:
        first.close()
        if second:
            second.close()
