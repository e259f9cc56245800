#!lua flags=allow-oom
-- Gives the state up, after a script failed halfway: it may hold half a write. Whoever comes next begins anew.
--
-- ARGV  role, holder, epoch, generation
-- @include scope-keys
-- @include fence
local fenced = fence(k.leases, k.state, ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if fenced then return fenced end
redis.call('HDEL', k.state, 'generation')
return redis.status_reply('OK')
