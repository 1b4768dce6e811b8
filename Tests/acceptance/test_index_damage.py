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
    # In a key on the way to others, where it decides whether a search goes left or right.
    keys = [place for place in range(start, start + size - 6) if content[place:place + 6] == b"mount/"]
    assert keys, "the root of the index leads to no secret; write more of them"
    content[rng.choice(keys) + rng.randrange(12)] ^= 1 << rng.randrange(3, 7)
    path.write_bytes(content)
    server.start()
    found = [server.get(f"secret/data/t/k{n:03}") for n in range(KEYS)]
    assert all(reply.status in (200, 500) for reply in found), {reply.status for reply in found}
    for n in range(KEYS):
        made = server.put(f"secret/data/t/k{n:03}", {"data": {"v": "new"}, "options": {"cas": 0}})
        assert made.status in (400, 500), (n, made.status)
    said = server.log()
    assert "index was damaged" in said or "database is damaged" in said
    # It was made anew, so nothing is refused either.
    assert all(reply.status == 200 for reply in found)
