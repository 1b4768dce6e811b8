"""Logins at an OpenID provider in a real browser, Chromium: what its pages say and leave behind, and the port that `coffer login` listens on."""

import os
import secrets
import shutil
import subprocess
import urllib.parse

import pytest
import requests
from harness import BINARY, clean_environment, free_port
from identity_provider import IdentityProvider
from playwright import sync_api

REDIRECT = "http://localhost:8250/oidc/callback"
HOSTILE = "<script>window.hostile=1</script>\"><img src=x onerror=window.hostile=1>"


@pytest.fixture(scope="module")
def chromium():
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Chromium is not installed; run scripts/install-system test"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"] if os.getuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A tab of a fresh profile, with every address that it asked for and everything that it complained of."""
    context = chromium.new_context()
    made = context.new_page()
    made.asked, made.complaints = [], []
    made.on("request", lambda request: made.asked.append(request.url))
    made.on("console", lambda message: made.complaints.append(message.text))
    made.on("pageerror", lambda error: made.complaints.append(str(error)))
    yield made
    context.close()


@pytest.fixture
def provider():
    made = IdentityProvider()
    yield made
    made.close()


@pytest.fixture
def login(server, provider):
    """Makes a mount with the role `person`, and begins logins there."""
    made = []

    class Login:
        def __init__(self, callback_mode="direct", response_mode=""):
            self.mount = "oidc-" + secrets.token_hex(4)
            self.redirect = f"{server.address}/v1/auth/{self.mount}/oidc/callback" if callback_mode == "direct" else REDIRECT
            server.post(f"sys/auth/{self.mount}", {"type": "oidc"}).expect(204)
            server.post(f"auth/{self.mount}/config", {
                "oidc_discovery_url": provider.address, "oidc_client_id": provider.client, "oidc_client_secret": provider.secret,
                "oidc_response_mode": response_mode, "default_role": "person"}).expect(200, 204)
            server.post(f"auth/{self.mount}/role/person", {
                "user_claim": "sub", "allowed_redirect_uris": self.redirect, "callback_mode": callback_mode, "poll_interval": 1}).expect(200, 204)

        def begin(self):
            body = {"redirect_uri": self.redirect, "client_nonce": "n"}
            return server.post(f"auth/{self.mount}/oidc/auth_url", body, token=None).expect(200).data

        def poll(self, state):
            return server.post(f"auth/{self.mount}/oidc/poll", {"state": state, "client_nonce": "n"}, token=None)

    def make(**options):
        made.append(Login(**options))
        return made[-1]

    yield make
    for one in made:
        server.delete(f"sys/auth/{one.mount}").expect(204)


def heading(page):
    return page.locator("h1").inner_text()


def is_plain(page, response):
    """Nothing in a page runs, nothing frames it, and the browser keeps no copy and tells no other site of it."""
    policy = {part.split()[0]: part.split()[1:] for part in response.headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'none'"] and policy["frame-ancestors"] == ["'none'"] and policy["form-action"] == ["'self'"]
    assert policy["base-uri"] == ["'none'"] and "script-src" not in policy
    assert response.headers["cache-control"] == "no-store" and response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert page.locator("script").count() == 0 and page.evaluate("window.hostile") is None
    assert page.evaluate("[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !a.name.startsWith('on')))")
    assert page.complaints == []


def test_a_person_confirms_and_is_told(server, provider, login, page):
    here = login()
    begun = here.begin()
    response = page.goto(begun["auth_url"])
    is_plain(page, response)
    assert heading(page) == "Confirm the login" and "the role person" in page.locator("main").inner_text()
    assert page.locator(".warning").count() == 0
    assert here.poll(begun["state"]).errors == ["authorization_pending"]
    with page.expect_navigation() as navigation:
        page.get_by_role("button", name="Confirm the login").click()
    is_plain(page, navigation.value)
    assert heading(page) == "Signed in" and "return to the program" in page.locator("main").inner_text()
    token = here.poll(begun["state"]).expect(200).json["auth"]["client_token"]
    assert server.get("auth/token/lookup-self", token=token).data["meta"] == {"role": "person"}
    # What the address bar and the history have is worth nothing any more.
    for address in page.asked:
        assert token not in address and "id_token" not in address and "access-1" not in address
    last = page.url
    page.reload()
    assert heading(page) == "Sign-in failed" and "Expired" in page.locator("main").inner_text()
    page.go_back()
    assert heading(page) == "Sign-in failed"
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(last).query))["code"]
    assert code not in provider.codes and here.poll(begun["state"]).status == 400


def test_an_address_that_is_not_the_programs_is_pointed_out(login, provider, page, server):
    here = login()
    body = {"redirect_uri": here.redirect, "client_nonce": "n"}
    # The program calls from another address than the browser.
    with requests.Session() as session:
        session.mount("http://", FromAddress("127.0.0.9"))
        begun = session.post(f"{server.address}/v1/auth/{here.mount}/oidc/auth_url", json=body, timeout=20).json()["data"]
    page.goto(begun["auth_url"])
    assert "127.0.0.9" in page.locator("main").inner_text()
    assert "do not confirm" in page.locator(".warning").inner_text()


class FromAddress(requests.adapters.HTTPAdapter):
    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def test_a_wrong_state_is_a_page(server, login, page):
    here = login()
    state = here.begin()["state"]
    minute, rest = state.split(".", 1)
    for wrong in (state.replace(".direct", "A.direct"), f"{int(minute) - 20}.{rest}", "1.00000000.x.direct"):
        response = page.goto(f"{here.redirect}?{urllib.parse.urlencode({'state': wrong, 'code': HOSTILE})}")
        assert response.status == 400 and heading(page) == "Sign-in failed"
        assert "Expired or missing OAuth state" in page.locator("main").inner_text()
        assert page.complaints == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]
        page.complaints.clear()
        is_plain(page, response)
    # A state of the other mode is not for browsers, and answers programs.
    reply = server.get(f"auth/{here.mount}/oidc/callback?state={state.removesuffix('.direct')}&code=x", token=None)
    assert (reply.status, reply.errors) == (400, ["Login failed. Expired or missing OAuth state."])


@pytest.mark.parametrize("error, said", [("access_denied", "access_denied"), (HOSTILE, "for an unknown reason")])
def test_a_refusal_of_the_provider(provider, login, page, error, said):
    here = login()
    begun = here.begin()
    provider.refusal = (error, HOSTILE)
    response = page.goto(begun["auth_url"])
    assert response.status == 400 and heading(page) == "Sign-in failed" and said in page.locator("main").inner_text()
    assert "hostile" not in page.content()
    page.complaints.clear()
    is_plain(page, response)
    # The program that waits is told as well.
    assert here.poll(begun["state"]).status == 400


def test_what_a_link_brings_is_text(login, page):
    here = login()
    state = here.begin()["state"]
    response = page.goto(f"{here.redirect}?{urllib.parse.urlencode({'state': state, 'code': HOSTILE})}")
    assert heading(page) == "Confirm the login" and page.locator('input[name="code"]').get_attribute("value") == HOSTILE
    is_plain(page, response)


def test_no_other_site_frames_the_confirmation(provider, login, page):
    here = login()
    begun = here.begin()
    page.route("http://elsewhere.test/", lambda route: route.fulfill(
        body=f'<iframe src="{here.redirect}?state={begun["state"]}&code=x"></iframe>', content_type="text/html"))
    page.goto("http://elsewhere.test/")
    page.wait_for_timeout(500)
    assert all("Confirm" not in frame.content() for frame in page.frames[1:]) and len(page.frames) == 2
    assert any("frame-ancestors" in complaint or "refused to connect" in complaint for complaint in page.complaints) or \
        page.frames[1].url.startswith("chrome-error:")


def test_a_provider_that_posts_a_form(provider, login, page):
    here = login(response_mode="form_post")
    begun = here.begin()
    page.goto(begun["auth_url"])
    page.wait_for_selector("h1")
    assert heading(page) == "Confirm the login"
    # The code came in a body, and is in no address.
    assert page.url == here.redirect and not any("code=" in address for address in page.asked if address.startswith(here.redirect))
    page.get_by_role("button", name="Confirm the login").click()
    page.wait_for_function("document.querySelector('h1').innerText == 'Signed in'")
    assert here.poll(begun["state"]).expect(200).json["auth"]["metadata"] == {"role": "person"}
    provider.refusal = ("access_denied", HOSTILE)
    page.goto(here.begin()["auth_url"])
    page.wait_for_selector("h1")
    assert heading(page) == "Sign-in failed" and "hostile" not in page.content()


# The command line

class Command:
    """`coffer login -method=oidc` that waits for a browser."""

    def __init__(self, server, mount, home, *arguments):
        self.home, self.port = home, free_port()
        self.process = subprocess.Popen(
            [BINARY, "login", "-method=oidc", f"-path={mount}", f"port={self.port}", "skip_browser=true", *arguments],
            env=clean_environment(COFFER_ADDR=server.address, HOME=home), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL)
        self.address = ""
        while not self.address:
            line = self.process.stderr.readline()
            assert line, "no address"
            self.address = line.strip() if line.strip().startswith("http") else ""

    def end(self):
        output, errors = self.process.communicate(timeout=30)
        return self.process.returncode, output + errors

    @property
    def token(self):
        return (self.home / ".coffer-token").read_text().strip()


@pytest.mark.parametrize("response_mode", ["", "form_post"])
def test_the_command_line_waits_for_the_browser(server, provider, login, page, tmp_path, response_mode):
    command = Command(server, login(callback_mode="client", response_mode=response_mode).mount, tmp_path)
    page.goto(command.address)
    page.wait_for_selector("h1")
    assert heading(page) == "Signed in"
    status, said = command.end()
    assert status == 0, said
    assert server.get("auth/token/lookup-self", token=command.token).data["meta"] == {"role": "person"}
    assert page.locator("script").count() == 0 and not any(command.token in address for address in page.asked)
    assert command.token not in page.content()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{command.port}/oidc/callback", timeout=5)


def test_the_command_line_says_why_the_provider_refused(server, provider, login, page, tmp_path):
    command = Command(server, login(callback_mode="client").mount, tmp_path)
    provider.refusal = ("access_denied", HOSTILE)
    response = page.goto(command.address)
    assert response.status == 400 and heading(page) == "Sign-in failed" and "hostile" not in page.content()
    status, said = command.end()
    assert status == 2 and "access_denied" in said and "hostile" not in said


def test_a_page_cannot_log_somebody_elses_account_in(server, provider, login, page, tmp_path):
    here = login(callback_mode="client")
    # A stranger signs in as themself, in a login of their own without a nonce, and has the victim's browser bring the answer.
    begun = server.post(f"auth/{here.mount}/oidc/auth_url", {"redirect_uri": REDIRECT}, token=None).data
    strangers = urllib.parse.urlsplit(requests.get(begun["auth_url"], allow_redirects=False, timeout=20).headers["Location"]).query
    command = Command(server, here.mount, tmp_path)
    local = f"http://localhost:{command.port}/oidc/callback"
    for address in (f"{local}?{strangers}", local, f"{local}?state=x&code=y", f"{local}?error=access_denied"):
        assert page.goto(address).status == 404
    requests.post(f"http://127.0.0.1:{command.port}/oidc/callback", data=strangers, timeout=5)
    assert command.process.poll() is None
    # The login that the person began is still waited for.
    page.goto(command.address)
    assert heading(page) == "Signed in" and command.end()[0] == 0


def test_the_command_line_polls_while_the_server_gets_the_answer(server, provider, login, page, tmp_path):
    command = Command(server, login().mount, tmp_path, "callbackmode=direct")
    page.goto(command.address)
    page.get_by_role("button", name="Confirm the login").click()
    page.wait_for_function("document.querySelector('h1').innerText == 'Signed in'")
    status, said = command.end()
    assert status == 0, said
    assert server.get("auth/token/lookup-self", token=command.token).data["meta"] == {"role": "person"}
