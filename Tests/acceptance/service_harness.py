"""A server made by a `.env` alone, as a user of the Service API has it."""

import base64
import os
import pathlib
import secrets
import signal
import subprocess
import time

import httpx
from harness import BINARY, READY_SECONDS_MAX, clean_environment, free_port

RULES = {
    "myscheduler": "project:newsbot/prod/,common/prod/",
    "jobqueue": "common/*/",
    "graphAiServer": "project:*/prod/",
    "commonUI": "project:newsbot/,project:scratch/",
    "idle": "",
}


class ServiceServer:
    def __init__(self, directory, rules=RULES, policies=None, **variables):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.tokens = {name: secrets.token_hex(32) for name in rules}
        self.rules = dict(rules)
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.policies = policies
        self.variables = variables
        self.log_path = self.directory / "server.log"
        self.process = None
        self.write()

    @property
    def env_file(self):
        return self.directory / ".env"

    def write(self):
        lines = [
            "# The services of this platform", f"ALLOWED_SERVICES={','.join(self.rules)}",
            *(f"TOKEN_{name}={token}" for name, token in self.tokens.items()),
            *(f"ALLOW_{name}={rule}" for name, rule in self.rules.items() if rule),
            f'export MSA_MASTER_KEY="base64:{self.key}"', "DATABASE_URL=sqlite:///./vault-data", f"PORT={self.port}",
            "LOG_LEVEL='info'  # or debug",
            *(f"{name}={value}" for name, value in self.variables.items()),
        ]
        if self.policies is not None:
            (self.directory / "policies.yaml").write_text(self.policies)
            lines.append("SERVICE_POLICIES_FILE=policies.yaml")
        self.env_file.write_text("\n".join(lines) + "\n")

    def start(self, *arguments, wait=True, **environment):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "server", *(arguments or ("-env-file", ".env"))], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, env=clean_environment(**environment))
        if not wait:
            return self
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()[-4000:]
            try:
                if httpx.get(self.address + "/health", timeout=2, trust_env=False).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.02)
        raise AssertionError("no answer:\n" + self.log()[-4000:])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        self.process = None
        return code

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(15)
        self.process = None

    def reload(self):
        """Sends SIGHUP and waits until the log has said what came of it."""
        size = self.log_path.stat().st_size
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            said = self.log_path.read_bytes()[size:].decode(errors="replace")
            if '"reloaded"' in said or "reloaded" in said.splitlines()[-1:] or "reloaded" in said:
                return said
            time.sleep(0.02)
        raise AssertionError("no reload: " + self.log()[-2000:])

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def root_token(self):
        return (self.directory / "vault-data-root-token").read_text().strip()

    @property
    def audit_path(self):
        return self.directory / "vault-data-audit" / "audit.log"

    def service(self, name, token=None, **options):
        """A client as a service would write it."""
        headers = {"X-Service": name, "X-Token": self.tokens.get(name, "") if token is None else token}
        return httpx.Client(base_url=self.address, headers=headers, trust_env=False, timeout=20, **options)

    def anonymous(self, **headers):
        return httpx.Client(base_url=self.address, headers=headers, trust_env=False, timeout=20)

    def cli(self, *arguments, token=None, stdin=None, env=None):
        settings = {"VAULT_ADDR": self.address, "HOME": str(self.directory), "VAULT_TOKEN": token or self.root_token}
        return subprocess.run(
            [str(BINARY), *arguments], input=stdin, capture_output=True, text=True, timeout=60, cwd=self.directory,
            env=clean_environment(**{**settings, **(env or {})}))
