-- Takes away what of a log is consumed, so much at a time: freeing a long list at once would hold up everybody. Nothing
-- depends on how far this has come. What was the whole log is freed aside.
local function trim_log(state, log, role)
  local s = redis.call('HMGET', state, role .. '.done', role .. '.last')
  if not s[1] then return end
  if s[1] == s[2] then
    redis.call('UNLINK', log)
  else
    redis.call('XTRIM', log, 'MINID', '~', (string.match(s[1], '^(%d+)%-') + 1) .. '-0', 'LIMIT', 64)
  end
end

-- Marks a log's entries as consumed up to `id`. `total` is how many bytes the log had ever taken with that entry. Empty:
-- nothing new.
local function consume(state, log, role, id, total)
  if id ~= '' then redis.call('HSET', state, role .. '.done', id, role .. '.out', total) end
  trim_log(state, log, role)
end
