"""The github method and a server that answers as the API of GitHub does: logins, teams, renewals, and an API that fails."""

import http.server
import json
import subprocess
import threading

import hvac
import pytest
from harness import BINARY, clean_environment
from hvac import exceptions


class API(http.server.ThreadingHTTPServer):
    """The organization `example` (7) with the team `dev`, its member ann, and eve, who is in another one of that name."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.users = {"ghp_ann": {"login": "Ann", "id": 1}, "ghp_eve": {"login": "eve", "id": 3}}
        self.organizations = {"ghp_ann": [{"login": "other", "id": 5}, {"login": "example", "id": 7}],
                              "ghp_eve": [{"login": "example", "id": 8}]}
        self.status = 200
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/api/v3/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        api = self.server
        path = self.path.removeprefix("/api/v3").split("?")[0]
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        api.seen.append((self.path, token))
        if api.status != 200:
            return self.answer(api.status, {"message": "no"})
        if path == "/orgs/example" and not token:
            return self.answer(200, {"login": "example", "id": 7})
        if token not in api.users:
            return self.answer(401, {"message": "Bad credentials"})
        pages = {"/user": api.users[token], "/user/orgs": api.organizations[token],
                 "/user/teams": [{"name": "The Devs", "slug": "dev", "organization": {"id": 7}},
                                 {"name": "admins", "slug": "admins", "organization": {"id": 5}}]}
        return self.answer(200, pages[path]) if path in pages else self.answer(404, {"message": "Not Found"})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    made = API()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def github(server, api):
    root = hvac.Client(url=server.address, token=server.token)
    root.sys.enable_auth_method("github")
    assert root.auth.github.configure(organization="example", base_url=api.url, max_ttl="48h").status_code == 204
    yield root
    root.sys.disable_auth_method("github")


def test_hvac(github, server, api):
    method = github.auth.github
    shown = method.read_configuration()["data"]
    assert (shown["organization"], shown["organization_id"], shown["base_url"], shown["max_ttl"]) == ("example", 7, api.url, 172_800)
    assert method.map_team("dev", policies=["dev-policy", "more"]).status_code == 204
    assert method.map_team("admins", policies=["admin-policy"]).status_code == 204
    assert method.map_user("ANN", policies=["own"]).status_code == 204
    assert method.read_team_mapping("dev")["data"] == {"key": "dev", "value": "dev-policy,more"}
    assert method.read_user_mapping("ann")["data"] == {"key": "ann", "value": "own"}
    client = hvac.Client(url=server.address)
    auth = client.auth.github.login("ghp_ann")["auth"]
    assert auth["policies"] == ["default", "dev-policy", "more", "own"]
    assert auth["metadata"] == {"username": "Ann", "org": "example"}
    assert client.auth.token.lookup_self()["data"]["display_name"] == "github-Ann"
    client.auth.token.renew_self()
    for token in ("ghp_eve", "ghp_nobody", ""):
        with pytest.raises(exceptions.InvalidRequest):
            hvac.Client(url=server.address).auth.github.login(token)
    assert all("ghp_" not in path for path, _ in api.seen)
    log = server.log()
    assert "ghp_ann" not in log and "ghp_eve" not in log


def test_a_renewal_asks_again(github, server, api):
    token = hvac.Client(url=server.address).auth.github.login("ghp_ann")["auth"]["client_token"]

    def renewed():
        return server.post("auth/token/renew-self", {}, token=token)

    renewed().expect(200)
    api.status = 500
    assert renewed().status == 503 and "127.0.0.1" not in renewed().errors[0]
    assert server.post("auth/github/login", {"token": "ghp_ann"}, token=None).status == 503
    api.status = 200
    api.organizations["ghp_ann"] = [{"login": "example", "id": 8}]
    assert renewed().status == 400
    api.organizations["ghp_ann"] = [{"login": "renamed", "id": 7}]
    renewed().expect(200)
    api.users["ghp_ann"] = {"login": "Ann", "id": 9}
    assert renewed().status == 400
    assert "a GitHub login could not be decided" in server.log()


def test_command_line(github, server):
    done = subprocess.run(
        [str(BINARY), "login", "-method=github", "-no-store", "-field=token", "token=-"], input="ghp_ann\n", capture_output=True,
        text=True, timeout=60, env=clean_environment(COFFER_ADDR=server.address))
    assert done.returncode == 0, done.stderr
    assert server.get("auth/token/lookup-self", token=done.stdout.strip()).data["meta"]["username"] == "Ann"


def test_an_address_that_is_refused(server):
    server.post("sys/auth/github-metadata", {"type": "github"}).expect(204)
    for url in ("http://169.254.169.254/", "http://example.com/", "ftp://example.com/"):
        assert server.post("auth/github-metadata/config", {"organization": "example", "base_url": url}).status == 400
    reply = server.post(
        "auth/github-metadata/config", {"organization": "example", "organization_id": 7, "base_url": "http://169.254.169.254/"})
    assert (reply.status, reply.errors) == (400, ["field 'base_url' has an address that may not be called"])
