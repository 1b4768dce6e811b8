"""The same server by a JavaScript client without a browser."""

import json
import pathlib
import subprocess

from service_harness import ServiceServer


def test_a_javascript_client_over_every_route(tmp_path):
    server = ServiceServer(tmp_path / "server").start()
    try:
        client = pathlib.Path(__file__).with_name("service_client.mjs")
        done = subprocess.run(
            ["node", str(client), server.address, json.dumps(server.tokens)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.strip() == "all routes"
    finally:
        server.close()
