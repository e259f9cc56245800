-- Appends one entry to a role's input log.
--
-- ARGV   1 role         2 holder      3 epoch of the lease   4 generation
--        5 the log's newest entry, as the writer knows it    6 this entry's id
--        7 epoch, 8 position that the log covers then ('' if none), 9 both as JSON
--       10 bytes of this entry       11 bytes that may wait beside the newest list
--       12 'first' or 'page' of a list; a later page is always taken; '' for anything else
--       13 channel to tell           from 14 on: the entry's fields
-- Gives OK; errors KRMCONFLICT, KRMFULL
-- @include scope-keys
-- @include fence
-- @include compare-versions
local role, id = ARGV[1], ARGV[6]
local log = role == 'streamer' and k.streamerlog or k.verifierlog
local fenced = fence(k.leases, k.state, role, ARGV[2], ARGV[3], ARGV[4])
if fenced then return fenced end
local s = redis.call('HMGET', k.state, role .. '.last', role .. '.in', role .. '.out', role .. '.epoch', role .. '.position',
  role .. '.list', role .. '.done')
if s[1] == id then return redis.status_reply('OK') end
if (s[1] or '0-0') ~= ARGV[5] then
  return redis.error_reply('KRMCONFLICT the newest entry is ' .. (s[1] or 'none') .. ', not ' .. ARGV[5])
end
local total = tonumber(s[2] or '0')
if s[1] and s[1] ~= s[7] and redis.call('EXISTS', log) == 0 then
  return redis.error_reply('KRMCONFLICT the store has lost the ' .. role .. ' log')
end
local list = tonumber(s[6] or '0')
if ARGV[12] ~= 'page' and total - tonumber(s[3] or '0') > tonumber(ARGV[11]) + list then
  return redis.error_reply('KRMFULL')
end
if ARGV[12] ~= '' then
  if ARGV[12] == 'first' then list = 0 end
  redis.call('HSET', k.state, role .. '.list', string.format('%.0f', list + tonumber(ARGV[10])))
end
if s[4] == ARGV[7] and s[5] and s[5] ~= '' and ARGV[8] ~= '' and compare_versions(ARGV[8], s[5]) < 0 then
  return redis.error_reply('KRMCONFLICT the position would go back from ' .. s[5] .. ' to ' .. ARGV[8])
end
total = total + tonumber(ARGV[10])
local fields = {}
for i = 14, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('XADD', log, id, 'p', ARGV[5], 't', string.format('%.0f', total), unpack(fields))
redis.call('HSET', k.state, role .. '.last', id, role .. '.in', string.format('%.0f', total),
  role .. '.epoch', ARGV[7], role .. '.position', ARGV[8], role .. '.covers', ARGV[9])
redis.call('PUBLISH', ARGV[13], '')
return redis.status_reply('OK')
