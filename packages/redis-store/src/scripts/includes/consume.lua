-- Marks a log's entries as consumed up to `id` and takes them away. `total` is how many bytes the log had ever taken with
-- that entry. Empty: nothing new. What was the whole log is freed aside: after a list it can be large.
local function consume(state, log, role, id, total)
  if id == '' then return end
  redis.call('HSET', state, role .. '.done', id, role .. '.out', total)
  if redis.call('HGET', state, role .. '.last') == id then
    redis.call('UNLINK', log)
  else
    redis.call('XTRIM', log, 'MINID', (string.match(id, '^(%d+)%-') + 1) .. '-0')
  end
end
