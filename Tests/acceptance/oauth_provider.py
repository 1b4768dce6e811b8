"""An OAuth provider on loopback: real HTTP, misbehaves as told, and notes when a refresh token is used twice."""

import http.server
import json
import secrets
import threading
import time
import urllib.parse


class Provider:
    """Each platform of it is a path: /<platform>/token, /authorize, /revoke, /me."""

    def __init__(self, lifetime=3600):
        self.lifetime = lifetime
        self.lock = threading.Lock()
        self.good, self.spent, self.twice, self.revoked, self.codes = set(), set(), [], [], {}
        self.requests = []  # (path, headers, form)
        self.modes = []  # what the next answers are; empty is well-behaved
        self.arrived = threading.Semaphore(0)  # one for each token request that has come
        self.answered = threading.Semaphore(0)  # one for each answer whose last byte was handed to the network
        self.taken = threading.Semaphore(0)  # one for each answer after which the asker closed its side: it has read it whole
        self.gate = None
        self.issued = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.serve(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()

    def refresh_token(self):
        token = "refresh-" + secrets.token_hex(16)
        with self.lock:
            self.good.add(token)
            self.issued.append(token)
        return token

    def hold(self):
        """Answers wait, their tokens spent already, until `release`."""
        self.gate = threading.Event()

    def release(self):
        if self.gate:
            self.gate.set()
            self.gate = None

    def calls(self, path="/token"):
        return [r for r in self.requests if r[0].endswith(path)]

    def serve(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        raw = request.rfile.read(length)
        if "json" in (request.headers.get("Content-Type") or ""):
            form = json.loads(raw or b"{}")
        else:
            form = dict(urllib.parse.parse_qsl(raw.decode()))
        path = request.path.split("?")[0]
        with self.lock:
            self.requests.append((path, dict(request.headers), form))
            mode = self.modes.pop(0) if self.modes and path.endswith("/token") else "grant"
            if path.startswith("/calm/") and mode == "grant":
                mode = "omit"
        if path.endswith("/revoke"):
            self.revoked.append(form.get("token"))
            return reply(request, 200, b"")
        if path.endswith("/me"):
            known = request.headers.get("Authorization", "").removeprefix("Bearer ") in self.issued
            return reply(request, 200 if known else 401, b"{}")
        if not path.endswith("/token"):
            return reply(request, 404, b"")
        answer = self.token(form, mode)
        self.arrived.release()
        gate = self.gate
        if gate:
            gate.wait(30)
        try:
            reply(request, *answer)
            self.answered.release()
            if gate:
                request.connection.settimeout(30)
                if request.connection.recv(1) == b"":
                    self.taken.release()
        except OSError:
            pass

    def token(self, form, mode):
        if mode == "500":
            return 500, b'{"error":"server_error"}'
        if mode == "invalid_grant":
            return 400, b'{"error":"invalid_grant"}'
        if mode == "echo":
            said = form["refresh_token"]
            return 400, json.dumps({"error": said, "error_description": said, "error_uri": form["client_secret"]}).encode()
        if mode == "echo html":
            return 500, f"<html>{form['refresh_token']} {form['client_secret']}</html>".encode(), {"Content-Type": "text/html"}
        if mode == "ok:false":
            return 200, b'{"ok":false,"error":"fatal_error"}'
        if mode == "redirect":
            return 302, b"", {"Location": "http://169.254.169.254/latest/meta-data/"}
        if mode == "html":
            return 503, b"<html>busy</html>", {"Content-Type": "text/html"}
        if mode == "huge":
            self.spend(form)
            return 200, b'{"access_token":"' + b"x" * (10 << 20) + b'"}'
        if mode == "slow":
            time.sleep(1)
        if form.get("grant_type") == "authorization_code":
            challenge = self.codes.pop(form.get("code"), None)
            if challenge is None:
                return 400, b'{"error":"invalid_grant"}'
        elif form.get("grant_type") == "refresh_token" and mode != "omit":
            if not self.spend(form):
                return 400, b'{"error":"invalid_grant"}'
        access = "access-" + secrets.token_hex(16)
        self.issued.append(access)
        body = {"access_token": access, "token_type": "bearer"}
        if mode != "no expiry":
            body["expires_in"] = self.lifetime
        if mode != "omit":
            body["refresh_token"] = self.refresh_token()
        return 200, json.dumps(body).encode()

    def spend(self, form):
        token = form.get("refresh_token")
        with self.lock:
            if token in self.spent:
                self.twice.append(token)
            self.spent.add(token)
            if token in self.good:
                self.good.discard(token)
                return True
            return False

    def profiles(self, directory, *names):
        """Writes platform profiles that lead here. `calm` keeps its refresh tokens; all others are good for one use."""
        for name in names or ("acme",):
            rotates = name != "calm"
            (directory / f"{name}.yaml").write_text(f"""name: {name}
auth: oauth2
authorization_url: {self.url}/{name}/authorize
token_url: {self.url}/{name}/token
revocation_url: {self.url}/{name}/revoke
rotates_refresh_token: {str(rotates).lower()}
retry_in_doubt: {str(not rotates).lower()}
default_scopes: [read]
verify:
  url: {self.url}/{name}/me
allowed_hosts: [127.0.0.1]
""")


def reply(request, status, body, headers=None):
    request.send_response(status)
    headers = {"Content-Type": "application/json", **(headers or {})}
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
