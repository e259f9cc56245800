#!lua flags=allow-oom
-- Holds a role for another term, and takes what others asked of it.
--
-- ARGV  role, holder, epoch, generation, ttl in milliseconds
-- Gives the requests, or an error KRMCONFLICT
-- @include scope-keys
-- @include fence
-- @include damage
local role, holder, epoch, generation, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local fenced = fence(k.leases, k.state, role, holder, epoch, generation)
if fenced then return fenced end
local lost = damage(k)
if lost then return redis.error_reply('KRMCONFLICT the store has lost ' .. lost) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', k.leases, 'until.' .. role, string.format('%.0f', now + ttl))
local asked = {}
for _, name in ipairs(redis.call('HKEYS', k.asks)) do
  local to, request = string.match(name, '^(%a+)%.(.+)$')
  if to == role then
    asked[#asked + 1] = request
    redis.call('HDEL', k.asks, name)
  end
end
return asked
