#!lua flags=allow-oom
-- Takes a role, if it is free; sees to it that the scope has a state that is whole.
--
-- ARGV  role, holder, ttl in milliseconds, generation to use if there is no state
-- Gives false while another holder (or the same, already) has it; else
--       { epoch, generation, what was missing of the state before or '' }
-- @include scope-keys
-- @include damage
local role, holder, ttl, candidate = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_when = tonumber(redis.call('HGET', k.leases, 'until.' .. role) or '0')
if redis.call('HGET', k.leases, 'holder.' .. role) and until_when > now then return false end

local lost = damage(k)
if lost then
  -- Nothing of it can be trusted: the roles begin anew.
  local had = redis.call('EXISTS', unpack(KEYS)) > 0
  redis.call('UNLINK', k.state, k.objects, k.index, k.feed, k.sizes, k.staging, k.streamerlog, k.verifierlog)
  redis.call('HSET', k.state, 'generation', candidate)
  if not had then lost = nil end
end
if role == 'merger' and not redis.call('HGET', k.state, 'staged') then
  -- A large commit that was never finished.
  redis.call('UNLINK', k.staging)
  redis.call('HDEL', k.state, 'staging.objects', 'staging.bytes')
end
local epoch = redis.call('HINCRBY', k.leases, 'epoch.' .. role, 1)
redis.call('HSET', k.leases, 'holder.' .. role, holder, 'until.' .. role, string.format('%.0f', now + ttl))
return { epoch, redis.call('HGET', k.state, 'generation'), lost or '' }
