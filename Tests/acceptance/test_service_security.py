"""The canary, crash and tamper tests for the Service API: nothing leaks, nothing acknowledged is lost, nothing false is served."""

import random
import threading

import canary
import httpx
from service_harness import ServiceServer
from test_tamper import Table


def places(server):
    files = [p for p in server.directory.rglob("*") if p.is_file() and p.name not in (".env", "vault-data-root-token")]
    assert any(p.name == "coffer.db" for p in files) and server.audit_path in files
    return {str(p.relative_to(server.directory)): p.read_bytes() for p in files}


def test_planted_secrets_stay_inside(tmp_path):
    server = ServiceServer(tmp_path / "s").start("-env-file=.env", "-log-level=trace")
    try:
        planted, refused = [], {}

        def plant(label="canary"):
            planted.append(canary.make(label))
            return planted[-1]

        def send(service, method, path, expect=None, **options):
            reply = service.request(method, path, **options)
            assert reply.status_code < 500 and (expect is None or reply.status_code == expect), (path.split("canary")[0], reply.status_code)
            if reply.status_code >= 400:
                refused[f"reply {len(refused)} to {method}"] = str(reply.headers).encode() + reply.content
            return reply

        ui = server.service("commonUI")
        for n in range(20):
            send(ui, "POST", "/api/secrets", 201, json={"project": "newsbot", "path": f"prod/{n}", "value": plant("value")})
            send(ui, "PATCH", f"/api/secrets/newsbot/prod/{n}", 200, json={"value": plant("rotated")})
            send(ui, "GET", f"/api/secrets/newsbot/prod/{n}", 200)
        assert len(send(ui, "GET", "/api/secrets/newsbot", 200).json()) == 20
        send(ui, "POST", "/api/secrets", 409, json={"project": "newsbot", "path": "prod/1", "value": plant("conflict")})
        send(ui, "PATCH", "/api/secrets/newsbot/prod/1", 409, json={"value": plant("late"), "expected_version": 1})
        send(server.service("idle"), "POST", "/api/secrets", 403, json={"project": "newsbot", "path": "x", "value": plant("denied")})
        send(ui, "POST", "/api/secrets", 422, json={"project": "newsbot", "path": "x", "value": [plant("list")]})
        send(ui, "POST", "/api/secrets", 422, json={"project": "newsbot", "path": "a//b", "value": plant("path")})
        send(ui, "POST", "/api/secrets", 422, content=('{"value": "%s' % plant("cut").replace('"', "")).encode())
        send(ui, "POST", "/api/secrets", 422, json={"project": {"p": plant("project")}, "path": "x", "value": "v"})
        send(ui, "POST", "/api/secrets/test", 422, json={"provider": "none", "value": plant("provider")})
        send(ui, "PATCH", "/api/secrets/newsbot/prod/1", 422, json={"value": "v", "expected_version": plant("version")})
        # Tokens, right and wrong ones, and one in the wrong header.
        wrong = plant("token").split("/")[0]
        planted.append(wrong)
        send(server.service("commonUI", token=wrong), "GET", "/api/projects", 401)
        send(server.service(wrong, token="x" * 32), "GET", "/api/projects", 403)
        narrowed = server.cli("token", "attenuate", "-secrets=services:newsbot/prod/", "-op=read", "-uses=2", server.tokens["commonUI"]).stdout.strip()
        job = server.service("commonUI", token=narrowed)
        for path, expect in (("newsbot/prod/7", 200), ("newsbot/dev/x", 403), ("newsbot/prod/7", 401)):
            send(job, "GET", "/api/secrets/" + path, expect)
        send(server.anonymous(**{"X-Vault-Token": narrowed}), "GET", "/v1/services/data/newsbot/prod/7", 403)
        planted += [*server.tokens.values(), server.key, server.root_token, narrowed]
        found = places(server)
        assert canary.leaks({**refused, **found}, planted) == []
        assert ui.get("/api/secrets/newsbot/prod/7").json()["value"] in planted and sum(map(len, found.values())) > 100_000
    finally:
        server.close()


def test_kill_loses_nothing_that_was_acknowledged(tmp_path):
    server = ServiceServer(tmp_path / "s")
    known, acknowledged = {}, 0

    def write(number, round_number):
        nonlocal acknowledged
        client = server.service("commonUI")
        step = 0
        try:
            while True:
                path = f"w{number}/{round_number}-{step // 4}"
                value = f"{round_number}.{step}." + "x" * random.randrange(300)
                before = known.get(path, {None})
                known[path] = before | {value}
                first = None in before and len(before) == 1
                if first:
                    reply = client.post("/api/secrets", json={"project": "newsbot", "path": path, "value": value})
                else:
                    reply = client.patch(f"/api/secrets/newsbot/{path}", json={"value": value})
                if reply.status_code in (200, 201):
                    known[path] = {value}
                    acknowledged += 1
                else:
                    assert reply.status_code == 503, reply.text
                step += 1
        except httpx.HTTPError:
            client.close()

    try:
        for round_number in range(5):
            server.start()
            writers = [threading.Thread(target=write, args=(n, round_number), daemon=True) for n in range(6)]
            for writer in writers:
                writer.start()
            writers[0].join(0.3 + random.random() * 0.4)
            server.process.kill()
            server.process.wait(15)
            for writer in writers:
                writer.join(15)
            server.start()
            client = server.service("commonUI")
            for path, allowed in known.items():
                reply = client.get(f"/api/secrets/newsbot/{path}")
                assert reply.status_code in (200, 404), reply.text
                found = reply.json()["value"] if reply.status_code == 200 else None
                assert found in allowed, path
                known[path] = {found}
            assert sum(p["is_default"] for p in client.get("/api/projects").json()) <= 1
            done = server.cli("audit", "verify", str(server.audit_path))
            assert done.returncode == 0, done.stdout + done.stderr
            assert server.stop() == 0
        assert acknowledged > 50
    finally:
        server.close()


def test_an_edited_database_is_refused_and_the_rest_is_served(tmp_path):
    server = ServiceServer(tmp_path / "s").start()
    try:
        client = server.service("commonUI")
        for n in range(12):
            client.post("/api/secrets", json={"project": "newsbot", "path": f"t/k{n:02}", "value": f"v{n}"}).raise_for_status()
        assert server.stop() == 0
        table = Table(server.directory / "vault-data" / "coffer.db")
        rows = {n: table.rows(containing=f"newsbot/t/k{n:02}".encode())[0] for n in range(12)}
        for n in (0, 3):
            damaged = bytearray(rows[n][1])
            damaged[len(damaged) // 2] ^= 1
            table.write(rows[n][0], bytes(damaged))
        # Two swapped, and one put over another: each is sealed for its own place.
        table.write(rows[5][0], rows[6][1])
        table.write(rows[6][0], rows[5][1])
        table.write(rows[8][0], rows[9][1])
        table.close()
        server.start()
        for n in range(12):
            reply = client.get(f"/api/secrets/newsbot/t/k{n:02}")
            if n in (0, 3, 5, 6, 8):
                assert reply.status_code == 500 and list(reply.json()) == ["detail"] and "integrity" in reply.json()["detail"], n
            else:
                assert (reply.status_code, reply.json()["value"]) == (200, f"v{n}")
        assert client.patch("/api/secrets/newsbot/t/k01", json={"value": "still writable"}).status_code == 200
    finally:
        server.close()
