wrk.method = "POST"
wrk.path = "/v1/transit/encrypt/bench"
wrk.headers["X-Vault-Token"] = os.getenv("BENCH_TOKEN")
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"plaintext":"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSwgYXMgYW4gYXBwbGljYXRpb24gd291bGQgc2VuZCBpdA=="}'
