wrk.path = "/v1/sys/health"
