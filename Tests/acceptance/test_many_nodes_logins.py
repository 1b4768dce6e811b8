"""Logins over two nodes on one PostgreSQL database: what begins, changes or ends on one of them holds on the other at once."""

import concurrent.futures
import secrets
import time
import urllib.parse

import pytest
import requests
from databases import Postgres
from harness import Server
from identity_provider import IdentityProvider, Key
from test_cert_login import ASKS, Issuer
from test_kubernetes_login import REVIEWER, Cluster
from test_many_nodes import storage, wait_for
from test_tls import Authority, TLSServer

REDIRECT = "http://localhost:8250/oidc/callback"


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.close()


def pair(make, postgres):
    """Two servers over a new store, not started yet."""
    table, key = "t_" + secrets.token_hex(6), secrets.token_hex(32)
    return [make(name, storage=storage(postgres, table), unseal_key=key) for name in ("a", "b")]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory, postgres):
    directory = tmp_path_factory.mktemp("nodes")
    a, b = pair(lambda name, **options: Server(directory / name, **options), postgres)
    try:
        a.start().initialise()
        b.token = a.token
        b.start()
        wait_for(lambda: not b.get("sys/seal-status").json["sealed"])
        yield a, b
        assert a.stop() == 0 and b.stop() == 0
    finally:
        a.close()
        b.close()


@pytest.fixture
def provider():
    made = IdentityProvider()
    yield made
    made.close()


@pytest.fixture
def mount(nodes):
    """The path of a new jwt mount, made on the first node."""
    name = "jwt-" + secrets.token_hex(4)
    nodes[0].post(f"sys/auth/{name}", {"type": "jwt"}).expect(204)
    yield name
    nodes[0].delete(f"sys/auth/{name}").expect(204)


def role(node, mount, name="app", **fields):
    fields = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer", "token_policies": "default", **fields}
    node.post(f"auth/{mount}/role/{name}", fields).expect(200, 204)


def configure(node, mount, provider, **more):
    node.post(f"auth/{mount}/config", {
        "oidc_discovery_url": provider.address, "oidc_client_id": provider.client, "oidc_client_secret": provider.secret, **more}).expect(200, 204)


def log_in(node, mount, token, name="app"):
    return node.post(f"auth/{mount}/login", {"role": name, "jwt": token}, token=None)


def works(node, token):
    return node.get("auth/token/lookup-self", token=token).status


def begun(node, mount, name, **more):
    return node.post(f"auth/{mount}/oidc/auth_url", {"role": name, **more}, token=None).expect(200).data


def sent_back(address):
    """The query with which the provider sends the browser back."""
    place = requests.get(address, allow_redirects=False, timeout=20).headers["Location"]
    return urllib.parse.urlsplit(place).query


# OpenID: a login that begins on one node is completed on the other

def test_a_callback_on_the_other_node(nodes, provider, mount):
    configure(nodes[0], mount, provider)
    role(nodes[0], mount, "person", role_type="oidc", bound_audiences="", allowed_redirect_uris=REDIRECT)
    for here, there in (nodes, reversed(nodes)):
        query = sent_back(begun(here, mount, "person", redirect_uri=REDIRECT)["auth_url"])
        auth = there.get(f"auth/{mount}/oidc/callback?{query}", token=None).expect(200).json["auth"]
        assert works(here, auth["client_token"]) == 200
        for node in (here, there):
            again = node.get(f"auth/{mount}/oidc/callback?{query}", token=None)
            assert (again.status, again.errors) == (400, ["Login failed. Expired or missing OAuth state."])


def test_one_state_on_both_nodes_at_once_is_good_once(nodes, provider, mount):
    configure(nodes[0], mount, provider)
    role(nodes[0], mount, "person", role_type="oidc", bound_audiences="", allowed_redirect_uris=REDIRECT)
    for _ in range(10):
        query = sent_back(begun(nodes[0], mount, "person", redirect_uri=REDIRECT)["auth_url"])
        asked = len([r for r in provider.requests if r[1] == "/token"])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda n: nodes[n % 2].get(f"auth/{mount}/oidc/callback?{query}", token=None).status, range(8)))
        assert sorted(statuses) == [200] + [400] * 7
        # The losers did not even spend the code at the provider.
        assert len([r for r in provider.requests if r[1] == "/token"]) == asked + 1


def test_a_direct_login_that_one_node_confirms_and_the_other_is_polled_for(nodes, provider, mount):
    a, b = nodes
    configure(a, mount, provider)
    redirect = f"{b.address}/v1/auth/{mount}/oidc/callback"
    role(a, mount, "direct", role_type="oidc", bound_audiences="", allowed_redirect_uris=redirect, callback_mode="direct")
    login = begun(a, mount, "direct", redirect_uri=redirect, client_nonce="n1")
    poll = {"state": login["state"], "client_nonce": "n1"}
    query = sent_back(login["auth_url"])
    question = b.get(f"auth/{mount}/oidc/callback?{query}", token=None).expect(200).body.decode()
    assert "Confirm the login" in question
    assert a.post(f"auth/{mount}/oidc/poll", poll, token=None).errors == ["authorization_pending"]
    confirmation = question.split('name="confirmation" value="')[1].split('"')[0]
    signed_in = a.get(f"auth/{mount}/oidc/callback?{query}&confirmation={confirmation}", token=None).expect(200)
    assert b"You are signed in" in signed_in.body
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: nodes[n % 2].post(f"auth/{mount}/oidc/poll", poll, token=None), range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 7


def test_a_device_code_is_polled_for_on_the_other_node(nodes, provider, mount):
    a, b = nodes
    configure(a, mount, provider)
    role(a, mount, "device", role_type="oidc", bound_audiences="", allowed_redirect_uris=REDIRECT, callback_mode="device", poll_interval=3)
    login = begun(a, mount, "device", client_nonce="n1")
    poll = {"state": login["state"], "client_nonce": "n1"}
    assert b.post(f"auth/{mount}/oidc/poll", {**poll, "client_nonce": "n2"}, token=None).errors == ["invalid client_nonce"]
    assert b.post(f"auth/{mount}/oidc/poll", poll, token=None).errors == ["authorization_pending"]
    # The provider is asked as often as it wants to be, by all nodes together.
    assert a.post(f"auth/{mount}/oidc/poll", poll, token=None).errors == ["slow_down"]
    provider.device_done = True
    time.sleep(3.1)
    auth = b.post(f"auth/{mount}/oidc/poll", poll, token=None).expect(200).json["auth"]
    assert auth["metadata"] == {"role": "device"} and works(a, auth["client_token"]) == 200
    assert a.post(f"auth/{mount}/oidc/poll", poll, token=None).status == 400


def test_a_role_that_is_replaced_ends_the_logins_that_began_with_it(nodes, provider, mount):
    a, b = nodes
    configure(a, mount, provider)
    fields = {"role_type": "oidc", "bound_audiences": "", "allowed_redirect_uris": REDIRECT}
    role(a, mount, "person", **fields)
    query = sent_back(begun(a, mount, "person", redirect_uri=REDIRECT)["auth_url"])
    b.delete(f"auth/{mount}/role/person").expect(204)
    role(b, mount, "person", token_policies="admin", **fields)
    refused = a.get(f"auth/{mount}/oidc/callback?{query}", token=None)
    assert (refused.status, refused.errors) == (400, ["Login failed. Role could not be found"])


# Keys and configuration

def test_a_new_key_of_the_issuer_is_known_to_both(nodes, provider, mount):
    configure(nodes[0], mount, provider)
    role(nodes[0], mount)
    old = provider.key
    for node in nodes:
        log_in(node, mount, old.sign(provider.claims())).expect(200)
    provider.keys = [Key("ES256", "k2")]
    time.sleep(10.5)
    for node in nodes:
        log_in(node, mount, provider.key.sign(provider.claims())).expect(200)
        # The set that has the new key no longer has the old one.
        assert log_in(node, mount, old.sign(provider.claims())).status == 400
    # What one node learned does not depend on the other, or on the provider.
    provider.fault = "error"
    for node in nodes:
        log_in(node, mount, provider.key.sign(provider.claims())).expect(200)


def test_another_source_of_keys_holds_on_both_at_once(nodes, provider, mount):
    role(nodes[0], mount)
    keys = [Key("ES256", "x"), Key("ES256", "x")]
    for round in range(10):
        here, there = nodes if round % 2 else reversed(nodes)
        trusted, other = keys if round % 2 else reversed(keys)
        here.post(f"auth/{mount}/config", {"jwt_validation_pubkeys": trusted.pem, "bound_issuer": provider.address}).expect(200, 204)
        log_in(there, mount, trusted.sign(provider.claims())).expect(200)
        assert log_in(there, mount, other.sign(provider.claims())).status == 400


def test_a_role_and_a_revocation_hold_on_both_at_once(nodes, provider, mount):
    configure(nodes[0], mount, provider)
    for round in range(10):
        here, there = nodes if round % 2 else reversed(nodes)
        role(here, mount, bound_subject="ada")
        token = provider.key.sign(provider.claims())
        auth = log_in(there, mount, token).expect(200).json["auth"]
        held = auth["client_token"]
        there.post("auth/token/renew-self", {}, token=held).expect(200)
        role(here, mount, bound_subject="eve")
        assert log_in(there, mount, token).status == 400
        # What the role now asks for was never asked of this token.
        assert there.post("auth/token/renew-self", {}, token=held).status == 400
        assert works(there, held) == 200
        here.post("auth/token/revoke-accessor", {"accessor": auth["accessor"]}).expect(204)
        assert works(there, held) == 403
        here.delete(f"auth/{mount}/role/app").expect(204)
        assert "could not be found" in log_in(there, mount, token).errors[0]


def test_an_entity_is_one_whichever_node_it_logs_in_at(nodes, provider, mount):
    configure(nodes[0], mount, provider)
    role(nodes[0], mount)
    for round in range(5):
        token = provider.key.sign(provider.claims(sub=f"user-{round}"))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda n: log_in(nodes[n % 2], mount, token), range(8)))
        assert len({reply.expect(200).json["auth"]["entity_id"] for reply in replies}) == 1
    # A disabled one logs in nowhere.
    entity = replies[0].json["auth"]["entity_id"]
    nodes[0].post(f"identity/entity/id/{entity}", {"disabled": True}).expect(200, 204)
    assert log_in(nodes[1], mount, token).status == 403
    assert works(nodes[1], replies[0].json["auth"]["client_token"]) == 403


def test_a_kubernetes_role_holds_on_both_at_once(nodes):
    cluster = Cluster()
    nodes[0].post("sys/auth/kubernetes", {"type": "kubernetes"}).expect(204)
    nodes[0].post("auth/kubernetes/config", {"kubernetes_host": cluster.url, "token_reviewer_jwt": REVIEWER}).expect(200, 204)
    for round in range(6):
        here, there = nodes if round % 2 else reversed(nodes)
        body = {"role": "web", "jwt": cluster.token(jti=str(round))}
        for name, status in (("web", 200), ("api", 403)):
            here.post("auth/kubernetes/role/web", {
                "bound_service_account_names": name, "bound_service_account_namespaces": "prod"}).expect(200, 204)
            assert there.post("auth/kubernetes/login", body, token=None).status == status
    cluster.server.shutdown()


def test_a_login_outlives_the_node_that_it_began_on(nodes, provider, mount):
    a, b = nodes
    configure(a, mount, provider)
    role(a, mount, "person", role_type="oidc", bound_audiences="", allowed_redirect_uris=REDIRECT)
    query = sent_back(begun(a, mount, "person", redirect_uri=REDIRECT)["auth_url"])
    assert a.stop() == 0
    try:
        auth = b.get(f"auth/{mount}/oidc/callback?{query}", token=None, timeout=30).expect(200).json["auth"]
    finally:
        a.start()
    wait_for(lambda: not a.get("sys/seal-status").json["sealed"])
    assert works(a, auth["client_token"]) == 200


# Certificates

@pytest.fixture(scope="module")
def tls_nodes(tmp_path_factory, postgres):
    directory = tmp_path_factory.mktemp("tls-nodes")
    authority = Authority(directory)
    (directory / "clients").mkdir()
    made = pair(lambda name, **options: TLSServer(directory / name, **options), postgres)
    try:
        for node, name in zip(made, ("a", "b")):
            node.listen(authority, *authority.issue(f"server-{name}"), more=ASKS).start()
            if name == "a":
                node.set_up()
            node.token = made[0].token
        with made[1].session() as session:
            wait_for(lambda: not session.get("/v1/sys/seal-status").json()["sealed"])
        yield *made, Issuer(directory / "clients")
    finally:
        for node in made:
            node.close()


def test_a_revocation_list_and_an_entry_hold_on_both_at_once(tls_nodes):
    a, b, clients = tls_nodes
    good, bad = clients.issue("one", common_name="one"), clients.issue("two", common_name="two")

    def ask(node, method, path, body=None, certificate=None, token=None):
        node.client_certificate = certificate
        with node.session() as session:
            node.client_certificate = None
            headers = {"X-Vault-Token": node.token if token is None else token}
            return session.request(method, f"/v1/{path}", json=body, headers=headers)

    def log_in(node, certificate):
        return ask(node, "POST", "auth/cert/login", {"name": "app"}, certificate, token="")

    assert ask(a, "POST", "sys/auth/cert", {"type": "cert"}).status_code == 204
    entry = {"certificate": clients.certificate.read_text(), "token_policies": "default"}
    lists = {"both": clients.revocation_list(), "one": clients.revocation_list(bad[0])}
    for round in range(4):
        here, there = (a, b) if round % 2 else (b, a)
        assert ask(here, "POST", "auth/cert/certs/app", {**entry, "allowed_common_names": "one,two"}).status_code == 204
        assert ask(here, "POST", "auth/cert/crls/ca", {"crl": lists["both"]}).status_code in (200, 204)
        held = {name: log_in(there, pair).json()["auth"]["client_token"] for name, pair in (("good", good), ("bad", bad))}
        assert ask(here, "POST", "auth/cert/crls/ca", {"crl": lists["one"]}).status_code in (200, 204)
        assert [log_in(there, pair).status_code for pair in (good, bad)] == [200, 400]
        # A renewal asks again, with the list of now and the certificate of the login.
        renewals = [
            ask(there, "POST", "auth/token/renew-self", {}, pair, held[name]).status_code for name, pair in (("good", good), ("bad", bad))]
        assert renewals == [200, 400]
        assert ask(here, "POST", "auth/cert/certs/app", {**entry, "allowed_common_names": "two"}).status_code == 204
        assert log_in(there, good).status_code == 400
        assert ask(there, "POST", "auth/token/renew-self", {}, good, held["good"]).status_code == 400
        assert ask(here, "POST", "auth/token/revoke", {"token": held["good"]}).status_code == 204
        assert ask(there, "GET", "auth/token/lookup-self", token=held["good"]).status_code == 403
        assert ask(here, "DELETE", "auth/cert/certs/app").status_code == 204
        assert log_in(there, bad).status_code == 400
