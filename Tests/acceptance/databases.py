"""Real database servers for tests: started on free ports in folders of their own, as an unprivileged user."""

import glob
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import clean_environment, free_port

SUPERUSER = "root_of_tests"


def unprivileged():
    """What goes before a command, so that it does not run as root."""
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def programs():
    """The folder of initdb and pg_ctl: PostgreSQL 15, or the newest there is."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: (path != "/usr/lib/postgresql/15/bin", path))
    assert found, "PostgreSQL is not installed; run scripts/install-system"
    return pathlib.Path(found[0])


class Postgres:
    """One server with the database `app`, in which `public.things` has two rows."""

    def __init__(self, tls=None):
        """With `tls`, (certificate, key, authority of clients) as paths, and TLS for those who ask for it."""
        self.options = ""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="coffer-pg-", dir="/tmp"))
        self.data = self.directory / "data"
        self.port = free_port()
        self.password = "super-" + secrets.token_hex(8)
        password_file = self.directory / "password"
        password_file.write_text(self.password)
        if os.getuid() == 0:
            for path in (self.directory, password_file):
                shutil.chown(path, "postgres", "postgres")
        self._run("initdb", "-D", str(self.data), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}",
                  "--no-sync", "--encoding=UTF8", "--locale=C")
        if tls:
            self._speak_tls(*tls)
        self.start()
        self.query("CREATE DATABASE app", database="postgres")
        self.query("CREATE TABLE things (id int, name text)")
        self.query("INSERT INTO things VALUES (1, 'one'), (2, 'two')")

    def _speak_tls(self, certificate, key, authority):
        for name, source in (("server.crt", certificate), ("server.key", key), ("clients.crt", authority)):
            place = self.data / name
            shutil.copy(source, place)
            place.chmod(0o600)
            if os.getuid() == 0:
                shutil.chown(place, "postgres", "postgres")
        self.options = "-c ssl=on -c ssl_cert_file=server.crt -c ssl_key_file=server.key -c ssl_ca_file=clients.crt"

    def _run(self, program, *arguments, check=True):
        done = subprocess.run(
            [*unprivileged(), str(programs() / program), *arguments], capture_output=True, text=True, timeout=120,
            cwd=self.directory, env=clean_environment(LC_ALL="C"))
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self):
        options = (f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off "
                   f"-c max_connections=300 {self.options}")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-l", str(self.directory / "server.log"), "-o", options, "start")

    def stop(self, mode="immediate"):
        """`immediate` is a crash: no farewell, and a recovery at the next start."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop", check=False)

    def replica(self):
        """Another server that follows this one, some moments behind."""
        made = Postgres.__new__(Postgres)
        made.options, made.port, made.password = self.options, free_port(), self.password
        made.directory = pathlib.Path(tempfile.mkdtemp(prefix="coffer-pg-", dir="/tmp"))
        made.data = made.directory / "data"
        if os.getuid() == 0:
            shutil.chown(made.directory, "postgres", "postgres")
        made._run("pg_basebackup", "-D", str(made.data), "-R", "--no-sync", "--checkpoint=fast",
                  "-d", f"host=127.0.0.1 port={self.port} user={SUPERUSER} password={self.password}")
        made.start()
        return made

    def stop_following(self):
        """What the other server commits from now on never comes here."""
        self.query("ALTER SYSTEM SET primary_conninfo = ''", database="postgres")
        self.query("SELECT pg_reload_conf()", database="postgres")

    def take_over(self, other):
        """Serves where the other one did."""
        self.stop("fast")
        self.port = other.port
        self.start()
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "promote")

    def freeze_sessions(self):
        """Nothing answers any more, and no connection is closed: as if the network swallowed everything."""
        self.freeze()
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self._postmaster())], capture_output=True, text=True)
        self.frozen = [int(pid) for pid in children.stdout.split()]
        for pid in self.frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw_sessions(self):
        for pid in self.frozen:
            os.kill(pid, signal.SIGCONT)
        self.frozen = []
        self.thaw()

    def freeze(self):
        os.kill(self._postmaster(), signal.SIGSTOP)

    def thaw(self):
        os.kill(self._postmaster(), signal.SIGCONT)

    def _postmaster(self):
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def close(self):
        try:
            self.thaw()
        except (OSError, ValueError):
            pass
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def psql(self, sql, user, password, database="app"):
        """As anybody would log in; the finished process."""
        return subprocess.run(
            ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database, "-v", "ON_ERROR_STOP=1", "-At", "-c", sql],
            capture_output=True, text=True, timeout=60, env=clean_environment(PGPASSWORD=password, PGCONNECT_TIMEOUT="10"))

    def query(self, sql, database="app"):
        """As the superuser; the lines of the answer."""
        done = self.psql(sql, SUPERUSER, self.password, database)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def can_log_in(self, user, password):
        return self.psql("SELECT 1", user, password).returncode == 0

    def made_users(self):
        """Names of the users that Coffer made."""
        return set(self.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'"))

    @property
    def url(self):
        return f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.port}/app"

    def configuration(self, **more):
        return {"plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "connection_url": self.url,
                "username": SUPERUSER, "password": self.password, **more}


CREATION = """CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';""" \
    """ GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";"""


class Redis:
    """One server whose user `keeper` may change users."""

    def __init__(self, *options, port_option="--port"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="coffer-redis-", dir="/tmp"))
        self.port = free_port()
        self.password = "keeper-" + secrets.token_hex(8)
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        assert program, "neither redis-server nor valkey-server is installed; run scripts/install-system"
        self.users = self.directory / "users.acl"
        self.users.write_text(f"user keeper on >{self.password} ~* &* +@all\nuser default off\n")
        self.command = [program, "--bind", "127.0.0.1", port_option, str(self.port), "--save", "", "--appendonly", "no",
                        "--dir", str(self.directory), "--aclfile", str(self.users), *options]
        self.process = None
        self.start()

    def start(self):
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory)
        started = time.monotonic()
        while self.cli("PING").strip() != "PONG":
            assert time.monotonic() - started < 20, (self.directory / "server.log").read_text()
            time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def cli(self, *words, user="keeper", password=None, more=()):
        return subprocess.run(
            [shutil.which("redis-cli") or shutil.which("valkey-cli"), "-p", str(self.port), "--no-auth-warning", *more, "--user",
             user, "--pass", password or self.password, *words],
            capture_output=True, text=True, timeout=30).stdout

    def user_names(self):
        return set(self.cli("ACL", "USERS").split())

    def can_log_in(self, user, password):
        return self.cli("GET", "app:x", user=user, password=password).strip() == ""


def main(command):
    """Runs a command with both servers there, which its environment names."""
    postgres, redis = Postgres(), Redis()
    try:
        return subprocess.run(command, env={
            **os.environ, "COFFER_REQUIRE_DATABASES": "1",
            "COFFER_TEST_POSTGRES": f"{postgres.port} {SUPERUSER} {postgres.password}",
            "COFFER_TEST_REDIS": f"{redis.port} keeper {redis.password}",
        }).returncode
    finally:
        redis.close()
        postgres.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
