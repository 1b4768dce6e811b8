wrk.method = "POST"
wrk.path = "/v1/transit/sign/bench-ed25519"
wrk.headers["X-Vault-Token"] = os.getenv("BENCH_TOKEN")
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"input":"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSwgYXMgYW4gYXBwbGljYXRpb24gd291bGQgc2VuZCBpdA=="}'
