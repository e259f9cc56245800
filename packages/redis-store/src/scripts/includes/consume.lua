-- Marks a log's entries as consumed up to `id` and takes them away. `total` is how many bytes the log had ever taken with
-- that entry. Empty: nothing new.
local function consume(state, log, role, id, total)
  if id == '' then return end
  redis.call('HSET', state, role .. '.done', id, role .. '.out', total)
  local sequence = string.match(id, '^(%d+)%-')
  redis.call('XTRIM', log, 'MINID', (sequence + 1) .. '-0')
end
