wrk.method = "POST"
wrk.path = "/v1/auth/jwt/login"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.format('{"role":"bench","jwt":"%s"}', os.getenv("BENCH_JWT"))
