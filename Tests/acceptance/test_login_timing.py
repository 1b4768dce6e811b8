"""Whether the time of a refused login tells which accounts exist: Welch's t of two interleaved series.

Runs where COFFER_TIMING_LOGINS says how many logins of each kind to make, as `make torture` does (5,000). The release build
should be measured; a shared machine adds noise to both series alike.
"""

import http.client
import json
import math
import os
import random
import time

import pytest

COUNT = int(os.environ.get("COFFER_TIMING_LOGINS", "0"))
T_MAX = 4.5

pytestmark = pytest.mark.skipif(COUNT == 0, reason="COFFER_TIMING_LOGINS is not set; make torture sets it")


def welch(first, second):
    def moments(values):
        mean = sum(values) / len(values)
        return mean, sum((value - mean) ** 2 for value in values) / (len(values) - 1)

    (mean1, variance1), (mean2, variance2) = moments(first), moments(second)
    return (mean1 - mean2) / math.sqrt(variance1 / len(first) + variance2 / len(second)), mean1, mean2


def measure(server, name, known, unknown):
    """Seconds of `COUNT` refused logins of each kind, in random order over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    random.seed(20)
    order = [known] * COUNT + [unknown] * COUNT
    random.shuffle(order)
    times = {id(known): [], id(unknown): []}
    bodies = set()
    for number, kind in enumerate([known, unknown] * 20 + order):
        path, body = kind(number)
        started = time.perf_counter()
        connection.request("POST", "/v1/" + path, body=json.dumps(body), headers={"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        elapsed = time.perf_counter() - started
        assert reply.status == 400, text
        bodies.add(text)
        if number >= 40:  # The first ones warm up.
            times[id(kind)].append(elapsed)
    connection.close()
    t, mean1, mean2 = welch(times[id(known)], times[id(unknown)])
    print(f"\n{name}: 2 x {COUNT} logins, known {mean1 * 1e3:.3f} ms, unknown {mean2 * 1e3:.3f} ms, Welch t = {t:+.2f}")
    assert len(bodies) == 1, bodies
    assert abs(t) < T_MAX


@pytest.fixture(scope="module")
def slow_to_lock(tmp_path_factory):
    """Failures are counted and written as ever, and nothing is locked in the course of the measurement."""
    from harness import Server

    one = Server(tmp_path_factory.mktemp("timing"), settings='user_lockout "all" {\n  lockout_threshold = 1000000\n}').ready()
    yield one
    one.close()


def test_userpass(slow_to_lock):
    server = slow_to_lock
    server.post("sys/auth/userpass", {"type": "userpass"}).expect(204)
    for number in range(10):
        server.post(f"auth/userpass/users/account-{number}", {"password": "correct horse battery"}).expect(204)
    body = {"password": "incorrect horse batt."}
    measure(server, "userpass", lambda n: (f"auth/userpass/login/account-{n % 10}", body),
            lambda n: (f"auth/userpass/login/nothing-{n % 10}", body))


def test_approle(slow_to_lock):
    server = slow_to_lock
    server.post("sys/auth/approle", {"type": "approle"}).expect(204)
    for number in range(10):
        server.post(f"auth/approle/role/r{number}", {"role_id": f"account-{number}"}).expect(204)
        server.post(f"auth/approle/role/r{number}/secret-id").expect(200)
    secret = "0" * 36
    measure(server, "approle", lambda n: ("auth/approle/login", {"role_id": f"account-{n % 10}", "secret_id": secret}),
            lambda n: ("auth/approle/login", {"role_id": f"nothing-{n % 10}", "secret_id": secret}))


def test_services(tmp_path):
    """A service that is not known takes as long as a wrong token of one that is."""
    from service_harness import ServiceServer

    server = ServiceServer(tmp_path / "s").start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        random.seed(21)
        kinds = {"commonUI": 401, "otherUIs1": 403}
        order = [name for name in kinds for _ in range(COUNT)]
        random.shuffle(order)
        times = {name: [] for name in kinds}
        for number, name in enumerate([*kinds] * 20 + order):
            started = time.perf_counter()
            connection.request("GET", "/api/secrets/newsbot/prod/x", headers={"X-Service": name, "X-Token": "0" * 64})
            reply = connection.getresponse()
            reply.read()
            elapsed = time.perf_counter() - started
            assert reply.status == kinds[name]
            if number >= 40:
                times[name].append(elapsed)
        t, known, unknown = welch(*times.values())
        print(f"\nservices: 2 x {COUNT} requests, wrong token {known * 1e3:.3f} ms, unknown {unknown * 1e3:.3f} ms, Welch t = {t:+.2f}")
        assert abs(t) < T_MAX
    finally:
        connection.close()
        server.close()
