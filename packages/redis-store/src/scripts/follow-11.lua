-- Reads the change feed.
--
-- ARGV  id of the last commit that the reader has, most entries, most bytes
-- Gives { id of the newest commit with changes, the entries or false (the reader's place is gone), meta, objects, bytes,
--       id of the newest commit }
-- @include scope-keys
-- @include chain
local s = redis.call('HMGET', k.state, 'feed', 'meta', 'objects', 'bytes', 'commit')
local feed = s[1] or '0-0'
return { feed, read_chain(k.feed, ARGV[1], feed, tonumber(ARGV[2]), tonumber(ARGV[3])), s[2], s[3], s[4], s[5] }
