-- Gives { role, report, role, report …, } and the roles that are held at this moment.
-- @include scope-keys
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = {}
for _, role in ipairs({ 'streamer', 'verifier', 'merger' }) do
  local l = redis.call('HMGET', k.leases, 'holder.' .. role, 'until.' .. role)
  if l[1] and tonumber(l[2] or '0') > now then held[#held + 1] = role end
end
return { redis.call('HGETALL', k.reports), held }
