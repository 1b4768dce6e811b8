"""Real LDAP servers for tests: OpenLDAP's slapd on free ports, in folders of their own, as an unprivileged user."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from databases import unprivileged
from harness import clean_environment, free_port

BASE = "dc=example,dc=com"
SEARCHER = f"cn=searcher,{BASE}"
SEARCHER_PASSWORD = "searcher-password"

# The account that searches reads everything but passwords; users read too, others only prove passwords.
CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
pidfile {directory}/slapd.pid
argsfile {directory}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
{tls}
sizelimit {size_limit}
database mdb
suffix "{base}"
rootdn "cn=root,{base}"
rootpw root-password
directory {directory}/data
maxsize 10485760
limits * size.soft={size_limit} size.hard={size_limit} size.prtotal=unlimited
{policy}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{searcher}" read by users read by anonymous {anonymous}
"""

CONTENT = f"""\
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {SEARCHER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: searcher
userPassword: {SEARCHER_PASSWORD}

dn: cn=policy,{BASE}
objectClass: pwdPolicy
objectClass: organizationalRole
cn: policy
pwdAttribute: userPassword

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups
"""


def person(uid, password, more=""):
    """An entry of a user, whose uid needs no escapes in a name."""
    return (f"dn: uid={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n"
            f"mail: {uid}@example.com\nuserPassword: {password}\n{more}")


def group(name, *members):
    return (f"dn: cn={name},ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: {name}\n"
            + "".join(f"member: {member}\n" for member in members))


def dn(uid):
    return f"uid={uid},ou=people,{BASE}"


class Slapd:
    """One server with the users ann and ben, of whom ann is in the group Staff."""

    def __init__(self, tls=None, anonymous="auth", size_limit="500", client_certificates=False, policy=True):
        """`policy` is whether the server keeps a password policy, and so when a password was changed.

        With `tls`, (certificate, key, authority of clients) as paths, for StartTLS and on a port of its own."""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="coffer-ldap-", dir="/tmp"))
        (self.directory / "data").mkdir()
        self.port, self.tls_port = free_port(), free_port()
        lines = ""
        if tls:
            for name, source in zip(("server.crt", "server.key", "clients.crt"), tls):
                shutil.copy(source, self.directory / name)
            lines = (f"TLSCertificateFile {self.directory}/server.crt\nTLSCertificateKeyFile {self.directory}/server.key\n"
                     f"TLSCACertificateFile {self.directory}/clients.crt\n"
                     f"TLSVerifyClient {'demand' if client_certificates else 'never'}\n")
        self.has_tls = bool(tls)
        self.configuration = self.directory / "slapd.conf"
        self.configuration.write_text(CONFIGURATION.format(
            directory=self.directory, tls=lines, base=BASE, searcher=SEARCHER, anonymous=anonymous, size_limit=size_limit,
            policy=f'overlay ppolicy\nppolicy_default "cn=policy,{BASE}"' if policy else ""))
        content = self.directory / "content.ldif"
        content.write_text("\n".join([CONTENT, person("ann", "ann-password"), person("ben", "ben-password"), group("Staff", dn("ann"))]))
        self._own()
        done = subprocess.run(
            [*unprivileged(), shutil.which("slapadd", path="/usr/sbin:/usr/bin") or "slapadd", "-f", str(self.configuration), "-l",
             str(content)], capture_output=True, text=True, timeout=60, env=clean_environment())
        assert done.returncode == 0, done.stderr
        self.process = None
        self.start()

    def _own(self):
        if os.getuid() == 0:
            for path in [self.directory, *self.directory.rglob("*")]:
                shutil.chown(path, "postgres", "postgres")

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self):
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def start(self):
        program = shutil.which("slapd", path="/usr/sbin:/usr/bin")
        assert program, "slapd is not installed; run scripts/install-system test"
        urls = self.url + "/" + (f" {self.tls_url}/" if self.has_tls else "")
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [*unprivileged(), program, "-f", str(self.configuration), "-h", urls, "-d", "stats"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.directory, env=clean_environment())
        started = time.monotonic()
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None and time.monotonic() - started < 20, self.log()
            time.sleep(0.05)

    def log(self):
        return (self.directory / "server.log").read_text(errors="replace")

    def stop(self):
        self.process.kill()
        self.process.wait(20)

    def freeze(self):
        """Nothing answers any more, and no connection is closed."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.thaw()
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def change(self, ldif, program="ldapmodify"):
        """As the administrator."""
        done = subprocess.run(
            [program, "-x", "-H", self.url, "-D", f"cn=root,{BASE}", "-w", "root-password"], input=ldif, capture_output=True,
            text=True, timeout=30, env=clean_environment())
        assert done.returncode == 0, done.stdout + done.stderr

    def add(self, ldif):
        self.change(ldif, "ldapadd")

    def set(self, uid, attribute, value):
        self.change(f"dn: {dn(uid)}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")

    def delete(self, name):
        self.change(f"dn: {name}\nchangetype: delete\n")

    def settings(self, **more):
        """The settings of a mount whose account searches."""
        return {"url": self.url, "userdn": f"ou=people,{BASE}", "userattr": "uid", "groupdn": f"ou=groups,{BASE}",
                "binddn": SEARCHER, "bindpass": SEARCHER_PASSWORD, "request_timeout": 5, "connection_timeout": 2, **more}
