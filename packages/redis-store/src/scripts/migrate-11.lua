#!lua flags=allow-oom
-- Moves a part of what is staged to its place, and frees a part of the list that it came from. Readers see no difference.
--
-- ARGV  holder, epoch, generation, most keys, most bytes (one key at least)
-- Gives how many keys are left; an error KRMCONFLICT
-- @include scope-keys
-- @include fence
-- @include consume
local fenced = fence(k.leases, k.state, 'merger', ARGV[1], ARGV[2], ARGV[3])
if fenced then return fenced end
if not redis.call('HGET', k.state, 'staged') then return 0 end
if redis.call('EXISTS', k.staging) == 0 then
  return redis.error_reply('KRMCONFLICT the store has lost the staging area')
end
local moved = 0
for _, key in ipairs(redis.call('HRANDFIELD', k.staging, tonumber(ARGV[4]))) do
  local value = redis.call('HGET', k.staging, key)
  local op, length, from = string.match(value, '^(.)(%d+):()')
  if op == 's' then
    redis.call('HSET', k.index, key, string.sub(value, from, from + length - 1))
    redis.call('HSET', k.objects, key, string.sub(value, from + length))
  else
    redis.call('HDEL', k.index, key)
    redis.call('HDEL', k.objects, key)
  end
  redis.call('HDEL', k.staging, key)
  moved = moved + #value
  if moved > tonumber(ARGV[5]) then break end
end
trim_log(k.state, k.streamerlog, 'streamer')
trim_log(k.state, k.verifierlog, 'verifier')
local left = redis.call('HLEN', k.staging)
if left == 0 then redis.call('HDEL', k.state, 'staged') end
return left
