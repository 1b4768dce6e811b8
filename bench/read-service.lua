wrk.path = "/api/secrets/bench/prod/key"
wrk.headers["X-Service"] = "bench"
wrk.headers["X-Token"] = os.getenv("BENCH_SERVICE_TOKEN")
