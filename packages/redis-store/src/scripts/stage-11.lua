#!lua flags=allow-oom
-- Puts a part of a large commit aside, unseen by readers.
--
-- ARGV  holder, epoch, generation, the newest commit as the writer knows it, this commit; then for each key: key, 's' or
--       'r', index entry, size, record. Each key comes once in a commit; a part may come again.
-- Gives OK; an error KRMCONFLICT
-- @include scope-keys
-- @include fence
local fenced = fence(k.leases, k.state, 'merger', ARGV[1], ARGV[2], ARGV[3])
if fenced then return fenced end
local s = redis.call('HMGET', k.state, 'commit', 'staged')
if s[1] == ARGV[5] then return redis.status_reply('OK') end
if (s[1] or '0-0') ~= ARGV[4] or s[2] then return redis.error_reply('KRMCONFLICT another commit came in between') end
local objects, bytes = 0, 0
for i = 6, #ARGV, 5 do
  local key, op, entry, size, record = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4]
  if redis.call('HEXISTS', k.staging, key) == 0 then
    local old = redis.call('HGET', k.index, key)
    bytes = bytes + size - (old and tonumber(string.match(old, '^%S+ (%d+) ')) or 0)
    objects = objects + (op == 's' and 1 or 0) - (old and 1 or 0)
  end
  redis.call('HSET', k.staging, key, op .. #entry .. ':' .. entry .. record)
end
redis.call('HINCRBY', k.state, 'staging.objects', objects)
redis.call('HINCRBY', k.state, 'staging.bytes', bytes)
return redis.status_reply('OK')
