"""The login methods beside OpenBao's: the same requests to both, and what differs in status, members, values or kind of error, with why.

OpenBao's program has the method ldap no longer, and github never had it: what Vault's clients send to those is in test_hvac_logins.py and
test_terraform_logins.py. Logins with tokens are compared in test_jwt_oidc.py.
"""

import json
import os
import secrets

import pytest
import requests
from test_kubernetes_login import REVIEWER, Cluster
from test_openbao_cli import OpenBao, Peer
from test_tls import Authority


class Sides:
    """Coffer and OpenBao, each with a mount of every kind of the same name."""

    def __init__(self, server, bao, token):
        self.addresses = {"coffer": (server.address, server.token), "openbao": (bao.address, token)}
        for kind in ("cert", "kubernetes", "userpass", "approle", "jwt"):
            for name, (address, root) in self.addresses.items():
                made = requests.post(f"{address}/v1/sys/auth/both-{kind}", json={"type": kind}, headers={"X-Vault-Token": root}, timeout=20)
                assert made.status_code == 204, (name, made.text)

    def ask(self, method, path, body=None, with_token=True):
        """What is compared of the two answers."""
        found = {}
        for name, (address, token) in self.addresses.items():
            headers = {"X-Vault-Token": token} if with_token else {}
            reply = requests.request(method, f"{address}/v1/auth/both-{path}", json=body, headers=headers, timeout=40)
            content = reply.json() if reply.content else {}
            auth = content.get("auth") or {}
            found[name] = {
                "status": reply.status_code, "data": plain(content.get("data")), "errors": content.get("errors"),
                "warnings": bool(content.get("warnings")),
                "auth": {k: plain(auth.get(k)) for k in ("policies", "metadata", "lease_duration", "renewable", "token_type", "num_uses", "orphan")}}
        return found


def plain(value):
    """Absent and empty are the same, and sets have no order."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()} or None
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=str) or None
    return value if value not in ("", {}) else None


@pytest.fixture(scope="module")
def sides(server, tmp_path_factory):
    bao = OpenBao(tmp_path_factory.mktemp("openbao"), "static")
    try:
        yield Sides(server, bao, Peer("openbao", bao.address, "static").token)
    finally:
        bao.close()


def compare(cases, expected):
    """Fails unless the answers differ where, and only where, the reasons say so."""
    assert differences(cases) == {name: sorted(parts) for name, (parts, _) in expected.items()}


def differences(cases):
    """By case, the parts that differ."""
    found = {}
    for name, answers in cases.items():
        ours, theirs = answers["coffer"], answers["openbao"]
        parts = [part for part in ("status", "warnings", "auth") if ours[part] != theirs[part]]
        mine, other = ours["data"] or {}, theirs["data"] or {}
        parts += [f"-{key}" for key in other if key not in mine] + [f"+{key}" for key in mine if key not in other]
        parts += [key for key in mine if key in other and mine[key] != other[key]]
        if ours["status"] == theirs["status"] and ours["errors"] != theirs["errors"]:
            parts.append("text")
        if parts:
            found[name] = sorted(parts)
    if os.environ.get("COFFER_SHOW_DIFFERENCES"):
        print(json.dumps({name: (parts, cases[name]) for name, parts in found.items()}, indent=1))
    return found


TOKENS = {
    "token_ttl": 600, "token_max_ttl": 1200, "token_explicit_max_ttl": 1800, "token_policies": ["b", "a"], "token_bound_cidrs": ["10.0.0.0/8", "127.0.0.1"],
    "token_no_default_policy": True, "token_num_uses": 3, "token_period": 0, "token_type": "batch"}
WRONG_TOKENS = {
    "negative": {"token_ttl": -1}, "longer than the maximum": {"token_ttl": 100, "token_max_ttl": 10}, "root": {"token_policies": "root"},
    "no address": {"token_bound_cidrs": "x"}, "no kind": {"token_type": "x"}, "uses of batch": {"token_type": "batch", "token_num_uses": 1},
    "periodic batch": {"token_type": "batch", "token_period": 60}, "text": {"token_ttl": "1h30m"},
    "bound to the address": {"token_strictly_bind_ip": True, "token_bound_cidrs": []}}


# What may differ: by case, the parts that do and why. A part is a member of the data (with + if OpenBao has none, with - if Coffer has
# none), `status`, `warnings`, `auth`, or `text`, where both refuse with the same status in other words.
WORDS = (["text"], "both say what is wrong, in their own words")
BIND = "Coffer does not bind tokens to the address of their login; it says so if somebody asks for that: token_bound_cidrs is the means"
TOKEN_DIFFERENCES = {
    **{f"token: {name}": WORDS for name in ("negative", "no address", "no kind", "uses of batch", "periodic batch")},
    "token: root": (["status"], "no login gives the root policy; OpenBao refuses at the login"),
    "token: bound to the address": (["status", "warnings"], BIND), "tokens read": (["-token_strictly_bind_ip"], BIND),
}


def tokens(sides, path, body):
    """The cases that every role has, with the fields of tokens."""
    cases = {"all of tokens": sides.ask("PUT", path, {**body, **TOKENS, "token_type": "service"}), "tokens read": sides.ask("GET", path)}
    for name, fields in WRONG_TOKENS.items():
        cases["token: " + name] = sides.ask("PUT", path, {**body, "token_num_uses": 0, "token_max_ttl": 0, "token_type": "service", **fields})
    return cases


def test_certificates(sides, tmp_path):
    authority = Authority(tmp_path)
    certificate = authority.certificate.read_text()
    body = {"certificate": certificate}
    cases = {
        "no entries": sides.ask("LIST", "cert/certs"), "no entry": sides.ask("GET", "cert/certs/none"),
        "without a certificate": sides.ask("PUT", "cert/certs/a", {"display_name": "a"}),
        "malformed certificate": sides.ask("PUT", "cert/certs/a", {"certificate": "x"}),
        "least": sides.ask("PUT", "cert/certs/a", body), "least read": sides.ask("GET", "cert/certs/a"),
        "most": sides.ask("PUT", "cert/certs/b", {
            **body, "display_name": "apps", "allowed_names": "a,b", "allowed_common_names": ["web-*"], "allowed_dns_sans": "x.example",
            "allowed_email_sans": "a@example.com", "allowed_uri_sans": "spiffe://x", "allowed_organizational_units": "dev",
            "required_extensions": "2.1.1.1:x", "ocsp_enabled": True, "ocsp_fail_open": True, "ocsp_query_all_servers": True,
            "ocsp_servers_override": ["http://127.0.0.1:1/"], "allowed_metadata_extensions": "2.1.1.1"}),
        "most read": sides.ask("GET", "cert/certs/b"), "list": sides.ask("LIST", "cert/certs"),
        "configuration": sides.ask("GET", "cert/config"), "binding": sides.ask("PUT", "cert/config", {"disable_binding": True}),
        "configuration read": sides.ask("GET", "cert/config"),
        "no list of revocations": sides.ask("GET", "cert/crls/none"), "malformed list": sides.ask("PUT", "cert/crls/a", {"crl": "x"}),
        "neither list nor URL": sides.ask("PUT", "cert/crls/a", {}),
        "login without TLS": sides.ask("POST", "cert/login", {}, with_token=False),
        "delete": sides.ask("DELETE", "cert/certs/a"), "delete again": sides.ask("DELETE", "cert/certs/a"),
        **tokens(sides, "cert/certs/t", body),
    }
    ocsp = "Vault's settings, which OpenBao has not; Terraform's provider sends them"
    compare(cases, {
        **TOKEN_DIFFERENCES,
        **{name: (["+ocsp_max_retries", "+ocsp_this_update_max_age", "-token_strictly_bind_ip", "display_name"],
                  ocsp + "; " + BIND + "; and a display name that nobody gave is shown as none, though it is the entry's")
           for name in ("least read", "tokens read")},
        "most read": (["+ocsp_max_retries", "+ocsp_this_update_max_age", "-token_strictly_bind_ip"], ocsp + "; " + BIND),
        "configuration": (["+role_cache_size", "ocsp_cache_size"], "Vault's members, with Vault's defaults"),
        "configuration read": (["+role_cache_size", "ocsp_cache_size"], "the same"),
        "no list of revocations": (["status"], "what is not there is a 404, as for entries"),
        "malformed list": WORDS, "neither list nor URL": WORDS,
        "login without TLS": (["text"], "one text for every login without an acceptable certificate"),
    })


def test_kubernetes(sides, tmp_path):
    cluster, authority = Cluster(), Authority(tmp_path).certificate.read_text()
    settings = {"kubernetes_host": cluster.url, "kubernetes_ca_cert": authority, "disable_local_ca_jwt": True}
    body = {"bound_service_account_names": "web", "bound_service_account_namespaces": "prod"}
    try:
        cases = {
            "no configuration": sides.ask("GET", "kubernetes/config"), "login before": sides.ask("POST", "kubernetes/login", {"role": "a", "jwt": "x"}, False),
            "no host": sides.ask("PUT", "kubernetes/config", {}),
            "no certificate": sides.ask("PUT", "kubernetes/config", {"kubernetes_host": cluster.url, "disable_local_ca_jwt": True}),
            "bad reviewer": sides.ask("PUT", "kubernetes/config", {**settings, "token_reviewer_jwt": "x"}),
            "configuration": sides.ask("PUT", "kubernetes/config", {**settings, "token_reviewer_jwt": REVIEWER}),
            "configuration read": sides.ask("GET", "kubernetes/config"), "no roles": sides.ask("LIST", "kubernetes/role"),
            "no role": sides.ask("GET", "kubernetes/role/none"), "without names": sides.ask("PUT", "kubernetes/role/a", {"bound_service_account_namespaces": "x"}),
            "without namespaces": sides.ask("PUT", "kubernetes/role/a", {"bound_service_account_names": "x"}),
            "every name and namespace": sides.ask("PUT", "kubernetes/role/a", {
                "bound_service_account_names": "*", "bound_service_account_namespaces": "*"}),
            "deleted": sides.ask("DELETE", "kubernetes/role/a"),
            "star among others": sides.ask("PUT", "kubernetes/role/a", {**body, "bound_service_account_names": "web,*"}),
            "bad selector": sides.ask("PUT", "kubernetes/role/a", {**body, "bound_service_account_namespace_selector": "x"}),
            "bad alias": sides.ask("PUT", "kubernetes/role/a", {**body, "alias_name_source": "x"}),
            "least": sides.ask("PUT", "kubernetes/role/web", body), "least read": sides.ask("GET", "kubernetes/role/web"),
            "most": sides.ask("PUT", "kubernetes/role/most", {
                **body, "bound_service_account_namespace_selector": '{"matchLabels":{"team":"a"}}', "audience": "coffer",
                "alias_name_source": "serviceaccount_name", "token_ttl": 600, "token_policies": "dev"}),
            "most read": sides.ask("GET", "kubernetes/role/most"), "list": sides.ask("LIST", "kubernetes/role"),
            "login": sides.ask("POST", "kubernetes/login", {"role": "most", "jwt": cluster.token(jti="1")}, False),
            "without a role": sides.ask("POST", "kubernetes/login", {"jwt": cluster.token(jti="2")}, False),
            "without a token": sides.ask("POST", "kubernetes/login", {"role": "most"}, False),
            "unknown role": sides.ask("POST", "kubernetes/login", {"role": "x", "jwt": cluster.token(jti="3")}, False),
            "no token": sides.ask("POST", "kubernetes/login", {"role": "most", "jwt": "x"}, False),
            "other account": sides.ask("POST", "kubernetes/login", {"role": "most", "jwt": cluster.token(name="api", jti="4")}, False),
            "other namespace": sides.ask("POST", "kubernetes/login", {"role": "web", "jwt": cluster.token(namespace="dev", jti="5")}, False),
            "unknown token": sides.ask("POST", "kubernetes/login", {"role": "most", "jwt": cluster.token(known=False, jti="6")}, False),
            "other audience": sides.ask("POST", "kubernetes/login", {"role": "most", "jwt": cluster.token(audiences=["x"], jti="7")}, False),
            "delete": sides.ask("DELETE", "kubernetes/role/web"), "delete again": sides.ask("DELETE", "kubernetes/role/web"),
            **tokens(sides, "kubernetes/role/t", {**body, "audience": "coffer"}),
        }
    finally:
        cluster.server.shutdown()
    alike = (["text"], "one text for every refusal, so that nobody learns which accounts and roles there are")
    unbound = (["status", "warnings"], "a role without an audience is warned of, as by Vault")
    compare(cases, {
        **TOKEN_DIFFERENCES,
        "login before": (["text"], "a login before there is a configuration is the fault of the caller on both; the words are our own"),
        "bad reviewer": (["status"], "refused at once, as by Vault; OpenBao finds out at the first login"),
        "every name and namespace": (["status"], "such a role admits everybody, and Vault refuses it too"),
        "bad selector": WORDS, "bad alias": WORDS, "least": unbound,
        "least read": (["+audience", "-token_strictly_bind_ip"], "shown although empty, as Vault shows it; " + BIND),
        "most read": (["-token_strictly_bind_ip"], BIND),
        "unknown role": (["status"], alike[1]), "other account": alike, "other namespace": alike, "other audience": alike,
        **({"configuration read": (["-pem_keys"], "keys for local verification are not shown")} if "pem_keys" not in
           cases["configuration read"]["coffer"]["data"] else {}),
    })


def test_userpass(sides):
    cases = {
        "nobody": sides.ask("LIST", "userpass/users"), "no user": sides.ask("GET", "userpass/users/ann"),
        "without a password": sides.ask("PUT", "userpass/users/ann", {"token_policies": "a"}),
        "user": sides.ask("PUT", "userpass/users/Ann", {"password": "p1", "policies": "b,a"}), "user read": sides.ask("GET", "userpass/users/ann"),
        "list": sides.ask("LIST", "userpass/users"), "login": sides.ask("POST", "userpass/login/ANN", {"password": "p1"}, False),
        "wrong password": sides.ask("POST", "userpass/login/ann", {"password": "x"}, False),
        "unknown user": sides.ask("POST", "userpass/login/x", {"password": "x"}, False),
        "without a password sent": sides.ask("POST", "userpass/login/ann", {}, False),
        "new password": sides.ask("PUT", "userpass/users/ann/password", {"password": "p2"}),
        "no new password": sides.ask("PUT", "userpass/users/ann/password", {}),
        "new password of nobody": sides.ask("PUT", "userpass/users/x/password", {"password": "p2"}),
        "policies": sides.ask("PUT", "userpass/users/ann/policies", {"token_policies": "c"}), "policies read": sides.ask("GET", "userpass/users/ann"),
        "delete": sides.ask("DELETE", "userpass/users/ann"), "delete again": sides.ask("DELETE", "userpass/users/ann"),
        **tokens(sides, "userpass/users/t", {"password": "p"}),
    }
    compare(cases, {
        **TOKEN_DIFFERENCES,
        "without a password": (["text"], "OpenBao takes hashes of others in place of passwords"), "no new password": (["text"], "the same"),
        "user read": (["-token_strictly_bind_ip"], BIND), "policies read": (["-token_strictly_bind_ip"], BIND),
        "without a password sent": (["status"], "the caller's fault is no 500"), "new password of nobody": (["status"], "the same"),
    })


def test_tokens_of_the_other_methods(sides):
    jwt = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "x"}
    cases = {**{f"approle: {k}": v for k, v in tokens(sides, "approle/role/t", {}).items()},
             **{f"jwt: {k}": v for k, v in tokens(sides, "jwt/role/t", jwt).items()},
             "jwt: device": sides.ask("PUT", "jwt/role/d", {"user_claim": "sub", "callback_mode": "device"})}
    compare(cases, {f"{kind}: {name}": reason for kind in ("approle", "jwt") for name, reason in TOKEN_DIFFERENCES.items()})
