wrk.method = "POST"
wrk.path = "/get_token"
wrk.headers["X-Engine-ID"] = "action"
wrk.headers["X-Engine-Key"] = os.getenv("BENCH_ENGINE_KEY")
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"user_id":"u123","platform":"gmail"}'
