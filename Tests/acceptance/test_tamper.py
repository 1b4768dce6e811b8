"""Somebody edits the database under the server: what was touched is refused, the rest is served."""

import random
import shutil
import sqlite3

import pytest

KEYS = 30


@pytest.fixture
def filled(new_server):
    """A stopped server with thirty KV v1 secrets, and the way to open its database."""
    server = new_server().ready()
    for n in range(KEYS):
        server.put(f"kv1/t/k{n:02}", {"v": f"value-{n}"}).expect(204)
    assert server.stop() == 0
    return server


class Table:
    """The table of sealed records, whatever its columns are called."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        best = None
        for (name,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [(row[1], row[2].upper()) for row in self.connection.execute(f'PRAGMA table_info("{name}")')]
            count = self.connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            if any(kind == "BLOB" for _, kind in columns) and (best is None or count > best[0]):
                best = (count, name, columns)
        assert best, "no table with a BLOB column"
        _, self.name, columns = best
        lengths = {
            c: self.connection.execute(f'SELECT sum(length("{c}")) FROM "{self.name}" WHERE typeof("{c}") = \'blob\'').fetchone()[0] or 0
            for c, kind in columns if kind == "BLOB"}
        self.value = max(lengths, key=lengths.get)
        self.key = next(c for c, _ in columns if c != self.value and "key" in c.lower())

    def rows(self, containing=None):
        rows = self.connection.execute(f'SELECT "{self.key}", "{self.value}" FROM "{self.name}" ORDER BY "{self.key}"').fetchall()
        as_bytes = lambda key: key if isinstance(key, bytes) else key.encode()
        return [(k, v) for k, v in rows if containing is None or containing in as_bytes(k)]

    def write(self, key, value):
        self.connection.execute(f'UPDATE "{self.name}" SET "{self.value}" = ? WHERE "{self.key}" = ?', (value, key))

    def close(self):
        self.connection.commit()
        self.connection.close()


def row_of(table, n):
    rows = table.rows(containing=f"t/k{n:02}".encode())
    assert len(rows) == 1, "keys are not stored as text; adapt this test"
    return rows[0]


def read_all(server):
    """(status, value) of every key; no reply may be a crash."""
    found = []
    for n in range(KEYS):
        reply = server.get(f"kv1/t/k{n:02}")
        found.append((reply.status, reply.data["v"] if reply.status == 200 else None))
    return found


def assert_only_touched_are_refused(server, touched, log_says=True):
    server.start()
    found = read_all(server)
    for n, (status, value) in enumerate(found):
        if n in touched:
            assert status == 500, (n, status, value)
            assert "integrity" in server.get(f"kv1/t/k{n:02}").errors[0]
        else:
            assert (status, value) == (200, f"value-{n}")
    server.put("kv1/t/new", {"v": "still writable"}).expect(204)


def test_flipped_bits(filled):
    table = Table(filled.database())
    chance = random.Random(1)
    touched = set(range(0, KEYS, 2))
    for n in touched:
        key, value = row_of(table, n)
        damaged = bytearray(value)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        table.write(key, bytes(damaged))
    table.close()
    assert_only_touched_are_refused(filled, touched)


def test_every_byte_of_one_record_matters(filled):
    table = Table(filled.database())
    key, value = row_of(table, 0)
    table.close()
    sealed = filled.database()
    filled.start()
    for index in range(len(value)):
        with sqlite3.connect(sealed, timeout=10) as connection:
            damaged = bytearray(value)
            damaged[index] ^= 0x01
            connection.execute(f'UPDATE "{table.name}" SET "{table.value}" = ? WHERE "{table.key}" = ?', (bytes(damaged), key))
        connection.close()
        # A cached sealed record may hide the edit from a running server; what it serves must still be the truth.
        reply = filled.get("kv1/t/k00")
        assert reply.status == 500 or reply.data["v"] == "value-0"


def test_swapped_rows(filled):
    table = Table(filled.database())
    for a, b in ((0, 1), (10, 20)):
        (key_a, value_a), (key_b, value_b) = row_of(table, a), row_of(table, b)
        table.write(key_a, value_b)
        table.write(key_b, value_a)
    table.close()
    assert_only_touched_are_refused(filled, {0, 1, 10, 20})


def test_truncated_values(filled):
    table = Table(filled.database())
    touched = {}
    for n, length in enumerate([0, 1, 4, 12, 30, 40, -1, -16, -17]):
        key, value = row_of(table, n)
        touched[n] = length
        table.write(key, value[:length])
    key, value = row_of(table, 20)
    table.write(key, value + b"\0")
    table.close()
    assert_only_touched_are_refused(filled, {*touched, 20})


def test_a_record_moved_to_another_path(filled):
    table = Table(filled.database())
    key, _ = row_of(table, 5)
    moved = key.replace(b"k05", b"k99") if isinstance(key, bytes) else key.replace("k05", "k99")
    table.connection.execute(f'UPDATE "{table.name}" SET "{table.key}" = ? WHERE "{table.key}" = ?', (moved, key))
    table.close()
    filled.start()
    assert filled.get("kv1/t/k05").status == 404
    refused = filled.get("kv1/t/k99")
    assert refused.status == 500 and "integrity" in refused.errors[0]
    assert filled.get("kv1/t/k06").data["v"] == "value-6"


def test_a_record_copied_to_another_mount(filled):
    filled.start()
    filled.mount("kv1-other", version="1")
    filled.put("kv1-other/t/k00", {"v": "theirs"}).expect(204)
    assert filled.stop() == 0
    table = Table(filled.database())
    rows = table.rows(containing=b"t/k00")
    assert len(rows) == 2
    (key_a, value_a), (key_b, value_b) = rows
    table.write(key_a, value_b)
    table.close()
    filled.start()
    statuses = sorted([filled.get("kv1/t/k00").status, filled.get("kv1-other/t/k00").status])
    assert statuses == [200, 500]


def test_an_old_version_put_back(filled):
    """A record replaced by its own older self: where the format cannot tell, the page on threats says so."""
    table = Table(filled.database())
    key, old = row_of(table, 3)
    table.close()
    filled.start()
    filled.put("kv1/t/k03", {"v": "newer"}).expect(204)
    assert filled.stop() == 0
    table = Table(filled.database())
    table.write(key, old)
    table.close()
    filled.start()
    reply = filled.get("kv1/t/k03")
    assert reply.status == 500 or reply.data["v"] == "value-3", "neither refused nor the value that was sealed there"


def test_the_wrong_seal_key_is_refused_clearly(filled):
    key_file = filled.directory / "unseal.key"
    key_file.write_text("ab" * 16 + "cd" * 16)
    filled.start(wait=False)
    try:
        code = filled.process.wait(15)
        filled.process = None
        assert code != 0
    except Exception:
        health = filled.get("sys/health", token=None)
        assert health.status == 503, "neither stopped nor sealed with the wrong key"
    assert "key" in filled.log().lower()


def test_a_damaged_file_is_never_served_wrong(filled):
    """Random damage of whole pages: an error or the right value, never another one."""
    chance = random.Random(2)
    database = filled.database()
    whole = shutil.copy(database, filled.directory / "whole.db")
    for attempt in range(5):
        data = bytearray((filled.directory / "whole.db").read_bytes())
        for _ in range(200):
            data[chance.randrange(4096, len(data))] ^= 1 << chance.randrange(8)
        database.write_bytes(data)
        for other in filled.database_files():
            if other.name.endswith(("-wal", "-shm")):
                other.unlink()
        filled.start(wait=False)
        try:
            filled.wait_until_answering()
        except AssertionError:
            filled.process = None if not filled.is_running() else filled.process
            filled.close()
            continue
        if filled.get("sys/health", token=None).status == 200:
            for n in range(KEYS):
                reply = filled.get(f"kv1/t/k{n:02}")
                assert reply.status != 200 or reply.data["v"] == f"value-{n}"
        filled.close()
    assert whole
