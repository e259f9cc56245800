#!lua flags=allow-oom
-- Commits what fits into one script: changes, meta, feed, consumed log entries.
--
-- ARGV  those of commit-args; 15 '1': the history restarted, readers begin anew; 16, 17 what the feed keeps at most
--       (changes, bytes); then for each change: 's' or 'r', key, index entry, size, header, record ('' if none)
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
local objects, bytes, fed, count = 0, 0, 0, 0
local fields = { 'n', '0' }
for i = 18, #ARGV, 6 do
  local key, size, header, record = ARGV[i + 1], tonumber(ARGV[i + 3]), ARGV[i + 4], ARGV[i + 5]
  local old = redis.call('HGET', k.index, key)
  local old_size = old and tonumber(string.match(old, '^%S+ (%d+) ')) or 0
  if ARGV[i] == 's' then
    redis.call('HSET', k.objects, key, record)
    redis.call('HSET', k.index, key, ARGV[i + 2])
    objects = objects + (old and 0 or 1)
    bytes = bytes + size - old_size
  elseif old then
    redis.call('HDEL', k.objects, key)
    redis.call('HDEL', k.index, key)
    objects = objects - 1
    bytes = bytes - old_size
  end
  count = count + 1
  fed = fed + #record
  fields[#fields + 1] = header
  fields[#fields + 1] = record
end
fields[2] = tostring(count)
redis.call('HINCRBY', k.state, 'objects', objects)
redis.call('HINCRBY', k.state, 'bytes', bytes)
if ARGV[15] == '1' then restart_feed(k, c.id)
elseif count > 0 then append_feed(k, c.id, count, fed, fields, tonumber(ARGV[16]), tonumber(ARGV[17]))
end
write_meta(k, c)
return redis.status_reply('OK')
