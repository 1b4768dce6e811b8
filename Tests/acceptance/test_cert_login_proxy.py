"""Logins with client certificates through a real nginx, which judges none and passes them on."""

import pytest
import requests
from test_cert_login import Issuer, openssl
from test_listener import FROM_HERE, HEADER, NGINX_CERTIFICATE, authority, make, nginx  # noqa: F401 - fixtures


@pytest.fixture
def proxied(make, nginx, authority, tmp_path):  # noqa: F811
    """A server behind nginx, two mounts with an authority each, and a function that logs in through nginx."""
    server = make([FROM_HERE, HEADER, 'x_forwarded_for_client_cert_decoders = ["URL", "PEM"]',
                   "x_forwarded_for_reject_not_present = false"]).start()
    server.initialise()
    issuers = {}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        issuers[name] = Issuer(tmp_path / name)
        server.post(f"sys/auth/{name}", {"type": "cert"}).expect(204)
        server.post(f"auth/{name}/certs/app", {"certificate": issuers[name].certificate.read_text()}).expect(204)
    port = nginx(server, NGINX_CERTIFICATE)

    def log_in(mount, pair=None, headers=None):
        reply = requests.post(
            f"https://127.0.0.1:{port}/v1/auth/{mount}/login", json={}, cert=pair, headers=headers, verify=str(authority.certificate), timeout=20)
        return reply.status_code, reply.json()

    return server, issuers, log_in


def test_each_mount_takes_the_certificates_of_its_own_authority(proxied):
    server, issuers, log_in = proxied
    for name, other in (("one", "two"), ("two", "one")):
        pair = issuers[name].issue("web", common_name="web")
        status, answer = log_in(name, pair)
        assert status == 200 and answer["auth"]["metadata"]["common_name"] == "web"
        assert log_in(other, pair)[0] == 400
    assert log_in("one")[0] == 400


def test_a_certificate_is_revoked_from_the_first_login_after_its_list_was_written(proxied):
    server, issuers, log_in = proxied
    good, bad = issuers["one"].issue("good", common_name="good"), issuers["one"].issue("bad", common_name="bad")
    # The list is there before the certificate was ever seen.
    server.post("auth/one/crls/ca", {"crl": issuers["one"].revocation_list(bad[0])}).expect(204)
    assert log_in("one", bad)[0] == 400
    assert log_in("one", good)[0] == 200
    server.kill()
    server.start()
    assert log_in("one", bad)[0] == 400
    assert log_in("one", good)[0] == 200


def test_another_certificate_with_the_same_key_is_another(proxied, tmp_path):
    server, issuers, log_in = proxied
    pair = issuers["one"].issue("solo", common_name="solo")
    server.delete("auth/one/certs/app").expect(204)
    server.post("auth/one/certs/solo", {"certificate": open(pair[0]).read()}).expect(204)
    request, twin = tmp_path / "twin.csr", tmp_path / "twin.pem"
    openssl("req", "-new", "-key", pair[1], "-subj", "/CN=solo", "-out", request)
    (tmp_path / "twin.cnf").write_text("extendedKeyUsage=clientAuth\n")
    openssl("x509", "-req", "-in", request, "-CA", issuers["one"].certificate, "-CAkey", issuers["one"].key, "-CAcreateserial",
            "-extfile", tmp_path / "twin.cnf", "-days", 1, "-out", twin)
    assert log_in("one", pair)[0] == 200
    assert log_in("one", (str(twin), pair[1]))[0] == 400


def test_a_header_that_a_client_sends_is_not_its_certificate(proxied):
    server, issuers, log_in = proxied
    certificate = requests.utils.quote(open(issuers["one"].issue("victim", common_name="victim")[0]).read(), safe="")
    assert log_in("one", headers={"X-SSL-Client-Cert": certificate})[0] == 400
    own = issuers["one"].issue("own", common_name="own")
    status, answer = log_in("one", own, headers={"X-SSL-Client-Cert": certificate})
    assert status == 200 and answer["auth"]["metadata"]["common_name"] == "own"
