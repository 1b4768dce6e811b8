"""The commands of the README and of the tours work as they stand, and the README's first command starts a server."""

import http.server
import json
import os
import re
import signal
import subprocess
import threading
import time

from harness import BINARY, ROOT, clean_environment, free_port


def console_blocks(text):
    return re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def steps(block):
    """(command, expected output lines) pairs."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def appears(expected, output):
    """Every expected line, in order; `…` stands for anything and runs of spaces do not matter."""
    position = 0
    lines = [re.sub(r"\s+", " ", line).strip() for line in output.splitlines()]
    for wanted in expected:
        if wanted.strip() == "…":  # Any number of lines.
            continue
        parts = [re.escape(re.sub(r"\s+", " ", part).strip()) for part in wanted.split("…")]
        pattern = re.compile(r"\s*.*".join(parts) if len(parts) > 1 else parts[0])
        while position < len(lines) and not pattern.fullmatch(lines[position]):
            position += 1
        if position == len(lines):
            return False
        position += 1
    return True


def test_the_matcher_can_fail():
    assert appears(["a   b", "…x…"], "head\na b\n1x2\n")
    assert not appears(["a b"], "a c\n") and not appears(["b", "a"], "a\nb\n")


# Each is taken in a shell of its own, after the README's first commands, on one server.
TOURS = ["README.md", "docs/tours/secrets.md", "docs/tours/oauth-tokens.md", "docs/tours/audit.md"]
SERVICES = "docs/tours/services.md"


def test_every_tour_is_taken():
    tours = {str(path.relative_to(ROOT)) for path in (ROOT / "docs/tours").glob("*.md")}
    assert tours == {*TOURS[1:], SERVICES}
    readme = (ROOT / "README.md").read_text()
    assert all(f"]({page})" in readme for page in tours)


def test_the_first_command_and_the_tours(tmp_path):
    home = tmp_path / ".coffer"
    address = f"http://127.0.0.1:{free_port()}"
    environment = clean_environment(
        COFFER_HOME=home, COFFER_RUN_ADDR=address, VAULT_ADDR=address, HOME=tmp_path,
        PATH=f"{BINARY.parent}:{os.environ['PATH']}")
    text = (ROOT / "README.md").read_text()
    assert text.index("make run") < 700  # On the first screen.
    login = "export PATH=\"$PWD/.build/debug:$PATH\" VAULT_ADDR=http://127.0.0.1:8200\ncoffer login - < .coffer/root-token\n"
    assert f"```sh\n{login}```" in text

    for attempt in ("first", "again"):
        with open(tmp_path / "run.log", "w") as log:
            run = subprocess.Popen([ROOT / "scripts/run-server", BINARY], env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            deadline = time.monotonic() + 40
            while "Coffer is ready" not in (tmp_path / "run.log").read_text():
                assert run.poll() is None and time.monotonic() < deadline, (tmp_path / "run.log").read_text()
                time.sleep(0.05)
            if attempt == "first":
                for page in TOURS:
                    text = (ROOT / page).read_text()
                    assert page == "README.md" or "`make run`" in text
                    run_steps(text, ["set -u", "coffer login - < .coffer/root-token >/dev/null || exit 90"], environment, tmp_path)
            else:
                again = subprocess.run(["bash", "-c", "coffer kv get -field=name secret/hello"], env=environment,
                                       cwd=tmp_path, capture_output=True, text=True, timeout=30)
                assert again.stdout.strip() == "world", again.stderr
        finally:
            os.killpg(run.pid, signal.SIGINT)
            try:
                run.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                raise


class Stranger(http.server.BaseHTTPRequestHandler):
    """Says that it is not initialised, and would be by the first who asks."""

    asked = []

    def do_GET(self):
        self.asked.append((self.command, self.path))
        body = json.dumps({"initialized": False, "sealed": True, "type": "shamir", "t": 0, "n": 0, "keys": ["a"], "root_token": "b"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET

    def log_message(self, *_):
        pass


def test_make_run_leaves_a_stranger_at_its_address_alone(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        home = tmp_path / ".coffer"
        environment = clean_environment(
            COFFER_HOME=home, COFFER_RUN_ADDR=f"http://127.0.0.1:{stranger.server_port}", HOME=tmp_path,
            PATH=f"{BINARY.parent}:{os.environ['PATH']}")
        done = subprocess.run([ROOT / "scripts/run-server", BINARY], env=environment, capture_output=True, text=True, timeout=60)
        stranger.shutdown()
    assert done.returncode == 1
    assert "another server already listens" in done.stderr and "COFFER_RUN_ADDR=" in done.stderr
    assert not any(path.startswith("/v1") for _, path in Stranger.asked), Stranger.asked
    assert not (home / "root-token").exists() and not (home / "init.json").exists()


def test_services_from_an_env_file(tmp_path):
    text = (ROOT / SERVICES).read_text()
    port = free_port()
    environment = clean_environment(
        PORT=port, HOME=tmp_path, PATH=f"{BINARY.parent}:{os.environ['PATH']}", no_proxy="127.0.0.1")
    make = re.search(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL).group(1)
    with open(tmp_path / "server.log", "w") as log:
        run = subprocess.Popen(["bash", "-c", make], cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while subprocess.run(["curl", "-sf", f"http://127.0.0.1:{port}/health"], capture_output=True, env=environment).returncode != 0:
            assert run.poll() is None and time.monotonic() < deadline, (tmp_path / "server.log").read_text()
            time.sleep(0.05)
        run_steps(text, ["set -u"], environment, tmp_path)
    finally:
        os.killpg(run.pid, signal.SIGTERM)
        try:
            run.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            raise


def run_steps(text, script, environment, directory):
    blocks = console_blocks(text)
    assert blocks
    tour = [step for block in blocks for step in steps(block)]
    for number, (command, _) in enumerate(tour):
        script += [f"echo; echo '@@{number}'", command, f"[ $? -eq 0 ] || exit {100 + number}"]
    done = subprocess.run(["bash", "-c", "\n".join(script)], env=environment, cwd=directory, capture_output=True, text=True, timeout=120)
    failed = tour[done.returncode - 100][0] if done.returncode >= 100 else ""
    assert done.returncode == 0, f"{failed}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    outputs = re.split(r"^\n?@@\d+\n", done.stdout, flags=re.MULTILINE)[1:]
    for (command, expected), output in zip(tour, outputs, strict=True):
        assert appears(expected, output), f"{command}\nexpected {expected}\ngot {output}"
