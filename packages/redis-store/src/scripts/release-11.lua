#!lua flags=allow-oom
-- Gives a role back, if it is still held. Its epoch stays, so that the next holder's is higher.
--
-- ARGV  role, holder, epoch
-- @include scope-keys
local role = ARGV[1]
local l = redis.call('HMGET', k.leases, 'holder.' .. role, 'epoch.' .. role)
if l[1] == ARGV[2] and l[2] == ARGV[3] then
  redis.call('HDEL', k.leases, 'holder.' .. role, 'until.' .. role)
end
return redis.status_reply('OK')
