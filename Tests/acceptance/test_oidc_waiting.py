"""What the command line does while it waits for a browser: pages of others that call it, connections without a request, programs that print."""

import json
import re
import socket
import subprocess
import time
import urllib.parse

import hvac
import pytest
import requests
from harness import BINARY, clean_environment, free_port
from test_jwt_oidc import REDIRECT, browse, configured, mount, provider, role  # noqa: F401


@pytest.fixture
def waiting(server, client, provider, mount, tmp_path):  # noqa: F811
    """Begins a login, and returns the process, the address of the provider and the port that waits for the browser."""
    configured(client, provider, mount, oidc_client_id=provider.client, oidc_client_secret=provider.secret, default_role="app")
    role(client, mount, role_type="oidc", bound_audiences=[provider.client], allowed_redirect_uris=[REDIRECT])
    started = []

    def begin(*options, browser="/bin/false"):
        port = free_port()
        environment = clean_environment(COFFER_ADDR=server.address, HOME=tmp_path, BROWSER=browser)
        run = subprocess.Popen(
            [BINARY, "login", "-method=oidc", f"-path={mount}", *options, f"port={port}"], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        started.append(run)
        address = ""
        while not address:
            line = run.stderr.readline()
            assert line, "no address"
            address = line.strip() if line.strip().startswith("http") else ""
        return run, address, port

    yield begin
    for run in started:
        if run.poll() is None:
            run.kill()


def test_a_page_of_somebody_else_neither_ends_the_login_nor_logs_in_another_account(server, waiting):
    run, address, port = waiting()
    # Somebody else has begun a login too, and has signed in as himself. His page has the browser bring his answer here.
    other_run, other_address, other_port = waiting()
    foreign = browse(other_address).replace("localhost", "127.0.0.1").replace(str(other_port), str(port))
    here = f"http://127.0.0.1:{port}/oidc/callback"
    assert requests.get(foreign, timeout=5).status_code == 404
    for query in ("", "?error=access_denied", "?state=x&error=access_denied", "?state=x&code=y"):
        assert requests.get(here + query, timeout=5).status_code == 404, query
    assert requests.post(here, data={"state": "x", "code": "y"}, timeout=5).status_code == 404
    assert run.poll() is None
    page = requests.get(browse(address).replace("localhost", "127.0.0.1"), timeout=20)
    assert page.status_code == 200 and "You are signed in" in page.text
    errors = run.communicate(timeout=20)[1]
    assert run.returncode == 0, errors


def test_a_connection_without_a_request_holds_nobody_up(waiting):
    run, address, port = waiting()
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    idle[0].sendall(b"GET /oidc/callback?state=")
    began = time.monotonic()
    page = requests.get(browse(address).replace("localhost", "127.0.0.1"), timeout=20)
    assert page.status_code == 200 and time.monotonic() - began < 4
    for connection in idle:
        connection.close()
    assert run.communicate(timeout=20) and run.returncode == 0


def test_what_a_browser_prints_is_no_part_of_the_output(server, waiting, tmp_path):
    browser = tmp_path / "browser"
    opened = tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "Opening in existing browser session."\necho noise >&2\nread line && echo "$line"\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    for option in ("-token-only", "-format=json"):
        opened.unlink(missing_ok=True)
        run, address, _ = waiting(option, browser=str(browser))
        end = time.monotonic() + 10
        while not opened.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert opened.read_text().strip() == address
        requests.get(browse(address).replace("localhost", "127.0.0.1"), timeout=20)
        output, errors = run.communicate(timeout=20)
        assert run.returncode == 0 and "noise" not in errors, errors
        token = output.strip() if option == "-token-only" else json.loads(output)["auth"]["client_token"]
        assert hvac.Client(url=server.address, token=token).auth.token.lookup_self()["data"]["meta"] == {"role": "app"}


@pytest.mark.parametrize("types", ["code", "id_token"])
def test_a_provider_that_posts_forms_to_the_command_line(server, client, provider, mount, waiting, types):  # noqa: F811
    configured(
        client, provider, mount, oidc_client_id=provider.client, oidc_client_secret=provider.secret, default_role="app",
        oidc_response_mode="form_post", oidc_response_types=types)
    run, address, port = waiting()
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    assert query["response_mode"] == "form_post" and query["response_type"] == types
    form = dict(re.findall('name="([a-z]+)" value="([^"]*)"', requests.get(address, timeout=20).text))
    assert form["state"] == query["state"] and form["code"]
    if types == "id_token":
        form = {"state": query["state"], "id_token": provider.key.sign(provider.claims(aud=provider.client, nonce=query["nonce"]))}
    page = requests.post(f"http://127.0.0.1:{port}/oidc/callback", data=form, timeout=20)
    errors = run.communicate(timeout=20)[1]
    assert page.status_code == 200 and run.returncode == 0, errors
