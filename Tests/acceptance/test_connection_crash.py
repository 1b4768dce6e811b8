"""`kill -9` at every moment of a refresh: the grant survives or is marked in doubt, never silently lost."""

import concurrent.futures
import http.client
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from test_connections import get, platform, provider, store  # noqa: F401 (two of them are fixtures)

# Three refreshes are under way: by hand of two tokens that are good for an hour, one with a refresh token that is good
# once and one whose provider keeps it good; and of a token that has expired.
OWNERS = {"rotating": "acme", "lenient": "calm", "expired": "gmail"}


def begin(server, provider, pool):
    provider.hold()
    for user, name in OWNERS.items():
        store(server, provider, user=user, platform=name, expires_in=0 if user == "expired" else 3600)

    def ask(user, name):
        path = f"connections/tokens/user:{user}/prod/{name}/refresh"
        with pytest.raises((OSError, http.client.HTTPException)):
            server.post(path, {}, timeout=60)

    waiting = [pool.submit(ask, user, name) for user, name in OWNERS.items()]
    for _ in OWNERS:
        # The provider has spent the refresh token by now: whoever sends it again fails the test.
        assert provider.arrived.acquire(timeout=30)
    return waiting


class WriteLock:
    """Another process that holds SQLite's write lock, so that no commit comes through. It leaves the files as they are."""

    CODE = ("import sqlite3, sys\n"
            "held = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n"
            "held.execute('BEGIN IMMEDIATE')\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()\n")

    def __init__(self, path):
        self.process = subprocess.Popen([sys.executable, "-c", self.CODE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"held\n"

    def end(self):
        self.process.kill()
        self.process.communicate()


def before_the_answer(server, provider):
    server.kill()
    provider.release()


def answer_delivered_but_not_read(server, provider):
    """The server stands still while the provider answers; the answer lies in its socket when it is killed."""
    os.kill(server.process.pid, signal.SIGSTOP)
    stat = pathlib.Path(f"/proc/{server.process.pid}/stat")
    while stat.read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)
    provider.release()
    for _ in OWNERS:
        assert provider.answered.acquire(timeout=30)
    server.kill()


def answer_read_but_not_committed(server, provider):
    """The server has read the whole answer (it closed its side), and its commit waits for the store's write lock."""
    lock = WriteLock(server.database())
    try:
        provider.release()
        for _ in OWNERS:
            assert provider.taken.acquire(timeout=30)
        server.kill()
    finally:
        lock.end()


MOMENTS = [before_the_answer, answer_delivered_but_not_read, answer_read_but_not_committed]


@pytest.mark.parametrize("moment", MOMENTS, ids=[moment.__name__ for moment in MOMENTS])
def test_kill_while_refreshing(platform, provider, moment):  # noqa: F811
    server = platform()
    with concurrent.futures.ThreadPoolExecutor(len(OWNERS)) as pool:
        waiting = begin(server, provider, pool)
        moment(server, provider)
        for one in waiting:
            one.result(60)
    server.start()
    # What was granted for an hour goes on being answered, whatever became of its refresh.
    for user in ("rotating", "lenient"):
        status, body = get(server, user=user, platform=OWNERS[user])
        assert (status, body.get("access_token")) == (200, "old-" + user), body
    # The loss comes to light although nobody asks for the token, once the lease of the process that died has run out.
    # Nobody gets the expired one meanwhile, and nobody asks the provider with its refresh token.
    deadline = time.monotonic() + 75
    while True:
        rotating, expired = row(server, "rotating"), row(server, "expired")
        status, body = get(server, user="expired", platform="gmail")
        assert status == 424, body
        if rotating.get("refresh_in_doubt") and expired.get("refresh_in_doubt") and "in_doubt" in body["error"]["message"]:
            break
        assert time.monotonic() < deadline, (rotating, expired, body)
        time.sleep(0.5)
    for found in (rotating, expired):
        assert found["reason"] == "in_doubt" and found["failures"][-1]["code"] == "interrupted", found
    # Nobody said that the grant has ended.
    assert row(server, "expired")["status"] == "refresh_failing"
    # A token that is good once is not used again by hand either, unless that is asked for; the other one is simply refreshed.
    refused = server.post("connections/tokens/user:rotating/prod/acme/refresh", {})
    assert refused.status == 409 and "in_doubt" in refused.errors[0], refused
    assert "refresh_in_doubt" not in row(server, "lenient") and row(server, "lenient")["status"] == "active"
    server.post("connections/tokens/user:lenient/prod/calm/refresh", {}).expect(200)
    assert get(server, user="lenient", platform="calm")[1]["access_token"] != "old-lenient"
    assert [len(provider.calls(f"/{name}/token")) for name in ("acme", "gmail", "calm")] == [1, 1, 2]
    assert get(server, user="rotating", platform="acme")[1]["access_token"] == "old-rotating"
    # Connecting again mends it.
    store(server, provider, user="expired", access_token="new-expired")
    assert get(server, user="expired")[1]["access_token"] == "new-expired"
    assert "refresh_in_doubt" not in row(server, "expired")
    server.verify_audit()


def row(server, user):
    shown = server.get(f"connections/status/user:{user}?detailed=true").expect(200).data["connected_platforms"]
    return next(entry for entry in shown if entry["platform"] == OWNERS[user])
