"""Two server processes, both active, over one PostgreSQL database."""

import base64
import concurrent.futures
import secrets
import signal
import subprocess
import time

import pytest
from databases import SUPERUSER, Postgres
from harness import BINARY, clean_environment, free_port
from test_connections import KEYS, get, provider, store  # noqa: F401 (one of them is a fixture)

LEASE_SECONDS = 10


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


def storage(postgres, table, **more):
    url = f"postgres://{SUPERUSER}:{postgres.password}@127.0.0.1:{postgres.port}/app"
    settings = {"connection_url": url, "table": table, "ha_enabled": "true", "max_parallel": "8", **more}
    lines = "".join(f'  {name} = "{value}"\n' for name, value in settings.items())
    return f'storage "postgresql" {{\n{lines}}}'


@pytest.fixture
def nodes(new_server, postgres):
    """Makes two nodes over a new store: the first initialised, the second unsealed by the same key."""
    def start(seal="static", settings="", **environment):
        table, key = "t_" + secrets.token_hex(6), secrets.token_hex(32)
        options = {"seal": seal, "settings": settings, "storage": storage(postgres, table), "environment": environment,
                   "unseal_key": key}
        a, b = new_server(**options), new_server(**options)
        a.start().initialise()
        b.token, b.unseal_keys = a.token, a.unseal_keys
        b.start()
        wait_for(lambda: not b.get("sys/seal-status").json["sealed"] or seal != "static")
        return a, b

    yield start


def wait_for(condition, seconds=20):
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it did not come about in time"
        time.sleep(0.05)
    return time.monotonic() - started


def token(node, *policies):
    made = node.post("auth/token/create", {"policies": list(policies), "ttl": "1h"}).expect(200)
    return made.json["auth"]["client_token"]


def policy(node, name, text):
    node.put(f"sys/policies/acl/{name}", {"policy": text}).expect(200, 204)


def works(node, held):
    return node.get("auth/token/lookup-self", token=held).status


def test_a_revoked_token_is_refused_everywhere_from_the_answer_on(nodes):
    a, b = nodes()
    for round in range(30):
        here, there = (a, b) if round % 2 else (b, a)
        held = token(here, "default")
        assert works(there, held) == 200 and works(here, held) == 200
        here.post("auth/token/revoke", {"token": held}).expect(200, 204)
        assert works(there, held) == 403 and works(here, held) == 403


def test_a_policy_rules_on_every_node_from_the_answer_on(nodes):
    a, b = nodes()
    a.mount("kv", version="2")
    a.post("kv/data/x", {"data": {"v": "1"}}).expect(200)
    policy(a, "p", 'path "kv/data/*" { capabilities = ["read"] }')
    held = token(a, "p")
    for round in range(10):
        here, there = (a, b) if round % 2 else (b, a)
        policy(here, "p", 'path "kv/data/*" { capabilities = ["deny"] }')
        assert there.get("kv/data/x", token=held).status == 403
        policy(here, "p", 'path "kv/data/*" { capabilities = ["read"] }')
        assert there.get("kv/data/x", token=held).status == 200


def test_what_one_node_writes_the_other_reads(nodes):
    a, b = nodes()
    a.mount("kv", version="2")
    for round in range(20):
        here, there = (a, b) if round % 2 else (b, a)
        here.post("kv/data/x", {"data": {"v": round}}).expect(200)
        assert there.get("kv/data/x").expect(200).data["data"]["v"] == round
    b.mount("more", kind="transit")
    a.post("more/keys/k").expect(200, 204)
    sealed = b.post("more/encrypt/k", {"plaintext": "aGVsbG8="}).expect(200).data["ciphertext"]
    a.post("more/keys/k/rotate").expect(200, 204)
    assert b.post("more/encrypt/k", {"plaintext": "aGVsbG8="}).expect(200).data["ciphertext"].startswith("vault:v2:")
    assert a.post("more/decrypt/k", {"ciphertext": sealed}).expect(200).data["plaintext"] == "aGVsbG8="
    a.put("sys/rotate").expect(200, 204)
    a.post("kv/data/x", {"data": {"v": "new term"}}).expect(200)
    assert b.get("kv/data/x").expect(200).data["data"]["v"] == "new term"
    b.delete("sys/mounts/more").expect(204)
    assert a.post("more/encrypt/k", {"plaintext": "aGVsbG8="}).status == 404


def test_check_and_set_holds_over_both_nodes(nodes):
    a, b = nodes()
    a.mount("kv", version="2")

    def write(index):
        node = (a, b)[index % 2]
        return node.post("kv/data/once", {"options": {"cas": 0}, "data": {"v": index}}).status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(write, range(32)))
    assert statuses.count(200) == 1 and set(statuses) == {200, 400}


def test_each_node_is_sealed_and_unsealed_by_itself(nodes):
    a, b = nodes(seal="shamir")
    assert b.get("sys/health").status == 503 and b.get("sys/seal-status").json["initialized"] is True
    for key in a.unseal_keys[:2]:
        b.put("sys/unseal", {"key": key}, token=None).expect(200)
    assert b.get("sys/health").status == 200
    a.put("sys/seal").expect(204)
    assert a.get("sys/health").status == 503 and b.get("sys/health").status == 200
    # Who is sealed does not lead.
    wait_for(lambda: b.get("sys/leader").json["is_self"])
    for key in a.unseal_keys[:2]:
        a.put("sys/unseal", {"key": key}, token=None).expect(200)
    assert a.get("sys/health").status == 200


def test_new_shares_seal_the_other_node_until_it_gets_them(nodes):
    a, b = nodes(seal="shamir")
    for key in a.unseal_keys[:2]:
        b.put("sys/unseal", {"key": key}, token=None).expect(200)
    nonce = a.put("sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2}).expect(200).json["nonce"]
    for key in a.unseal_keys[:2]:
        done = a.put("sys/rekey/update", {"key": key, "nonce": nonce}).expect(200).json
    assert done["complete"] is True
    wait_for(lambda: b.get("sys/seal-status").json["sealed"])
    for key in done["keys_base64"][:2]:
        b.put("sys/unseal", {"key": key}, token=None).expect(200)
    assert a.get("sys/health").status == 200 and b.get("sys/health").status == 200
    a.mount("kv", version="2").post("kv/data/x", {"data": {"v": "1"}}).expect(200)
    assert b.get("kv/data/x").expect(200).data["data"]["v"] == "1"


def test_the_other_takes_over_when_the_leader_is_killed(nodes):
    a, b = nodes()
    wait_for(lambda: a.get("sys/leader").json["is_self"])
    wait_for(lambda: b.get("sys/leader").json["leader_address"] == a.address)
    assert b.get("sys/leader").json["ha_enabled"] is True and b.get("sys/leader").json["is_self"] is False
    shown = {n["api_address"]: n["active_node"] for n in b.get("sys/ha-status").expect(200).data["nodes"]}
    assert shown == {a.address: True, b.address: False}
    b.mount("kv", version="2")
    a.kill()
    # Reads go on at once; a write waits until the dead node has lost its place.
    assert b.get("sys/health").expect(200).json["standby"] is False
    started = time.monotonic()
    b.post("kv/data/x", {"data": {"v": "1"}}, timeout=30).expect(200)
    assert time.monotonic() - started < LEASE_SECONDS + 3
    wait_for(lambda: b.get("sys/leader").json["is_self"], LEASE_SECONDS + 5)
    # The leader's work goes on: a token that ends is taken away.
    held = b.post("auth/token/create", {"policies": ["default"], "ttl": "1s"}).expect(200).json["auth"]
    wait_for(lambda: b.post("auth/token/lookup-accessor", {"accessor": held["accessor"]}).status in (400, 403, 404))
    a.start()
    assert a.get("kv/data/x").expect(200).data["data"]["v"] == "1"
    assert a.get("sys/leader").json["is_self"] is False


def test_a_node_that_stops_for_long_answers_nothing_old(nodes):
    a, b = nodes()
    held = token(a, "default")
    assert works(b, held) == 200
    b.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    a.post("auth/token/revoke", {"token": held}, timeout=30).expect(200, 204)
    assert time.monotonic() - started < LEASE_SECONDS + 3
    b.process.send_signal(signal.SIGCONT)
    # Cut off, or caught up; never the old answer.
    statuses = {works(b, held) for _ in range(50)}
    assert statuses <= {403, 503}, statuses
    wait_for(lambda: b.get("sys/health").status == 200)
    assert works(b, held) == 403


def test_a_node_without_its_database_stops_serving_and_comes_back(nodes, postgres):
    a, b = nodes()
    a.mount("kv", version="2")
    a.post("kv/data/x", {"data": {"v": "1"}}).expect(200)
    assert b.get("kv/data/x").status == 200
    postgres.stop()
    try:
        wait_for(lambda: b.get("sys/health").status == 503 and b.get("sys/health").json["cut_off"], LEASE_SECONDS + 5)
        assert b.get("kv/data/x").status == 503
    finally:
        postgres.start()
    wait_for(lambda: a.get("sys/health").status == 200 and b.get("sys/health").status == 200)
    b.post("kv/data/x", {"data": {"v": "2"}}, timeout=30).expect(200)
    assert a.get("kv/data/x").expect(200).data["data"]["v"] == "2"


def test_the_password_of_the_database_is_in_no_log(nodes, postgres):
    a, b = nodes()
    assert a.stop() == 0
    a.configuration.write_text(a.configuration.read_text().replace(f":{postgres.port}/", ":1/"))
    a.start(wait=False)
    assert a.process.wait(20) == 1
    for node in (a, b):
        assert postgres.password not in node.log()


@pytest.mark.parametrize("line, says", [
    ('tabel = "x"', "tabel"), ('table = "No; DROP"', "table"), ('max_parallel = "129"', "max_parallel"),
    ('max_idle_connections = "-1"', "max_idle_connections"), ('ha_enabled = "maybe"', "ha_enabled"), ("", "connection_url"),
    ('connection_url = "postgres://u:hunter2secret@h:notaport/d"', "cannot be opened"),
    ('connection_url = "postgres://u:hunter2secret@127.0.0.1:1/d"', "connection refused"),
])
def test_a_wrong_storage_block_is_refused_without_its_values(new_server, line, says):
    server = new_server(storage=f'storage "postgresql" {{\n  {line}\n}}').start(wait=False)
    assert server.process.wait(20) == 1
    assert says in server.log() and "hunter2" not in server.log(), server.log()


def test_the_variable_of_vault_names_the_database(new_server, postgres):
    table = "t_" + secrets.token_hex(6)
    server = new_server(storage=f'storage "postgresql" {{\n  table = "{table}"\n}}', environment={
        "VAULT_PG_CONNECTION_URL": f"postgres://{SUPERUSER}:{postgres.password}@127.0.0.1:{postgres.port}/app"})
    server.ready()
    assert server.get("sys/seal-status").json["storage_type"] == "postgresql"
    server.verify_audit()
    assert server.stop() == 0 and postgres.query(f"SELECT count(*) FROM {table}_nodes") == ["0"]


def test_a_server_made_by_a_dotenv_keeps_its_store_in_postgresql(tmp_path, postgres):
    port, table = free_port(), "coffer_store"
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    for folder in ("first", "second"):
        directory = tmp_path / folder
        directory.mkdir()
        (directory / ".env").write_text(
            f'DATABASE_URL="postgres://{SUPERUSER}:{postgres.password}@127.0.0.1:{postgres.port}/app"\n'
            f"MSA_MASTER_KEY=base64:{key}\nPORT={port}\n")
        log = directory / "server.log"
        with open(log, "wb") as output:
            process = subprocess.Popen([str(BINARY), "server"], cwd=directory, stdout=output, stderr=output,
                                       stdin=subprocess.DEVNULL, env=clean_environment())
        try:
            wait_for(lambda: process.poll() is not None or b'"listening"' in log.read_bytes())
            assert process.poll() is None, log.read_text()
            # The first one made the store; the second finds it there.
            assert (directory / "coffer-data-root-token").exists() == (folder == "first")
            assert (directory / "coffer-data-audit").is_dir()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert postgres.password not in log.read_text()
    assert int(postgres.query(f"SELECT count(*) FROM {table}")[0]) > 5


def test_each_node_keeps_an_audit_trail_of_its_own(nodes):
    a, b = nodes()
    assert b.stop() == 0
    # Two nodes on one machine, as far as their files go.
    b.configuration.write_text(b.configuration.read_text().replace(str(b.audit_directory), str(a.audit_directory)))
    b.start()
    path = a.audit_directory / "audit-{{node}}.log"
    a.put("sys/audit/file", {"type": "file", "options": {"file_path": str(path)}}).expect(204)
    assert "file/" in b.get("sys/audit").expect(200).data
    a.mount("kv", version="2")
    for index in range(5):
        a.post("kv/data/a", {"data": {"v": index}}).expect(200)
        b.post("kv/data/b", {"data": {"v": index}}).expect(200)
    assert b.stop() == 0
    b.start()
    assert b.get("kv/data/a").status == 200
    files = sorted(a.audit_directory.glob("audit-*.log"))
    assert len(files) == 2 and not any("{" in file.name for file in files)
    for file, node in ((next(f for f in files if str(n.port) in f.name), n) for n in (a, b)):
        text = file.read_text()
        assert text.count('"kv/data/a"') and (node is b or '"kv/data/b"' not in text)
        done = node.cli("audit", "verify", str(file))
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def engines(nodes, provider, tmp_path):
    """Two nodes with engines, and profiles that lead to the provider."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    provider.profiles(profiles, "acme", "gmail", "notion")
    a, b = nodes(COFFER_PLATFORM_DIR=profiles, COFFER_ALLOW_PRIVATE_ENDPOINTS="true",
                 **{f"{name}_ENGINE_KEY": key for name, key in KEYS.items()})
    a.put("connections/platforms/gmail", {"client_id": "id", "client_secret": "client-secret"}).expect(204)
    return a, b


@pytest.mark.parametrize("mode", ["grant", "slow"])
def test_64_callers_on_two_nodes_refresh_an_expired_connection_once(engines, provider, mode):
    for round in range(3):
        user = f"u{round}"
        store(engines[round % 2], provider, user=user, expires_in=0)
        provider.modes = [mode]
        before = len(provider.calls())
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda index: get(engines[index % 2], user=user), range(64)))
        assert [status for status, _ in answers] == [200] * 64, answers
        assert len({body["access_token"] for _, body in answers}) == 1
        assert len(provider.calls()) - before == 1
    assert provider.twice == []
