"""Names beyond ASCII, and a directory without a password policy, with a real slapd."""

import urllib.parse

import pytest
from directories import BASE, Slapd, dn, person
from test_ldap import REFUSAL, log_in, mount


def named(uid, password):
    """An entry of a user with any name, whose distinguished name is escaped byte by byte."""
    escaped = "".join(f"\\{byte:02X}" for byte in uid.encode())
    return (f"dn: uid={escaped},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: x\nsn: x\n"
            f"userPassword: {password}\n")


@pytest.fixture(scope="module")
def people(server):
    directory = Slapd()
    for uid in ("müller", "mueller", "straße", "strasse", "иван", "ΟΔΟΣ"):
        directory.add(named(uid, f"password-of-{len(uid)}-{uid.encode().hex()}"))
    mount(server, "ldap-names", directory.settings())
    yield directory
    directory.close()


def password(uid):
    return f"password-of-{len(uid)}-{uid.encode().hex()}"


@pytest.mark.parametrize("uid,spellings", [
    ("müller", ["MÜLLER", "Müller"]), ("mueller", ["MUELLER"]), ("straße", ["Straße", "STRAßE"]), ("strasse", ["STRASSE"]),
    ("иван", ["ИВАН"]), ("ΟΔΟΣ", ["οδοσ", "Οδοσ"])])
def test_a_name_is_one_user_in_every_case(server, people, uid, spellings):
    entities, names = set(), set()
    for spelling in [uid, *spellings]:
        auth = log_in(server, spelling, password(uid), "ldap-names").expect(200).json["auth"]
        entities.add(auth["entity_id"])
        names.add(auth["metadata"]["username"])
    assert len(entities) == 1 and len(names) == 1
    for spelling in [uid, *spellings, uid, uid, uid][:5]:
        assert log_in(server, spelling, "wrong", "ldap-names").errors == REFUSAL
    for spelling in [uid, *spellings]:
        assert log_in(server, spelling, password(uid), "ldap-names").status == 403


@pytest.mark.parametrize("one,other", [("müller", "mueller"), ("straße", "strasse"), ("müller", "muller"), ("ΟΔΟΣ", "οδος")])
def test_names_that_only_look_alike_are_told_apart(server, people, one, other):
    mounted = "ldap-" + urllib.parse.quote(one + other, safe="").replace("%", "").lower()
    mount(server, mounted, people.settings())
    assert log_in(server, other, password(one), mounted).errors == REFUSAL
    for _ in range(5):
        log_in(server, other, "wrong", mounted)
    log_in(server, one, password(one), mounted).expect(200)


def test_without_a_password_policy(server):
    directory = Slapd(policy=False)
    try:
        directory.add(person("cat", "cat-password"))
        mount(server, "ldap-bare", directory.settings())
        token = log_in(server, "cat", "cat-password", "ldap-bare").expect(200).json["auth"]["client_token"]

        def renewed():
            return server.post("auth/token/renew-self", {}, token=token)

        renewed().expect(200)
        # Nothing in the directory tells that the password is another one; the old one logs nobody in all the same.
        directory.set("cat", "userPassword", "another-password")
        renewed().expect(200)
        assert log_in(server, "cat", "cat-password", "ldap-bare").errors == REFUSAL
        log_in(server, "cat", "another-password", "ldap-bare").expect(200)
        directory.delete(dn("cat"))
        assert renewed().status == 400
    finally:
        directory.close()
