local keys = tonumber(os.getenv("BENCH_KEYS"))
local headers = { ["X-Vault-Token"] = os.getenv("BENCH_TOKEN"), ["Content-Type"] = "application/json" }
local body = '{"data":{"username":"app","password":"correct horse battery staple","host":"db.internal","port":5432}}'
local requests = {}

function init(arguments)
   math.randomseed(os.time())
   for key = 0, keys - 1 do
      requests[key] = wrk.format("POST", "/v1/secret/data/bench/" .. key, headers, body)
   end
end

function request()
   return requests[math.random(0, keys - 1)]
end
