"""Logins at an OpenID provider that others wrote: Django OAuth Toolkit, which insists on PKCE and says who answers (RFC 9207)."""

import hashlib
import pathlib
import re
import secrets
import subprocess
import sys
import time
import urllib.parse

import hvac
import pytest
import requests
from django_provider import CLIENT, MOUNT
from harness import clean_environment, free_port
from hvac import exceptions
from identity_provider import encoded
from test_oidc_browser import Command, chromium, heading, page  # noqa: F401 (two of them are fixtures)

REDIRECT = "http://localhost:8250/oidc/callback"


class Provider:
    def __init__(self, directory):
        self.port, self.secret = free_port(), secrets.token_hex(16)
        self.address = f"http://127.0.0.1:{self.port}"
        self.log_path = directory / "provider.log"
        program = pathlib.Path(__file__).with_name("django_provider.py")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, program, directory, str(self.port), self.secret], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=clean_environment())
        started = time.monotonic()
        while True:
            try:
                requests.get(self.address + "/.well-known/openid-configuration", timeout=5).raise_for_status()
                return
            except requests.RequestException:
                assert self.process.poll() is None and time.monotonic() - started < 60, self.log_path.read_text()
                time.sleep(0.05)

    def sign_in(self, address, name, allows=True):
        """What a person does at the provider: the query with which the browser is sent back."""
        with requests.Session() as browser:
            form = browser.get(address, timeout=20)
            assert "Sign in" in form.text, form.text
            fields = {"username": name, "password": f"{name}-password", **self.hidden(form.text)}
            form = browser.post(form.url, data=fields, timeout=20)
            fields = {**self.hidden(form.text), **({"allow": "Authorize"} if allows else {})}
            place = browser.post(form.url, data=fields, allow_redirects=False, timeout=20)
            assert place.status_code == 302, place.text
            return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(place.headers["Location"]).query))

    @staticmethod
    def hidden(page):
        inputs = re.findall(r"<input type=\"hidden\"[^>]*>", page)
        found = {re.search('name="([^"]*)"', one)[1]: re.search('value="([^"]*)"', one) for one in inputs}
        return {name: value[1] if value else "" for name, value in found.items()}

    def close(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    made = Provider(tmp_path_factory.mktemp("provider"))
    yield made
    made.close()


@pytest.fixture
def mount(server, client, provider):
    """A mount with the roles `person`, for a browser, and `machine`, for tokens; those of the group staff get in."""
    name = MOUNT
    client.sys.enable_auth_method("oidc", path=name)
    client.auth.oidc.configure(
        oidc_discovery_url=provider.address, oidc_client_id=CLIENT, oidc_client_secret=provider.secret, default_role="person", path=name)
    for role, kind in (("person", "oidc"), ("machine", "jwt")):
        client.auth.oidc.create_role(
            role, user_claim="name", allowed_redirect_uris=[REDIRECT, "http://127.0.0.1/oidc/callback", f"{server.address}/v1/auth/{name}/oidc/callback"], role_type=kind,
            bound_audiences=[CLIENT], groups_claim="groups", bound_claims={"groups": ["staff"]}, oidc_scopes=["groups"], token_policies=["dev"],
            path=name)
    yield name
    client.sys.disable_auth_method(name)


def test_hvac_signs_in_with_a_code(server, client, provider, mount):
    accessor = client.sys.list_auth_methods()["data"][mount + "/"]["accessor"]
    group = client.secrets.identity.create_or_update_group(name=mount, group_type="external", policies=["of-staff"])["data"]["id"]
    client.secrets.identity.create_or_update_group_alias(name="staff", mount_accessor=accessor, canonical_id=group)
    caller = hvac.Client(url=server.address)
    address = caller.auth.oidc.oidc_authorization_url_request("person", REDIRECT, path=mount)["data"]["auth_url"]
    sent = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    assert sent["code_challenge_method"] == "S256" and sent["scope"] == "openid groups" and "code_verifier" not in sent
    back = provider.sign_in(address, "ada")
    assert back["iss"] == provider.address
    auth = caller.auth.oidc.oidc_callback(state=back["state"], nonce=sent["nonce"], code=back["code"], path=mount)["auth"]
    assert auth["token_policies"] == ["default", "dev"] and auth["identity_policies"] == ["of-staff"]
    entity = client.secrets.identity.read_entity(auth["entity_id"])["data"]
    assert [alias["name"] for alias in entity["aliases"]] == ["ada"]
    # The provider takes a code once as well.
    with pytest.raises(exceptions.InvalidRequest, match="Expired or missing OAuth state"):
        caller.auth.oidc.oidc_callback(state=back["state"], nonce=sent["nonce"], code=back["code"], path=mount)


def test_refusals(server, client, provider, mount):
    def callback(**changes):
        address = server.post(f"auth/{mount}/oidc/auth_url", {"role": "person", "redirect_uri": REDIRECT}, token=None).data["auth_url"]
        back = {**provider.sign_in(address, changes.pop("who", "ada"), changes.pop("allows", True)), **changes}
        reply = server.get(f"auth/{mount}/oidc/callback?{urllib.parse.urlencode(back)}", token=None)
        return reply.status, reply.errors if reply.status != 200 else []

    assert callback() == (200, [])
    assert callback(who="eve") == (400, ["Login failed. error validating claims: claim \"groups\" does not match any associated bound claim values"])
    assert callback(allows=False) == (400, ["Login failed. access_denied"])
    assert callback(iss="https://other.example") == (400, ["Login failed. The answer is of another issuer."])
    assert callback(code="made-up") == (400, ["Login failed. The provider did not accept the code."])
    client.auth.oidc.configure(oidc_discovery_url=provider.address, oidc_client_id=CLIENT, oidc_client_secret="wrong", path=mount)
    assert callback() == (400, ["Login failed. The provider did not accept the code."])
    assert provider.secret not in server.log()


def test_its_id_token_logs_a_machine_in(server, provider, mount):
    verifier = secrets.token_urlsafe(40)
    challenge = encoded(hashlib.sha256(verifier.encode()).digest())
    address = provider.address + "/authorize/?" + urllib.parse.urlencode({
        "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "openid groups", "state": "s",
        "code_challenge": challenge, "code_challenge_method": "S256"})

    def tokens(who, verifier):
        code = provider.sign_in(address, who)["code"]
        return requests.post(provider.address + "/token/", auth=(CLIENT, provider.secret), timeout=20, data={
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier})

    assert tokens("ada", "x" * 50).json()["error"] == "invalid_grant"
    for who, status in (("ada", 200), ("eve", 400)):
        token = tokens(who, verifier).json()["id_token"]
        reply = server.post(f"auth/{mount}/login", {"role": "machine", "jwt": token}, token=None)
        assert reply.status == status
    assert server.post(f"auth/{mount}/login", {"role": "machine", "jwt": token[:-4] + "AAAA"}, token=None).status == 400


@pytest.mark.parametrize("mode", ["client", "direct"])
def test_a_person_signs_in_with_a_browser(server, provider, mount, page, tmp_path, mode):  # noqa: F811
    server.post(f"auth/{mount}/role/person", {"callback_mode": mode}).expect(200, 204)
    command = Command(server, mount, tmp_path, *(["callbackmode=direct"] if mode == "direct" else ["callbackhost=127.0.0.1"]))
    page.goto(command.address)
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", "ada-password")
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=allow]").click()
    if mode == "direct":
        page.get_by_role("button", name="Confirm the login").click()
    page.wait_for_function("document.querySelector('h1') && document.querySelector('h1').innerText == 'Signed in'")
    status, said = command.end()
    assert status == 0, said
    assert server.get("auth/token/lookup-self", token=command.token).data["policies"] == ["default", "dev"]
