"""Services that are known by a client certificate, besides a token or in place of one."""

import ssl

import httpx
from service_harness import ServiceServer
from test_tls import Authority


def test_a_service_bound_to_a_certificate(tmp_path):
    authority = Authority(tmp_path)
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    certificate, key = authority.issue("server")
    server = ServiceServer(
        tmp_path / "s", COFFER_TLS_CERT_FILE=certificate, COFFER_TLS_KEY_FILE=key, COFFER_TLS_CLIENT_CA_FILE=authority.certificate,
        CERT_jobqueue="CN=jobs", CERT_commonUI="CN=ui", CERT_graphAiServer="URI:spiffe://coffer.test/graph")
    # jobqueue has a certificate in place of its token, commonUI both.
    del server.tokens["jobqueue"], server.tokens["graphAiServer"]
    server.write()
    server.start(wait=False)

    def client(service, token=None, name=None, http2=False, alternative="", signer=authority):
        context = ssl.create_default_context(cafile=str(authority.certificate))
        if name:
            context.load_cert_chain(*signer.issue("a-client", common_name=name.replace("/", "\\/"), alternative=alternative))
        headers = {"X-Service": service, **({"X-Token": token} if token else {})}
        return httpx.Client(base_url=f"https://127.0.0.1:{server.port}", verify=context, headers=headers, http2=http2, timeout=20, trust_env=False)

    try:
        import time
        deadline = time.monotonic() + 20
        while True:
            try:
                assert client("idle").get("/health").status_code == 200
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline and server.process.poll() is None, server.log()
                time.sleep(0.05)
        for http2 in (False, True):
            jobs = client("jobqueue", name="jobs", http2=http2)
            assert jobs.get("/api/projects").status_code == 200, jobs.get("/api/projects").text
            path = f"prod/{http2}"
            assert jobs.post("/api/secrets", json={"project": "common", "path": path, "value": "v"}).status_code == 201
            assert jobs.get(f"/api/secrets/common/{path}").json()["updated_by"] == "jobqueue"
            # Another certificate of the same authority, and none.
            assert client("jobqueue", name="ui", http2=http2).get("/api/projects").status_code == 401
            assert client("jobqueue", http2=http2).get("/api/projects").status_code == 401
            assert client("jobqueue", token="anything-at-all", http2=http2).get("/api/projects").status_code == 401
            # Both are needed where both are asked for.
            token = server.tokens["commonUI"]
            assert client("commonUI", token=token, name="ui", http2=http2).get("/api/projects").status_code == 200
            assert client("commonUI", token=token, http2=http2).get("/api/projects").status_code == 401
            assert client("commonUI", name="ui", http2=http2).get("/api/projects").status_code == 401
            assert client("commonUI", token=token, name="jobs", http2=http2).get("/api/projects").status_code == 401
            # By an alternative name; a common name that is spelled like one is none, and an authority that is not known none either.
            assert client("graphAiServer", name="graph", http2=http2, alternative=",URI:spiffe://coffer.test/graph").get("/api/projects").status_code == 200
            assert client("graphAiServer", name="URI:spiffe://coffer.test/graph", http2=http2).get("/api/projects").status_code == 401
            assert client("graphAiServer", name="graph", http2=http2, alternative=",URI:spiffe://coffer.test/graph/2").get("/api/projects").status_code == 401
            try:
                assert client("jobqueue", name="jobs", http2=http2, signer=Authority(stranger)).get("/api/projects").status_code == 401
            except httpx.TransportError:
                pass
            # A service without a certificate is not let in by one.
            assert client("idle", name="idle", http2=http2).get("/api/projects").status_code == 401
            assert client("idle", token=server.tokens["idle"], http2=http2).get("/api/projects").status_code == 200
    finally:
        server.close()
