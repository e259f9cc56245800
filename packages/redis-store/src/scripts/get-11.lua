-- Gives { feed, meta, objects, bytes, record or false } of one key, at one moment.
--
-- ARGV  key
-- @include scope-keys
local s = redis.call('HMGET', k.state, 'feed', 'meta', 'objects', 'bytes', 'staged')
local staged = s[5] and redis.call('HGET', k.staging, ARGV[1])
local record
if staged then
  local op, length, from = string.match(staged, '^(.)(%d+):()')
  record = op == 's' and string.sub(staged, from + length)
else
  record = redis.call('HGET', k.objects, ARGV[1])
end
return { s[1], s[2], s[3], s[4], record }
