"""What docs/production.md says about backups of an SQLite store, and docs/compatibility.md about what differs from Vault."""

import os
import shutil
import sqlite3
import subprocess


def test_a_backup_of_a_running_server_brings_back_every_secret(new_server):
    server = new_server().ready()
    for number in range(300):
        server.post(f"secret/data/s{number}", {"data": {"v": "x" * 2_000 + str(number)}}).expect(200)
    copy = server.directory / "backup.db"
    done = subprocess.run(
        ["sqlite3", str(server.data_directory / "coffer.db"), f".backup {copy}"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    server.post("secret/data/later", {"data": {"v": "not in the backup"}}).expect(200)
    assert server.stop() == 0
    # A plain copy of the main file of a running server lacks what its log holds; the backup does not.
    assert sqlite3.connect(copy).execute("SELECT count(*) FROM records").fetchone()[0] >= 300
    shutil.rmtree(server.data_directory)
    os.mkdir(server.data_directory, 0o700)
    shutil.copy(copy, server.data_directory / "coffer.db")
    server.start()
    for number in range(300):
        assert server.get(f"secret/data/s{number}").expect(200).data["data"]["v"].endswith(str(number))
    assert server.get("secret/data/later").status == 404
    server.verify_audit()


def test_the_differences_that_the_documents_name(new_server):
    server = new_server().ready()
    made = server.post("secret/data/a", {"data": {"v": "1"}}).expect(200)
    assert made.data["created_by"] == "root"
    for path in ("secret/data/back%5Cslash", "secret/data/a%2Fb"):
        refused = server.post(path, {"data": {"v": "1"}})
        assert refused.status == 400 and "backslash" in refused.errors[0]
    policy = server.get("sys/policies/acl/default").expect(200).data["policy"]
    assert "sys/tools/hash" in policy and server.post("sys/tools/hash", {"input": "eA=="}).status == 404
    assert server.post("auth/token/create", {"type": "batch", "period": "1h"}).status == 400
