local keys = tonumber(os.getenv("BENCH_KEYS"))
local token = os.getenv("BENCH_TOKEN")
local requests = {}

function init(arguments)
   math.randomseed(os.time())
   for key = 0, keys - 1 do
      requests[key] = wrk.format("GET", "/v1/secret/data/bench/" .. key, { ["X-Vault-Token"] = token })
   end
end

function request()
   return requests[math.random(0, keys - 1)]
end
