"""The sign-in page of the OpenID provider in a real browser: a person types a password and arrives at the program with a code."""

import http.server
import json
import os
import queue
import subprocess
import threading
import urllib.parse

import pyotp
import pytest
import requests
from test_identity_provider import Provider


class Browser:
    """Chromium, told what to do over the pipe of its debugging protocol."""

    def __init__(self, directory):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()

        def pipes():
            # The browser reads commands at 3 and writes answers to 4. Copies first, since the ends may be 3 and 4 already.
            reading, writing = os.dup(commands), os.dup(answers)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}", "--remote-debugging-pipe", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=pipes)
        os.close(commands)
        os.close(answers)
        self.rest, self.number, self.session = b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.answers, 65_536)
            assert piece, "the browser ended"
            self.rest += piece
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def run(self, script):
        return self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)["result"].get("value")

    def open(self, address):
        self.call("Page.navigate", url=address)
        while self.read().get("method") != "Page.loadEventFired":
            pass

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.commands)
        os.close(self.answers)


class Program:
    """The program that people log in to: it notes where the browser arrives."""

    def __init__(self):
        self.arrived = arrived = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/callback"):
                    arrived.put(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.redirect = f"http://127.0.0.1:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def program():
    made = Program()
    yield made
    made.close()


@pytest.fixture
def browser(tmp_path):
    made = Browser(tmp_path / "chromium")
    yield made
    made.close()


def signed_in(browser, mount, user, password):
    browser.run(f"""
        document.getElementById("mount").value = {json.dumps(mount)};
        document.getElementById("user").value = {json.dumps(user)};
        document.getElementById("password").value = {json.dumps(password)};
        document.getElementById("go").click();
    """)


def test_a_person_signs_in_with_a_password(server, browser, program):
    provider = Provider(server.address, server.token, redirect_uris=["http://127.0.0.1/callback"])
    query = {
        "client_id": provider.client["client_id"], "redirect_uri": program.redirect, "response_type": "code", "scope": "openid",
        "state": "s&x=1 <b>", "nonce": "n"}
    page = provider.document()["authorization_endpoint"] + "?" + urllib.parse.urlencode(query)
    browser.open(page)
    assert browser.run("document.getElementById('place').textContent") == program.redirect.split("/")[2]
    # A wrong password is said to be one, and the browser stays.
    signed_in(browser, provider.mount, "ada", "wrong")
    assert "wrong" in told(browser) and program.arrived.empty()
    tokens_before = len(provider.root.list("auth/token/accessors")["data"]["keys"])
    signed_in(browser, provider.mount, "ada", "right")
    answer = program.arrived.get(timeout=30)
    assert answer["state"] == query["state"] and answer["iss"] == provider.issuer
    tokens = requests.post(provider.issuer + "/token", timeout=20, data={
        "grant_type": "authorization_code", "code": answer["code"], "redirect_uri": program.redirect,
        "client_id": provider.client["client_id"], "client_secret": provider.client["client_secret"]}).json()
    assert provider.verified(tokens["id_token"])["nonce"] == "n"
    # The token of the login is revoked, and the browser keeps nothing.
    assert len(provider.root.list("auth/token/accessors")["data"]["keys"]) == tokens_before
    assert browser.call("Storage.getCookies")["cookies"] == []


def test_a_refusal_is_told_to_the_program(server, browser, program):
    provider = Provider(server.address, server.token, redirect_uris=["http://127.0.0.1/callback"], assignments=[])
    query = {"client_id": provider.client["client_id"], "redirect_uri": program.redirect, "response_type": "code", "scope": "openid", "state": "s"}
    browser.open(provider.document()["authorization_endpoint"] + "?" + urllib.parse.urlencode(query))
    signed_in(browser, provider.mount, "ada", "right")
    answer = program.arrived.get(timeout=30)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s", provider.issuer) and "code" not in answer


def told(browser):
    """What the page says is wrong, once it says something."""
    return browser.run("""
        new Promise(done => { const look = () => { const box = document.getElementById("problem");
          box.hidden || document.getElementById("go").disabled ? setTimeout(look, 50) : done(box.textContent); }; look(); })
    """)


def test_a_person_signs_in_with_a_second_factor(server, browser, program):
    provider = Provider(server.address, server.token, redirect_uris=["http://127.0.0.1/callback"])
    made = server.post("identity/mfa/method/totp", {"issuer": "Coffer", "method_name": "phone-" + provider.name}).expect(200).data
    secret = server.post(
        "identity/mfa/method/totp/admin-generate", {"method_id": made["method_id"], "entity_id": provider.entity}).expect(200).data
    app = pyotp.parse_uri(secret["url"])
    enforcement = "identity/mfa/login-enforcement/" + provider.name
    server.post(enforcement, {"mfa_method_ids": [made["method_id"]], "identity_entity_ids": [provider.entity]}).expect(204)
    query = {
        "client_id": provider.client["client_id"], "redirect_uri": program.redirect, "response_type": "code", "scope": "openid",
        "state": "s", "max_age": "0"}
    browser.open(provider.document()["authorization_endpoint"] + "?" + urllib.parse.urlencode(query))
    signed_in(browser, provider.mount, "ada", "right")
    assert "second factor" in told(browser)
    assert browser.run("document.querySelector('#code-fields select').selectedOptions[0].textContent") == "phone-" + provider.name

    def typed(code):
        browser.run(f"""
            document.querySelector("#code-fields input").value = {json.dumps(code)};
            document.getElementById("go").click();
        """)

    typed("")
    assert "Type the code" in told(browser)
    typed("000000")
    assert "The code is wrong" in told(browser) and program.arrived.empty()
    tokens_before = len(provider.root.list("auth/token/accessors")["data"]["keys"])
    typed(app.now())
    answer = program.arrived.get(timeout=30)
    assert answer["state"] == "s" and answer["iss"] == provider.issuer and answer["code"]
    assert len(provider.root.list("auth/token/accessors")["data"]["keys"]) == tokens_before


def test_a_parameter_that_is_there_twice_is_refused(server, program):
    provider = Provider(server.address, server.token, redirect_uris=["http://127.0.0.1/callback"])
    query = [
        ("client_id", provider.client["client_id"]), ("redirect_uri", "https://elsewhere.example/"), ("response_type", "code"),
        ("scope", "openid"), ("redirect_uri", program.redirect)]
    page = requests.get(provider.document()["authorization_endpoint"] + "?" + urllib.parse.urlencode(query), timeout=20)
    assert page.status_code == 400 and "<html" not in page.text and program.redirect not in page.text
    assert requests.get(f"{server.address}/v1/identity/oidc/provider/none/sign-in", timeout=20).status_code == 404


def test_nobody_is_sent_to_a_place_that_the_client_does_not_name(server, browser, program):
    provider = Provider(server.address, server.token)
    query = {"client_id": provider.client["client_id"], "redirect_uri": program.redirect, "response_type": "code", "scope": "openid"}
    browser.open(provider.document()["authorization_endpoint"] + "?" + urllib.parse.urlencode(query))
    signed_in(browser, provider.mount, "ada", "right")
    assert "redirect_uri is not allowed" in told(browser) and program.arrived.empty()
