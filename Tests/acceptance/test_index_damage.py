"""A flipped bit in the index of the database of a stopped server hides no secret, and lets nothing be made anew."""

import random
import sqlite3

import pytest

KEYS = 300


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_in_the_index_hides_nothing(new_server, seed):
    server = new_server().ready()
    for n in range(KEYS):
        server.put(f"secret/data/t/k{n:03}", {"data": {"v": n}}).expect(200)
    assert server.stop() == 0
    path = server.database()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name LIKE 'sqlite_autoindex%'"
        ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    rng = random.Random(seed)
    start = (root - 1) * size
    # In the cells, which lie at the end of a page: the head is told by the page's own structure.
    place = start + rng.randrange(size // 2, size)
    content[place] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    server.start()
    found = [server.get(f"secret/data/t/k{n:03}") for n in range(KEYS)]
    assert all(reply.status in (200, 500) for reply in found), {reply.status for reply in found}
    for n in range(KEYS):
        made = server.put(f"secret/data/t/k{n:03}", {"data": {"v": "new"}, "options": {"cas": 0}})
        assert made.status in (400, 500), (n, made.status)
    if any(reply.status == 500 for reply in found) or connection_says_damaged(content, path):
        assert "index" in server.log() or "damaged" in server.log()


def connection_says_damaged(content, path):
    """What SQLite itself says of the file as it was damaged."""
    copy = path.parent.parent / "damaged.db"
    copy.write_bytes(content)
    try:
        connection = sqlite3.connect(copy)
        missing = [row[0] for row in connection.execute("PRAGMA integrity_check") if "missing from index" in row[0]]
        connection.close()
    except sqlite3.DatabaseError:
        return True
    return bool(missing)
