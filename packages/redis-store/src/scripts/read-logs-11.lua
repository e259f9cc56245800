-- Reads both input logs.
--
-- ARGV  generation that the reader knows; most entries, most bytes of each; id of the last entry that the reader has of
--       the verifier's log, of the streamer's
-- Gives for each of the two: the entries, or false (the reader's place in it is gone), and the newest entry's id
-- @include scope-keys
-- @include chain
local s = redis.call('HMGET', k.state, 'generation', 'verifier.last', 'streamer.last')
if s[1] ~= ARGV[1] then return { false, '', false, '' } end
local most, bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
return {
  read_chain(k.verifierlog, ARGV[4], s[2] or '0-0', most, bytes), s[2] or '0-0',
  read_chain(k.streamerlog, ARGV[5], s[3] or '0-0', most, bytes), s[3] or '0-0',
}
