"""The ldap method and a real slapd: whom it trusts, whatever the environment, an operator, or a user of the directory says."""

import pytest
from directories import BASE, Slapd, dn, group, person
from test_ldap import log_in, mount
from test_tls import Authority


@pytest.fixture
def new_directory():
    made = []

    def make(**options):
        made.append(Slapd(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ldap-trust")
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    return Authority(folder / "ours"), Authority(folder / "theirs")


def test_what_the_environment_names_is_not_trusted(new_server, new_directory, authorities, tmp_path):
    ours, theirs = authorities
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "theirs.pem").write_text(theirs.certificate.read_text())
    server = new_server(environment={
        "LDAPTLS_CACERTDIR": folder, "LDAPTLS_CACERT": theirs.certificate, "LDAPTLS_REQCERT": "never"}).ready()
    for kind in ("starttls", "ldaps"):
        directory = new_directory(tls=(*theirs.issue(f"server-{kind}"), theirs.certificate))
        url = directory.url if kind == "starttls" else directory.tls_url
        settings = directory.settings(url=url, starttls=kind == "starttls")
        mount(server, kind, {**settings, "certificate": ours.certificate.read_text()})
        assert log_in(server, "ann", "ann-password", kind).status == 503
        assert "BIND dn=" not in directory.log()
        server.post(f"auth/{kind}/config", {**settings, "certificate": theirs.certificate.read_text()}).expect(200, 204)
        log_in(server, "ann", "ann-password", kind).expect(200)


def test_no_client_certificate_of_the_environment_is_shown(new_server, new_directory, authorities, tmp_path):
    ours, _ = authorities
    certificate, key = ours.issue("of-the-environment", common_name="coffer")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".ldaprc").write_text(f"TLS_CERT {certificate}\nTLS_KEY {key}\n")
    server = new_server(environment={"LDAPTLS_CERT": certificate, "LDAPTLS_KEY": key, "HOME": home}).ready()
    directory = new_directory(tls=(*ours.issue("demanding"), ours.certificate), client_certificates=True)
    mount(server, "ldap", directory.settings(url=directory.tls_url, certificate=ours.certificate.read_text()))
    assert log_in(server, "ann", "ann-password").status == 503


def test_a_user_in_more_than_a_thousand_groups(server, new_directory):
    directory = new_directory(size_limit="5000")
    directory.add("\n\n".join(group(f"g{number}", dn("ann")).strip() for number in range(1_100)) + "\n")
    mount(server, "ldap-groups", directory.settings(request_timeout=60))
    server.post("auth/ldap-groups/groups/g1099", {"policies": "last"}).expect(204)
    assert "last" in log_in(server, "ann", "ann-password", "ldap-groups").expect(200).json["auth"]["policies"]


def test_an_address_that_is_not_bound_asks_nothing(server, new_directory):
    directory = new_directory()
    mount(server, "ldap-bound", directory.settings(token_bound_cidrs="10.0.0.0/8"))
    for password in ["wrong", "ann-password"] * 4:
        assert log_in(server, "ann", password, "ldap-bound").status == 400
    assert "BIND dn=" not in directory.log()


def test_an_attribute_of_ones_own_makes_nobody_else(server, new_directory):
    directory = new_directory()
    directory.add(person("solo", "solo-password"))
    directory.set("solo", "mail", "boss")
    mount(server, "ldap-mail", directory.settings(userfilter="(|(uid={{.Username}})(mail={{.Username}}))"))
    server.post("auth/ldap-mail/users/boss", {"policies": "boss-policy"}).expect(204)
    auth = log_in(server, "boss", "solo-password", "ldap-mail").expect(200).json["auth"]
    assert auth["metadata"] == {"username": "solo"} and "boss-policy" not in auth["policies"]
    server.post("auth/token/renew-self", {}, token=auth["client_token"]).expect(200)
    for filter in ("(uid=solo)", f"(objectClass={BASE})"):
        assert server.post("auth/ldap-mail/config", {"userfilter": filter}).status == 400
