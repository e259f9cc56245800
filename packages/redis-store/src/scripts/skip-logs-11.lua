#!lua flags=allow-oom
-- Marks everything in both logs as consumed, and takes it away.
--
-- ARGV  holder, epoch, generation
-- @include scope-keys
-- @include fence
local fenced = fence(k.leases, k.state, 'merger', ARGV[1], ARGV[2], ARGV[3])
if fenced then return fenced end
for _, role in ipairs({ 'streamer', 'verifier' }) do
  local s = redis.call('HMGET', k.state, role .. '.last', role .. '.in')
  if s[1] then redis.call('HSET', k.state, role .. '.done', s[1], role .. '.out', s[2]) end
  -- What is thrown away vouches for nothing any more.
  redis.call('HDEL', k.state, role .. '.covers', role .. '.epoch', role .. '.position', role .. '.list')
end
redis.call('UNLINK', k.streamerlog, k.verifierlog)
return redis.status_reply('OK')
