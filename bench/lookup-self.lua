wrk.path = "/v1/auth/token/lookup-self"
wrk.headers["X-Vault-Token"] = os.getenv("BENCH_TOKEN")
