wrk.method = "POST"
wrk.path = "/v1/auth/approle/login"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.format('{"role_id":"%s","secret_id":"%s"}', os.getenv("BENCH_ROLE_ID"), os.getenv("BENCH_SECRET_ID"))
