"""kill -9 under load: what was acknowledged is there afterwards, whole, and the audit chain holds."""

import http.client
import json
import os
import random
import signal
import threading
import time

ROUNDS = int(os.environ.get("COFFER_CRASH_ROUNDS", "20"))
CLIENTS = 8
RESTART_SECONDS_MAX = 10.0  # generous, for a busy machine; the measured figure is printed


class Writer(threading.Thread):
    """Writes its own keys as fast as it can until the server dies, and remembers every answer."""

    def __init__(self, server, number, round_number, known):
        super().__init__(daemon=True)
        self.server, self.number, self.round_number = server, number, round_number
        # key -> the values that reading it may give; one value when the last write was acknowledged.
        self.known = known
        self.acknowledged = 0
        self.refusals = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        headers = {"X-Vault-Token": self.server.token, "Content-Type": "application/json"}
        step = 0
        try:
            while True:
                # Half of the writes replace a key, so that a lost update shows as an old value.
                key = f"w{self.number}/k{step % 40}" if step % 2 else f"w{self.number}/r{self.round_number}-{step}"
                value = f"{self.round_number}.{step}." + "x" * random.randrange(400)
                before = self.known.get(key, {None})
                self.known[key] = before | {value}
                connection.request("PUT", f"/v1/kv1/{key}", json.dumps({"v": value}), headers)
                response = connection.getresponse()
                response.read()
                if response.status == 204:
                    self.known[key] = {value}
                    self.acknowledged += 1
                elif response.status != 503:
                    self.refusals.append((key, response.status))
                step += 1
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


def check(server, known):
    """Reads back every key; the wrong ones."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    wrong = []
    for key, allowed in known.items():
        connection.request("GET", f"/v1/kv1/{key}", headers={"X-Vault-Token": server.token})
        response = connection.getresponse()
        body = response.read()
        found = json.loads(body)["data"]["v"] if response.status == 200 else None if response.status == 404 else response.status
        if found not in allowed:
            wrong.append((key, found if isinstance(found, int) else "another value", len(allowed)))
        elif len(allowed) > 1:
            known[key] = {found}
    connection.close()
    return wrong


def rotate(server):
    """As logrotate does it; the rotated file must verify to its end, and is then thrown away."""
    rotated = server.audit_path.with_suffix(".rotated")
    server.audit_path.rename(rotated)
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not server.audit_path.exists():
        assert time.monotonic() < deadline, "the audit file was not reopened"
        time.sleep(0.01)
    done = server.cli("audit", "verify", str(rotated))
    assert done.returncode == 0, done.stdout + done.stderr
    rotated.unlink()


def test_nothing_acknowledged_is_lost(new_server):
    server = new_server().start().initialise().enable_audit().mount("kv1", version="1")
    known = [{} for _ in range(CLIENTS)]
    restarts, acknowledged = [], 0
    for round_number in range(ROUNDS):
        writers = [Writer(server, n, round_number, known[n]) for n in range(CLIENTS)]
        for writer in writers:
            writer.start()
        # The moment of the kill is the point of the test, so it is drawn, not waited for.
        time.sleep(random.uniform(0.05, 0.6))
        server.kill()
        for writer in writers:
            writer.join(35)
            assert not writer.is_alive()
            assert writer.refusals == []
        acknowledged += sum(writer.acknowledged for writer in writers)

        started = time.monotonic()
        server.start()
        while server.get("sys/health", token=None).status != 200:
            assert time.monotonic() - started < RESTART_SECONDS_MAX
            time.sleep(0.005)
        restarts.append(time.monotonic() - started)
        # All keys are read again now and then, and at the end; the audit file is rotated, so that checking it stays quick.
        whole = round_number in (9, 19) or round_number % 100 == 99 or round_number == ROUNDS - 1
        for n, one in enumerate(known):
            fresh = one if whole else {k: v for k, v in one.items() if f"/r{round_number}-" in k or "/k" in k}
            assert check(server, fresh) == [], f"round {round_number}, client {n}"
            one.update(fresh)
        server.verify_audit()
        if round_number % 25 == 24:
            rotate(server)
    restarts.sort()
    p99 = restarts[min(len(restarts) - 1, len(restarts) * 99 // 100)]
    print(f"\n{ROUNDS} kills, {acknowledged} acknowledged writes, {sum(map(len, known))} keys, 0 lost; "
          f"restart median {restarts[len(restarts) // 2]:.2f} s, p99 {p99:.2f} s, worst {restarts[-1]:.2f} s")
    assert acknowledged > ROUNDS * CLIENTS, "hardly anything was written, so nothing was tested"


def test_a_torn_audit_line_is_repaired_and_recorded(new_server):
    server = new_server().ready()
    server.post("kv1/x", {"v": "1"}).expect(204)
    server.kill()
    whole = server.audit_path.read_bytes()
    assert whole.endswith(b"\n")
    server.audit_path.write_bytes(whole[:-25])
    server.start()
    server.get("kv1/x").expect(200)
    server.verify_audit()
    assert "torn" in server.audit_path.read_text().lower() or "repair" in server.audit_path.read_text().lower()


def test_a_graceful_stop_finishes_what_it_accepted(new_server):
    server = new_server().ready()
    known = {}
    writers = [Writer(server, n, 0, {}) for n in range(4)]
    for writer in writers:
        writer.start()
    while sum(writer.acknowledged for writer in writers) < 40:
        time.sleep(0.005)
    assert server.stop() == 0
    for writer in writers:
        writer.join(35)
        known.update(writer.known)
    server.start()
    assert check(server, known) == []
    server.verify_audit()
