wrk.path = "/v1/secret/data/bench/0"
wrk.headers["X-Vault-Token"] = os.getenv("BENCH_TOKEN")
