-- Reads a role's input log.
--
-- ARGV  role, id of the last entry that the reader has, most entries, most bytes, generation that the reader knows
-- Gives the entries, or false: the reader's place in it is gone
-- @include scope-keys
-- @include chain
local s = redis.call('HMGET', k.state, ARGV[1] .. '.last', 'generation')
if s[2] ~= ARGV[5] then return false end
local log = ARGV[1] == 'streamer' and k.streamerlog or k.verifierlog
return read_chain(log, ARGV[2], s[1] or '0-0', tonumber(ARGV[3]), tonumber(ARGV[4]))
