"""An issuer of tokens and OpenID provider on loopback, which signs with keys that it makes itself."""

import base64
import hashlib
import hmac
import html
import json
import secrets
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return encoded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    def __init__(self, algorithm="ES256", kid="k1"):
        self.algorithm, self.kid = algorithm, kid
        if algorithm.startswith(("RS", "PS")):
            self.private = rsa.generate_private_key(65537, 2048)
        elif algorithm.startswith("ES"):
            self.private = ec.generate_private_key({"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[algorithm]())
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()

    @property
    def pem(self):
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    @property
    def jwk(self):
        public = self.private.public_key()
        common = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm.startswith(("RS", "PS")):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **common}
        if self.algorithm.startswith("ES"):
            numbers, size = public.public_numbers(), (public.curve.key_size + 7) // 8
            curve = {256: "P-256", 384: "P-384", 521: "P-521"}[public.curve.key_size]
            return {"kty": "EC", "crv": curve, "x": number(numbers.x, size), "y": number(numbers.y, size), **common}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw), **common}

    def sign(self, claims, header=None, payload=None):
        """A token of these claims, or of this text as the payload."""
        head = json.dumps(header or {"alg": self.algorithm, "typ": "JWT", "kid": self.kid}).encode()
        signed = f"{encoded(head)}.{encoded(payload or json.dumps(claims).encode())}"
        return f"{signed}.{encoded(self.signature(signed.encode()))}"

    def signature(self, signed):
        if self.algorithm == "EdDSA":
            return self.private.sign(signed)
        digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[self.algorithm[2:]]()
        if self.algorithm.startswith("RS"):
            return self.private.sign(signed, padding.PKCS1v15(), digest)
        if self.algorithm.startswith("PS"):
            return self.private.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        r, s = utils.decode_dss_signature(self.private.sign(signed, ec.ECDSA(digest)))
        size = (self.private.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def hs256(claims, secret, kid=None):
    head = {"alg": "HS256", "typ": "JWT", **({"kid": kid} if kid else {})}
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


class IdentityProvider:
    client, secret = "coffer-client", "a-client-secret"

    def __init__(self, algorithm="RS256"):
        self.keys = [Key(algorithm)]
        self.published = None
        self.codes, self.requests, self.fault = {}, [], None
        # The paths that the fault is of; None for all of them.
        self.faulty = None
        self.person = {"sub": "ada", "email": "ada@example.com", "groups": ["staff"]}
        self.device_done = False
        # The error and its description with which every sign-in is refused.
        self.refusal = None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                provider.answer(self, "")

            def do_POST(self):
                provider.answer(self, self.rfile.read(int(self.headers.get("content-length", 0))).decode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def key(self):
        return self.keys[0]

    def claims(self, **more):
        now = int(time.time())
        return {"iss": self.address, "sub": "ada", "aud": "coffer", "iat": now, "exp": now + 300, **more}

    def answer(self, handler, body):
        path, _, query = handler.path.partition("?")
        self.requests.append((handler.command, path))
        fields = dict(urllib.parse.parse_qsl(query or body))
        if self.fault and self.faulty is not None and path not in self.faulty:
            pass
        elif self.fault == "slow":
            time.sleep(20)
        elif self.fault:
            return self.fail(handler)
        return self.route(path, handler, fields)

    def fail(self, handler):
        """An answer that is not what it should be."""
        if self.fault == "drip":
            try:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n")
                for _ in range(100):
                    handler.wfile.write(b"{")
                    handler.wfile.flush()
                    time.sleep(0.2)
            except OSError:
                pass
            return None
        if self.fault == "redirect":
            return self.send(handler, 302, b"", Location="http://169.254.169.254/latest/meta-data")
        if self.fault == "cut":
            return handler.connection.close()
        if self.fault == "huge":
            return self.send(handler, 200, b"[" + b" " * (8 << 20) + b"]")
        if self.fault == "wrong":
            return self.send(handler, 200, b"<html>")
        if self.fault == "error":
            return self.send(handler, 500, b"inner address 10.0.0.7")
        raise AssertionError(self.fault)

    def route(self, path, handler, fields):
        route = {
            "/.well-known/openid-configuration": self.discovery, "/keys": self.key_set, "/authorize": self.authorize,
            "/token": self.token, "/userinfo": self.userinfo, "/device": self.device,
        }.get(path)
        return route(handler, fields) if route else self.send(handler, 404, b"{}")

    @staticmethod
    def send(handler, status, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            handler.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **headers}.items():
                handler.send_header(name, str(value))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass

    def discovery(self, handler, fields):
        endpoints = {
            "authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo", "jwks_uri": "keys",
            "device_authorization_endpoint": "device",
        }
        self.send(handler, 200, {"issuer": self.address, **{k: f"{self.address}/{v}" for k, v in endpoints.items()}})

    def key_set(self, handler, fields):
        self.send(handler, 200, {"keys": [key.jwk for key in self.published or self.keys]})

    def authorize(self, handler, fields):
        code = secrets.token_urlsafe(16)
        self.codes[code] = fields
        answer = {"state": fields["state"], **({"error": self.refusal[0], "error_description": self.refusal[1]} if self.refusal else {"code": code})}
        if fields.get("response_mode") == "form_post":
            inputs = "".join(f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in answer.items())
            page = f'<body onload="document.forms[0].submit()"><form method="post" action="{fields["redirect_uri"]}">{inputs}</form></body>'
            return self.send(handler, 200, page.encode(), **{"Content-Type": "text/html"})
        place = fields["redirect_uri"] + "?" + urllib.parse.urlencode({**answer, "session_state": "x"})
        return self.send(handler, 302, b"", Location=place)

    def token(self, handler, fields):
        expected = "Basic " + base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
        if handler.headers.get("authorization") != expected:
            return self.send(handler, 401, {"error": "invalid_client"})
        if fields.get("grant_type", "").endswith("device_code"):
            if not self.device_done:
                return self.send(handler, 400, {"error": "authorization_pending"})
            begun = {}
        else:
            begun = self.codes.pop(fields.get("code"), None)
            challenge = encoded(hashlib.sha256(fields.get("code_verifier", "").encode()).digest())
            if begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != fields["redirect_uri"]:
                return self.send(handler, 400, {"error": "invalid_grant"})
        nonce = {"nonce": begun["nonce"]} if "nonce" in begun else {}
        token = self.key.sign(self.claims(aud=self.client, sub=self.person["sub"], **nonce))
        return self.send(handler, 200, {"access_token": "access-1", "token_type": "Bearer", "id_token": token, "expires_in": 60})

    def userinfo(self, handler, fields):
        if handler.headers.get("authorization") != "Bearer access-1":
            return self.send(handler, 401, {})
        return self.send(handler, 200, self.person)

    def device(self, handler, fields):
        self.send(handler, 200, {
            "device_code": "device-1", "user_code": "WXYZ-1234", "verification_uri": f"{self.address}/activate", "interval": 1})
