"""Warnings are for what stays wrong: not for the first minute of a server, and not for two who rotate a key at once."""

import concurrent.futures
import json

from test_many_nodes import wait_for


def told(server, *levels):
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if line["level"] in levels]


def test_a_new_server_warns_of_nothing_that_is_about_to_be_done(new_server):
    server = new_server().ready()
    assert not told(server, "warning", "warn", "error"), server.log()
    assert any("no audit device is enabled yet" in line for line in told(server, "info"))
    assert any("not initialized: run" in line for line in told(server, "info", "notice"))


def test_a_server_without_an_audit_device_warns_when_it_starts(new_server):
    server = new_server().start().initialise()
    assert server.stop() == 0
    server.start()
    assert any("no audit device is enabled, so requests are not recorded" in line for line in told(server, "warning", "warn"))


def test_rotations_at_once_re_seal_everything_without_a_warning(new_server):
    server = new_server().ready()
    for number in range(40):
        server.post(f"secret/data/s{number}", {"data": {"n": number}}).expect(200)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert {reply.status for reply in pool.map(lambda _: server.put("sys/rotate", {}), range(48))} == {204}
    wait_for(lambda: any(line == "records re-sealed" for line in told(server, "info")))
    assert not told(server, "warning", "warn", "error"), server.log()[-2000:]
    for number in range(40):
        assert server.get(f"secret/data/s{number}").expect(200).data["data"] == {"n": number}
