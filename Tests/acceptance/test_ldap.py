"""The ldap method and a real slapd: logins, groups, TLS, hostile names, renewals, and a server that is down, slow or wrong."""

import contextlib
import socket
import subprocess
import threading
import time
import urllib.parse

import hvac
import pytest
from directories import BASE, SEARCHER, Slapd, dn, group, person
from harness import BINARY, clean_environment
from hvac import exceptions
from test_tls import Authority

REFUSAL = ["ldap operation failed: failed to bind as user"]


@pytest.fixture(scope="module")
def directory():
    made = Slapd()
    made.add(person("odd", "odd-password").replace("uid: odd", "uid: odd*)(uid=ann").replace("uid=odd,", "uid=odd\\2a\\29\\28uid\\3dann,"))
    made.add(group("boss, Ltd", dn("ben")).replace("cn=boss, Ltd", "cn=boss\\2c Ltd"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def ldap(server, directory):
    """A mount whose account searches, and a client with every right."""
    root = hvac.Client(url=server.address, token=server.token)
    root.sys.enable_auth_method("ldap")
    configure(server, "ldap", directory.settings())
    return root


def configure(server, mount, settings):
    return server.post(f"auth/{mount}/config", settings).expect(200, 204)


def mount(server, name, settings):
    server.post(f"sys/auth/{name}", {"type": "ldap"}).expect(204)
    configure(server, name, settings)


def log_in(server, name, password, mount="ldap"):
    """`name` is text, or percent-encoded already."""
    encoded = name if "%" in name else urllib.parse.quote(name, safe="")
    return server.post(f"auth/{mount}/login/{encoded}", {"password": password}, token=None)


def test_hvac(ldap, server, directory):
    method = ldap.auth.ldap
    warned = method.configure(
        userdn=f"ou=people,{BASE}", groupdn=f"ou=groups,{BASE}", url=directory.url, userattr="uid", binddn=SEARCHER,
        bindpass="searcher-password", token_ttl="10m", request_timeout=5, connection_timeout=2)
    assert warned["warnings"] == ["without ldaps:// or starttls, passwords are sent to the directory unencrypted"]
    shown = method.read_configuration()["data"]
    assert shown["binddn"] == SEARCHER and "bindpass" not in shown and "searcher-password" not in str(shown)
    assert (shown["userattr"], shown["url"], shown["deny_null_bind"], shown["token_ttl"]) == ("uid", directory.url, True, 600)
    assert method.create_or_update_group("Staff", policies=["staff-policy"]).status_code == 204
    assert method.create_or_update_user("ann", policies=["own"], groups=["local"]).status_code == 204
    assert method.create_or_update_group("local", policies=["local-policy"]).status_code == 204
    assert method.list_groups()["data"]["keys"] == ["local", "staff"] and method.list_users()["data"]["keys"] == ["ann"]
    assert method.read_user("ann")["data"] == {"policies": ["own"], "groups": "local"}
    assert method.read_group("staff")["data"] == {"policies": ["staff-policy"]}
    client = hvac.Client(url=server.address)
    answer = client.auth.ldap.login("ann", "ann-password")
    assert answer["auth"]["policies"] == ["default", "local-policy", "own", "staff-policy"]
    assert answer["auth"]["metadata"] == {"username": "ann"} and answer["auth"]["lease_duration"] == 600
    assert client.auth.token.lookup_self()["data"]["display_name"] == "ldap-ann"
    with pytest.raises(exceptions.InvalidRequest) as refused:
        client.auth.ldap.login("ann", "wrong")
    assert refused.value.errors == REFUSAL
    assert method.delete_user("ann").status_code == 204 and method.delete_group("local").status_code == 204
    with pytest.raises(exceptions.InvalidPath):
        method.read_user("ann")


def test_groups_of_the_directory_and_external_groups(ldap, server):
    accessor = ldap.sys.list_auth_methods()["data"]["ldap/"]["accessor"]
    made = server.post("identity/group", {"name": "people-of-staff", "type": "external", "policies": ["from-identity"]}).data["id"]
    server.post("identity/group-alias", {"name": "Staff", "mount_accessor": accessor, "canonical_id": made}).expect(200, 204)
    auth = log_in(server, "Ann", "ann-password").expect(200).json["auth"]
    assert auth["identity_policies"] == ["from-identity"]
    again = log_in(server, " ANN ", "ann-password").expect(200).json["auth"]
    assert again["entity_id"] == auth["entity_id"]
    assert server.get(f"identity/entity/id/{auth['entity_id']}").data["aliases"][0]["name"] == "ann"
    answer = log_in(server, "ben", "ben-password").expect(200).json
    assert answer["auth"]["identity_policies"] == []


@pytest.mark.parametrize("name", [
    "*", "a*", "ann)(uid=*", "*)(uid=*))(|(uid=*", "ann,dc=example", f"{dn('ann')}", "ann+uid=ben", "%23616e6e", "ann)(cn=*",
    "nobody", "%EF%BC%A1nn", "ann%20%20x", "cn=searcher", SEARCHER])
def test_hostile_names(ldap, server, name):
    for password in ("ann-password", "searcher-password", "*", "x" * 100_000):
        reply = log_in(server, name, password)
        assert (reply.status, reply.errors) == (400, REFUSAL), name


def test_a_hostile_name_finds_its_own_entry_alone(ldap, server):
    auth = log_in(server, "odd*)(uid=ann", "odd-password").expect(200).json["auth"]
    assert auth["metadata"] == {"username": "odd*)(uid=ann"}
    entity = server.get(f"identity/entity/id/{auth['entity_id']}").data
    assert entity["group_ids"] == []


def test_an_empty_password_logs_nobody_in(ldap, server, directory):
    before = directory.log().count("BIND dn=")
    for body in ({"password": ""}, {}, {"password": None}):
        assert server.post("auth/ldap/login/ann", body, token=None).status == 400
    assert directory.log().count("BIND dn=") == before
    assert server.post("auth/ldap/config", {"deny_null_bind": False}).status == 400


def test_direct_binds_and_anonymous_searches(server, new_directory):
    open_directory = new_directory(anonymous="read")
    open_directory.add(person("müller", "müller-password").replace("uid=müller,", "uid=m\\C3\\BCller,")
                       .replace("mail: müller@example.com\n", ""))
    settings = open_directory.settings(binddn="", bindpass="")
    mount(server, "ldap-direct", settings)
    for name, password in (("ann", "ann-password"), ("müller", "müller-password")):
        auth = log_in(server, name, password, "ldap-direct").expect(200).json["auth"]
        assert server.post("auth/token/renew-self", {}, token=auth["client_token"]).status == 400
    assert log_in(server, "ann", "ben-password", "ldap-direct").errors == REFUSAL
    mount(server, "ldap-anonymous", {**settings, "discoverdn": True})
    auth = log_in(server, "ann", "ann-password", "ldap-anonymous").expect(200).json["auth"]
    server.post("auth/token/renew-self", {}, token=auth["client_token"]).expect(200)


def test_a_renewal_asks_again(server, new_directory):
    directory = new_directory()
    directory.add(person("cat", "cat-password") + "\n" + group("Cats", dn("cat")))
    mount(server, "ldap-renewal", directory.settings())
    server.post("auth/ldap-renewal/groups/cats", {"policies": "cat-policy"}).expect(204)

    def renewed(token):
        return server.post("auth/token/renew-self", {}, token=token)

    first = log_in(server, "cat", "cat-password", "ldap-renewal").expect(200).json["auth"]["client_token"]
    renewed(first).expect(200)
    directory.set("cat", "userPassword", "another-password")
    assert "password has changed" in renewed(first).errors[0]
    second = log_in(server, "cat", "another-password", "ldap-renewal").expect(200).json["auth"]["client_token"]
    renewed(second).expect(200)
    directory.delete(f"cn=Cats,ou=groups,{BASE}")
    assert "policies have changed" in renewed(second).errors[0]
    third = log_in(server, "cat", "another-password", "ldap-renewal").expect(200).json["auth"]["client_token"]
    renewed(third).expect(200)
    directory.delete(dn("cat"))
    assert renewed(third).status == 400


def test_a_directory_that_is_down_slow_or_wrong(server, new_directory):
    directory = new_directory()
    settings = directory.settings(request_timeout=2, connection_timeout=1)
    mount(server, "ldap-down", settings)
    token = log_in(server, "ann", "ann-password", "ldap-down").expect(200).json["auth"]["client_token"]
    for trouble, undo in ((directory.freeze, directory.thaw), (directory.stop, directory.start)):
        trouble()
        started = time.monotonic()
        for attempt in (lambda: log_in(server, "ann", "ann-password", "ldap-down"),
                        lambda: server.post("auth/token/renew-self", {}, token=token)):
            reply = attempt()
            assert reply.status == 503 and str(directory.port) not in reply.errors[0] and "127.0.0.1" not in reply.errors[0]
        assert time.monotonic() - started < 12
        undo()
        log_in(server, "ann", "ann-password", "ldap-down").expect(200)
    # No attempt counted as a failure of the user, and the token is as it was.
    server.post("auth/token/renew-self", {}, token=token).expect(200)
    # The first server that answers is asked.
    configure(server, "ldap-down", {"url": f"ldap://127.0.0.1:1,{directory.url}", "bindpass": settings["bindpass"]})
    log_in(server, "ann", "ann-password", "ldap-down").expect(200)
    for wrong in ({"bindpass": "wrong"}, {"binddn": "no name"}, {"bindpass": "searcher-password", "userdn": "dc=nowhere,dc=org"},
                  {"url": server.address.replace("http", "ldap")}):
        configure(server, "ldap-down", {**settings, **wrong})
        reply = log_in(server, "ann", "ann-password", "ldap-down")
        assert reply.status in (400, 503) and "nowhere" not in reply.errors[0], wrong
    log = server.log()
    assert "an LDAP login could not be decided" in log
    assert "the directory refuses 'binddn' with its 'bindpass': invalidCredentials (49)" in log
    assert "ann-password" not in log and "searcher-password" not in log
    assert server.is_running()


def test_addresses_that_no_directory_may_have(server):
    server.post("sys/auth/ldap-metadata", {"type": "ldap"}).expect(204)
    for url in ("ldap://169.254.169.254", "ldaps://[fe80::1]", "ldap://10.0.0.1,ldap://169.254.169.254"):
        reply = server.post("auth/ldap-metadata/config", {"url": url, "userdn": BASE})
        assert (reply.status, reply.errors) == (400, ["field 'url' has an address that may not be called"]), url


def test_more_groups_than_a_page(server, new_directory):
    directory = new_directory(size_limit="20")
    directory.add("\n".join(group(f"g{number}", dn("ben")) for number in range(50)))
    mount(server, "ldap-pages", directory.settings(max_page_size=10))
    server.post("auth/ldap-pages/groups/g49", {"policies": "last"}).expect(204)
    auth = log_in(server, "ben", "ben-password", "ldap-pages").expect(200).json["auth"]
    assert "last" in auth["policies"]
    configure(server, "ldap-pages", {"max_page_size": 0})
    assert log_in(server, "ben", "ben-password", "ldap-pages").status == 503
    assert "the answer of the directory is too large" in server.log()


def test_lockout(server, directory):
    mount(server, "ldap-lock", directory.settings())
    for name in ("ben", "BEN", " ben", "Ben", "ben "):
        assert log_in(server, name, "wrong", "ldap-lock").status == 400
    before = directory.log().count("BIND dn=")
    for name in ("ben", "BeN"):
        reply = log_in(server, name, "ben-password", "ldap-lock")
        assert (reply.status, reply.errors) == (403, ["permission denied"])
    assert directory.log().count("BIND dn=") == before
    accessor = server.get("sys/auth").data["ldap-lock/"]["accessor"]
    server.post(f"sys/locked-users/{accessor}/unlock/ben", {}).expect(204)
    log_in(server, "ben", "ben-password", "ldap-lock").expect(200)


def test_command_line(ldap, server):
    done = subprocess.run(
        [str(BINARY), "login", "-method=ldap", "-no-store", "-field=token", "username=ann", "password=-"], input="ann-password\n",
        capture_output=True, text=True, timeout=60, env=clean_environment(COFFER_ADDR=server.address))
    assert done.returncode == 0, done.stderr
    assert server.get("auth/token/lookup-self", token=done.stdout.strip()).data["meta"] == {"username": "ann"}


# TLS

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ldap-certificates")
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    return Authority(folder / "ours"), Authority(folder / "theirs")


@pytest.mark.parametrize("kind", ["starttls", "ldaps"])
def test_tls(server, new_directory, certificates, kind):
    ours, theirs = certificates
    directory = new_directory(tls=(*ours.issue(f"server-{kind}"), ours.certificate))
    name = f"ldap-{kind}"
    url = directory.url if kind == "starttls" else directory.tls_url
    mount(server, name, directory.settings(url=url, starttls=kind == "starttls", certificate=ours.certificate.read_text()))
    for settings, version in (({}, "TLS1.2"), ({"tls_max_version": "tls13"}, "TLS1.3"), ({"tls_min_version": "tls13"}, "TLS1.3")):
        configure(server, name, settings)
        before = len(directory.log())
        log_in(server, "ann", "ann-password", name).expect(200)
        assert f"tls_proto={version}" in directory.log()[before:]
    seen = len(directory.log())
    # Another authority, none, and the certificate of the server for an authority it is not.
    for trusted in (theirs.certificate.read_text(), ""):
        configure(server, name, {"certificate": trusted, "bindpass": "searcher-password"})
        assert log_in(server, "ann", "ann-password", name).status == 503
    assert "BIND dn=" not in directory.log()[seen:]
    configure(server, name, {"insecure_tls": True, "bindpass": "searcher-password"})
    log_in(server, "ann", "ann-password", name).expect(200)


@pytest.mark.parametrize("kind", ["starttls", "ldaps"])
@pytest.mark.parametrize("names", ["DNS:elsewhere.example.com", "IP:127.0.0.9"])
def test_a_certificate_for_another_name(server, new_directory, certificates, kind, names):
    ours, _ = certificates
    directory = new_directory(tls=(*ours.issue("other", common_name="127.0.0.1", names=names), ours.certificate))
    name = f"ldap-{kind}-{len(names)}"
    url = directory.url if kind == "starttls" else directory.tls_url
    mount(server, name, directory.settings(url=url, starttls=kind == "starttls", certificate=ours.certificate.read_text()))
    assert log_in(server, "ann", "ann-password", name).status == 503
    assert "BIND dn=" not in directory.log()


def test_starttls_is_never_left_out(server, new_directory, certificates):
    directory = new_directory()  # A server without TLS.
    mount(server, "ldap-plain", directory.settings(starttls=True, certificate=certificates[0].certificate.read_text()))
    assert log_in(server, "ann", "ann-password", "ldap-plain").status == 503
    assert "BIND dn=" not in directory.log()
    assert "the directory refuses StartTLS" in server.log()


def test_client_certificate(server, new_directory, certificates):
    ours, theirs = certificates
    directory = new_directory(tls=(*ours.issue("demanding"), ours.certificate), client_certificates=True)
    settings = directory.settings(url=directory.tls_url, certificate=ours.certificate.read_text())
    mount(server, "ldap-client", settings)
    assert log_in(server, "ann", "ann-password", "ldap-client").status == 503
    for authority, status in ((theirs, 503), (ours, 200)):
        certificate, key = authority.issue("client", common_name="coffer")
        configure(server, "ldap-client", {"client_tls_cert": open(certificate).read(), "client_tls_key": open(key).read()})
        assert log_in(server, "ann", "ann-password", "ldap-client").status == status
    shown = server.get("auth/ldap-client/config").data
    assert "client_tls_key" not in shown and "PRIVATE" not in str(shown)


@pytest.fixture
def new_directory():
    made = []

    def make(**options):
        made.append(Slapd(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


# Servers that are not directories

def drip(connection):
    """A long message, a byte at a time."""
    connection.sendall(b"\x30\x84\x00\x00\xff\xff")
    while True:
        connection.sendall(b"\x02")
        time.sleep(0.2)


def huge(connection):
    connection.sendall(b"\x30\x84\x7f\xff\xff\xff" + b"\x00" * 10_000)
    time.sleep(5)


def nonsense(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def flood(connection):
    """A bind that succeeds, and entries without end."""
    connection.sendall(bytes.fromhex("300c02010161070a010004000400"))
    connection.recv(1_000)
    entry = b"\x02\x01\x02\x64\x10\x04\x0ccn=x,dc=test\x30\x00"
    while True:
        connection.sendall((b"\x30" + bytes([len(entry)]) + entry) * 1_000)


@pytest.mark.parametrize("behavior", [drip, huge, nonsense, flood])
def test_a_server_that_is_hostile(server, behavior):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.recv(1_000)
                behavior(connection)

    threading.Thread(target=serve, daemon=True).start()
    name = f"ldap-{behavior.__name__}"
    mount(server, name, {"url": f"ldap://127.0.0.1:{listener.getsockname()[1]}", "userdn": BASE, "binddn": SEARCHER, "bindpass": "x",
                         "request_timeout": 1, "connection_timeout": 1})
    started = time.monotonic()
    reply = log_in(server, "ann", "ann-password", name)
    assert reply.status in (400, 503) and time.monotonic() - started < 6
    assert server.is_running()
    listener.close()
