"""What an auditor does with a copy of the trail, and what an incident asks of it."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SECOND_VERIFIER = Path(__file__).parents[2] / "scripts/audit-verify.py"
INTACT, CHANGED, UNPROVABLE = 0, 2, 3


@pytest.fixture
def trail(new_server):
    server = new_server().ready()
    for n in range(10):
        server.post(f"kv1/{n}", {"v": "1"}).expect(204)
    return server


def keys_of(server, name="keys.json"):
    keys = server.directory / name
    done = server.cli("audit", "keys", str(server.audit_path))
    assert done.returncode == 0, done.stderr
    keys.write_text(done.stdout)
    return keys


def verdicts(server, file, keys):
    """Exit status of the command and of the second verifier; they must agree."""
    done = server.cli("audit", "verify", f"-keys={keys}", str(file), token=False)
    other = subprocess.run([sys.executable, SECOND_VERIFIER, file], stdin=open(keys), capture_output=True, text=True)
    assert done.returncode == other.returncode, (done.stdout + done.stderr, other.stdout + other.stderr)
    return done.returncode, done.stdout


def test_an_honest_copy_is_never_called_changed_and_a_cut_one_never_intact(trail):
    before = trail.directory / "before.log"
    shutil.copy(trail.audit_path, before)
    keys = keys_of(trail)
    after = trail.directory / "after.log"
    shutil.copy(trail.audit_path, after)
    status, text = verdicts(trail, after, keys)
    assert status == INTACT and text.startswith("OK: records 1–"), text

    # The copy made before the keys, and the same without its end, look alike.
    status, text = verdicts(trail, before, keys)
    assert status == UNPROVABLE and text.startswith("CANNOT VERIFY beyond record"), text
    lines = before.read_text().splitlines(keepends=True)
    before.write_text("".join(lines[:-3]))
    status, text = verdicts(trail, before, keys)
    assert status == UNPROVABLE and "removed from its end" in text, text

    # A later verification begins a segment, which the older keys do not open.
    assert trail.cli("audit", "verify", str(trail.audit_path)).returncode == INTACT
    trail.post("kv1/more", {"v": "1"}).expect(204)
    later = trail.directory / "later.log"
    shutil.copy(trail.audit_path, later)
    status, text = verdicts(trail, later, keys)
    assert status == UNPROVABLE and "Fetch new keys" in text, text
    assert verdicts(trail, later, keys_of(trail, "new.json"))[0] != CHANGED

    lines = after.read_text().splitlines(keepends=True)
    after.write_text("".join(lines[:4] + [lines[4].replace('"time":"20', '"time":"21', 1)] + lines[5:]))
    status, text = verdicts(trail, after, keys)
    assert status == CHANGED and text.startswith("TAMPERED at line 5: the line was changed."), text


def test_the_servers_own_file_without_its_end_is_changed(new_server):
    server = new_server().ready()
    for n in range(5):
        server.post(f"kv1/{n}", {"v": "1"}).expect(204)
    done = server.cli("audit", "verify", "-format=json", str(server.audit_path))
    verdict = json.loads(done.stdout)
    assert done.returncode == INTACT and verdict["verdict"] == "intact" and verdict["first_record"] == 1


def test_files_of_another_device_and_other_files_are_not_called_changed(trail):
    second = trail.audit_path.with_name("second.log")
    assert trail.cli("audit", "enable", "-path=second", "file", f"file_path={second}").returncode == 0
    trail.get("kv1/1").expect(200)
    copy = trail.directory / "copy.log"
    shutil.copy(trail.audit_path, copy)
    keys = trail.directory / "second.json"
    done = trail.cli("audit", "keys", "-device=second", str(second))
    keys.write_text(done.stdout)
    status, text = verdicts(trail, copy, keys)
    assert status == UNPROVABLE and "written by the audit device" in text, text
    done = trail.cli("audit", "verify", "-device=second", str(copy))
    assert done.returncode == UNPROVABLE, done.stdout + done.stderr
    # Nor is a page of something else.
    for content in (b"", b"storage \"sqlite\" {}\n"):
        other = trail.directory / "other"
        other.write_bytes(content)
        done = trail.cli("audit", "verify", f"-keys={keys}", str(other), token=False)
        assert done.returncode == 1 and "is not an audit file" in done.stderr, done.stdout + done.stderr


def test_without_keys_nothing_is_verified_which_is_not_called_changed(trail):
    file = str(trail.audit_path)
    for arguments, settings in (
        (["-device=nope"], {}), ([], {"VAULT_TOKEN": "hvs.unknown"}), ([], {"VAULT_ADDR": "http://127.0.0.1:9", "VAULT_MAX_RETRIES": "0"}),
    ):
        done = trail.cli("audit", "verify", *arguments, file, env=settings)
        assert done.returncode == 1 and not done.stdout, done.stdout + done.stderr
        assert "Nothing was verified" in done.stderr and "give the keys with -keys" in done.stderr, done.stderr
    done = trail.cli("audit", "verify", "-keys=/nofile", file)
    assert done.returncode == 1 and done.stderr.startswith("Cannot open /nofile: No such file"), done.stderr


def test_rotated_files_are_verified_as_one_trail(trail):
    rotated = trail.audit_path.with_suffix(".1")
    trail.audit_path.rename(rotated)
    trail.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not trail.audit_path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    trail.get("kv1/1").expect(200)
    done = trail.cli("audit", "verify", str(rotated), str(trail.audit_path))
    assert done.returncode == INTACT, done.stdout + done.stderr
    lines = rotated.read_text().splitlines(keepends=True)
    rotated.write_text("".join(lines[:-1]))
    assert trail.cli("audit", "verify", str(rotated), str(trail.audit_path)).returncode == CHANGED


def test_a_search_for_a_token_finds_what_was_narrowed_from_it(trail):
    trail.put("sys/policies/acl/app", {"policy": 'path "kv1/*" {\n  capabilities = ["read", "create", "update"]\n}\n'}).expect(204)
    token = trail.post("auth/token/create", {"policies": ["app"]}).expect(200).json["auth"]["client_token"]
    other = trail.post("auth/token/create", {"policies": ["app"]}).expect(200).json["auth"]["client_token"]
    narrowed = trail.cli("token", "attenuate", "-op=read", token, token=False).stdout.strip()
    assert narrowed.startswith("coffer.c.")
    trail.get("kv1/1", token=token).expect(200)
    trail.get("kv1/2", token=narrowed).expect(200)
    trail.get("kv1/3", token=other).expect(200)
    accessor = trail.post("auth/token/lookup", {"token": token}).expect(200).data["accessor"]

    def paths(*arguments, stdin=None):
        done = trail.cli("audit", "search", "-format=json", *arguments, str(trail.audit_path), stdin=stdin)
        assert done.returncode == 0, done.stderr
        return {json.loads(line)["request"]["path"] for line in done.stdout.splitlines()}

    for found in (paths("-token=-", stdin=token), paths(f"-accessor={accessor}")):
        assert {"kv1/1", "kv1/2"} <= found and "kv1/3" not in found, found
    assert "auth/token/create" in paths("-token=-", stdin=token)
    assert paths("-path=kv1/*") >= {"kv1/1", "kv1/2", "kv1/3"}
    assert paths("-path=kv1/3") == {"kv1/3"}
    # A hash needs no server.
    hashed = trail.post("sys/audit-hash/file", {"input": accessor}).expect(200).data["hash"]
    assert "kv1/2" in paths(f"-accessor={hashed}")
    table = trail.cli("audit", "search", "-path=kv1/3", str(trail.audit_path)).stdout
    assert table.splitlines()[0].split()[:4] == ["Time", "Type", "Operation", "Path"] and "kv1/3" in table
    # A search is not what it finds.
    assert trail.cli("audit", "search", "-accessor=nobody", str(trail.audit_path)).returncode == 2
    assert trail.cli("audit", "search", "-path=kv1/none", str(trail.audit_path)).returncode == 2
    assert trail.cli("audit", "search", str(trail.audit_path)).returncode == 1
