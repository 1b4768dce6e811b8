"""A store whose audit devices cannot be opened where it is now: it says so, and the configuration opens it again."""

import signal

from test_many_nodes import wait_for


def moved(server):
    """The same store with another folder for audit files."""
    elsewhere = server.directory / "audit-elsewhere"
    elsewhere.mkdir(exist_ok=True)
    text = server.configuration.read_text()
    server.configuration.write_text(text.replace(str(server.audit_directory), str(elsewhere)))
    return elsewhere


def test_a_store_without_a_working_device_says_so_and_is_opened_by_the_configuration(new_server):
    server = new_server().ready()
    server.put("secret/data/x", {"data": {"v": "1"}}).expect(200)
    assert server.stop() == 0
    elsewhere = moved(server)
    server.start()

    refused = server.get("secret/data/x").expect(500).errors[0]
    assert 'audit device "file/"' in refused and "audit_dirs" in refused and str(server.audit_path) in refused
    # A stranger is not told what this server writes to.
    assert "file/" not in server.get("secret/data/x", token=None).expect(500).errors[0]
    health = server.get("sys/health", token=None)
    assert health.status == 503 and health.json["unavailable"] == "audit" and health.json["sealed"] is False
    assert "file/" not in health.body.decode()
    status = server.cli("status")
    assert status.returncode == 2 and "no audit device works" in status.stdout, status.stdout + status.stderr

    assert server.stop() == 0
    configuration = server.configuration.read_text()
    server.configuration.write_text(configuration + 'audit_disable_on_start = ["file"]\n')
    server.start()
    assert server.get("sys/health").status == 200
    assert server.get("secret/data/x").expect(200).data["data"]["v"] == "1"
    assert server.get("sys/audit").expect(200).data == {}
    assert "disabled an audit device because audit_disable_on_start names it" in server.log()

    # It stays so without the setting, and another device goes on from there.
    assert server.stop() == 0
    server.configuration.write_text(configuration)
    server.start()
    assert "no audit device is enabled" in server.log()
    server.put("sys/audit/file", {"type": "file", "options": {"file_path": str(elsewhere / "audit.log")}}).expect(204)
    server.get("secret/data/x").expect(200)
    assert (elsewhere / "audit.log").read_text()


def test_what_is_left_records_that_another_was_disabled(new_server):
    server = new_server().ready()
    second = server.audit_directory / "second.log"
    server.put("sys/audit/second", {"type": "file", "options": {"file_path": str(second)}}).expect(204)
    assert server.stop() == 0
    server.configuration.write_text(server.configuration.read_text() + 'audit_disable_on_start = ["file/"]\n')
    server.start()
    assert list(server.get("sys/audit").expect(200).data) == ["second/"]
    assert "sys/audit/file/" in second.read_text() and "audit_disable_on_start" in second.read_text()


def test_a_device_that_is_mended_is_noticed_without_a_request(new_server):
    server = new_server().ready()
    assert server.stop() == 0
    away = server.directory / "away"
    server.audit_directory.rename(away)
    server.start()
    wait_for(lambda: server.get("sys/health").status == 503)
    away.rename(server.audit_directory)
    wait_for(lambda: server.get("sys/health").status == 200, 30)
    server.get("sys/mounts").expect(200)
    assert server.verify_audit()


def test_the_start_says_what_it_is_and_what_is_missing(new_server):
    server = new_server()
    (server.directory / "unseal.key").chmod(0o644)
    server.start()
    said = server.log()
    assert '"Coffer starts"' in said and '"storage":"sqlite"' in said and '"seal":"static"' in said
    assert str(server.configuration) in said and "not initialized: run `coffer operator init`" in said
    assert "others on this machine can read the seal key" in said and "unseal.key" in said
    server.initialise()
    wait_for(lambda: "no audit device is enabled" in server.log())
    server.enable_audit()
    assert server.stop() == 0
    server.start()
    assert '"audit_devices":"file/"' in server.log()
    # What could not be read again is not said to be.
    server.configuration.write_text(server.configuration.read_text() + "nonsense = {\n")
    before = len(server.log())
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" in server.log()[before:])
    assert '"message":"reloaded"' not in server.log()[before:]
