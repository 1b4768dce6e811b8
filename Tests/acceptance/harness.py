"""A real Coffer process for a test: started on a free port, never left behind."""

import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("COFFER_BINARY", ROOT / ".build/debug/coffer"))
READY_SECONDS_MAX = 20.0


def clean_environment(**more):
    """The caller's environment without anything that steers a client or a server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "COFFER_", "MSA_"))}
    kept.update({name: str(value) for name, value in more.items()})
    return kept


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    @property
    def errors(self):
        """The texts of an error reply, after checking that it has the one shape errors have."""
        assert self.headers.get("content-type") == "application/json", self
        value = self.json
        assert isinstance(value.get("errors"), list) and all(isinstance(e, str) for e in value["errors"]), self
        return value["errors"]

    def expect(self, *statuses):
        assert self.status in (statuses or (200, 204)), f"{self.status} instead of {statuses}: {self.body[:600]!r}"
        return self


class Server:
    """One configuration and its data directory; may be started, killed and started again."""

    def __init__(self, directory, seal="static", storage="sqlite", settings="", environment=None, unseal_key=None):
        """`storage` is a type, or a whole block."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.seal = seal
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.data_directory = self.directory / "data"
        self.audit_directory = self.directory / "audit"
        self.audit_directory.mkdir(exist_ok=True)
        self.log_path = self.directory / "server.log"
        self.environment = dict(environment or {})
        self.process = None
        self.token = None
        self.unseal_keys = []
        self.unseal_key_hex = unseal_key or secrets.token_hex(32)
        self.configuration = self.directory / "coffer.hcl"
        self.configuration.write_text(self._configuration(storage, settings))

    def _configuration(self, storage, settings):
        seal = ""
        if self.seal == "static":
            key_file = self.directory / "unseal.key"
            key_file.write_text(self.unseal_key_hex)
            key_file.chmod(0o600)
            seal = f'seal "static" {{\n  current_key_id = "k1"\n  current_key = "file://{key_file}"\n}}\n'
        level = "" if "log_level" in settings else 'log_level = "info"\n'
        place = "" if storage == "inmem" else f'  path = "{self.data_directory}"\n'
        block = f'storage "{storage}" {{\n{place}}}\n' if " " not in storage else storage + "\n"
        return (
            f"{block}"
            f'listener "tcp" {{\n  address = "127.0.0.1:{self.port}"\n  tls_disable = true\n}}\n'
            f"{seal}"
            f'api_addr = "{self.address}"\n'
            f'audit_dirs = ["{self.audit_directory}"]\n'
            f"{level}{settings}\n"
        )

    # The process

    def start(self, wait=True, **environment):
        assert self.process is None, "already running"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "server", "-config", str(self.configuration)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                env=clean_environment(**{**self.environment, **environment}),
            )
        if wait:
            self.wait_until_answering()
        return self

    def wait_until_answering(self):
        """Seconds from now until a health reply of any code."""
        started = time.monotonic()
        while time.monotonic() - started < READY_SECONDS_MAX:
            if self.process.poll() is not None:
                raise AssertionError(f"the server exited with {self.process.returncode}:\n{self.log()[-4000:]}")
            try:
                self.get("sys/health", timeout=2)
                return time.monotonic() - started
            except OSError:
                time.sleep(0.01)
        raise AssertionError(f"no answer within {READY_SECONDS_MAX} s:\n{self.log()[-4000:]}")

    def stop(self):
        """Ends it the polite way; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._reap(15)

    def kill(self):
        self.process.kill()
        return self._reap(15)

    def _reap(self, seconds):
        process, self.process = self.process, None
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("the server did not stop:\n" + self.log()[-4000:])

    def close(self):
        if self.process is not None:
            self.kill()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def resident_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    # Requests

    def request(self, method, path, body=None, token=True, headers=None, timeout=20):
        """`path` is put after `/v1/` as it is. `token=True` means the root token, None means no token.

        A `body` of bytes is sent as it is, anything else as JSON.
        """
        sent = dict(headers or {})
        if token is True:
            token = self.token
        if token:
            sent["X-Vault-Token"] = token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, "/v1/" + path, body=body, headers=sent)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def list(self, path, **options):
        return self.request("LIST", path, **options)

    def raw(self, data, timeout=15, half_close=False):
        """Sends bytes and reads until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before all was sent; the answer may still be there
            return read_reply(connection)

    # Setting up

    def initialise(self, shares=3, threshold=2):
        if self.seal == "static":
            body = {"recovery_shares": 1, "recovery_threshold": 1}
        else:
            body = {"secret_shares": shares, "secret_threshold": threshold}
        made = self.put("sys/init", body, token=None).expect(200).json
        self.token = made["root_token"]
        self.unseal_keys = made.get("keys_base64") or []
        if self.seal != "static":
            for key in self.unseal_keys[:threshold]:
                status = self.put("sys/unseal", {"key": key}, token=None).expect(200).json
            assert status["sealed"] is False, status
        return self

    def mount(self, path, kind="kv", **options):
        self.post(f"sys/mounts/{path}", {"type": kind, "options": options}).expect(204)
        return self

    @property
    def audit_path(self):
        return self.audit_directory / "audit.log"

    def enable_audit(self, name="file"):
        body = {"type": "file", "options": {"file_path": str(self.audit_path)}}
        self.put(f"sys/audit/{name}", body).expect(204)
        return self

    def ready(self):
        """Started, initialised, audited, with `secret/` as KV v2 and `kv1/` as KV v1."""
        self.start()
        self.initialise()
        self.enable_audit()
        return self.mount("secret", version="2").mount("kv1", version="1")

    def new_token(self, policy_text=None, **fields):
        """A token with a policy of its own, or with the fields given."""
        if policy_text is not None:
            name = "p-" + secrets.token_hex(4)
            self.put(f"sys/policies/acl/{name}", {"policy": policy_text}).expect(204)
            fields.setdefault("policies", [name])
        fields.setdefault("no_default_policy", True)
        return self.post("auth/token/create", fields).expect(200).json["auth"]["client_token"]

    # What it left on disk

    def database_files(self):
        """The SQLite files with their WALs."""
        found = []
        for path in sorted(self.data_directory.rglob("*")) if self.data_directory.is_dir() else [self.data_directory]:
            if path.is_file():
                found.append(path)
        return found

    def database(self):
        for path in self.database_files():
            if path.read_bytes()[:15] == b"SQLite format 3":
                return path
        raise AssertionError(f"no SQLite file in {self.data_directory}")

    # The command line

    def cli(self, *arguments, token=True, stdin=None, env=None, timeout=60):
        """Runs `coffer` against this server; the finished process with text output."""
        settings = {"VAULT_ADDR": self.address, "HOME": str(self.directory)}
        if token:
            settings["VAULT_TOKEN"] = self.token if token is True else token
        return subprocess.run(
            [str(BINARY), *arguments], input=stdin, capture_output=True, text=True, timeout=timeout,
            env=clean_environment(**{**settings, **(env or {})}), cwd=self.directory,
        )

    def verify_audit(self):
        done = self.cli("audit", "verify", str(self.audit_path), timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def read_reply(connection):
    """One HTTP/1.1 reply, or whatever came before the connection ended or fell silent."""
    received = b""
    try:
        while True:
            head, separator, rest = received.partition(b"\r\n\r\n")
            if separator:
                length = content_length(head)
                if length is not None and len(rest) >= length:
                    return received
            chunk = connection.recv(65536)
            if not chunk:
                return received
            received += chunk
    except OSError:
        return received


def content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None


def status_of(reply):
    """The status code of raw reply bytes; None when the server just closed the connection."""
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/") else None
