#!lua flags=allow-oom
-- Makes a large commit, all of which is staged, visible at once: from here on what is staged stands before the rest. The
-- feed cannot be followed to it.
--
-- ARGV  those of commit-args; 15 how many keys must be staged
-- Gives OK; an error KRMCONFLICT
-- @include scope-keys
-- @include commit-args
-- @include fence
-- @include damage
-- @include compare-versions
-- @include consume
-- @include feed
-- @include commit-meta
local refused = refuse_commit(k, c)
if refused == true then return redis.status_reply('OK') end
if refused then return refused end
if redis.call('HLEN', k.staging) ~= tonumber(ARGV[15]) then
  return redis.error_reply('KRMCONFLICT the store has lost what was staged')
end
local s = redis.call('HMGET', k.state, 'staging.objects', 'staging.bytes')
redis.call('HINCRBY', k.state, 'objects', s[1] or 0)
redis.call('HINCRBY', k.state, 'bytes', s[2] or 0)
redis.call('HDEL', k.state, 'staging.objects', 'staging.bytes')
if redis.call('EXISTS', k.staging) == 1 then redis.call('HSET', k.state, 'staged', c.id) end
restart_feed(k, c.id)
write_meta(k, c)
return redis.status_reply('OK')
