-- Appends one commit to the change feed and trims it. An entry's id is the commit's; its first two fields say which
-- commit was before it (`p`) and how many changes it holds (`n`), or that it cannot be followed (`x`: read the view anew).
-- `sizes` lists the kept commits' ids, changes and bytes, oldest first, so that trimming costs what it takes away.
local function append_feed(k, id, changes, bytes, fields, most_changes, most_bytes)
  local before = redis.call('HGET', k.state, 'feed') or '0-0'
  redis.call('XADD', k.feed, id, 'p', before, unpack(fields))
  redis.call('RPUSH', k.sizes, id .. ' ' .. changes .. ' ' .. bytes)
  local kept_changes = redis.call('HINCRBY', k.state, 'feed.changes', changes)
  local kept_bytes = redis.call('HINCRBY', k.state, 'feed.bytes', bytes)
  local trimmed = false
  while (kept_changes > most_changes or kept_bytes > most_bytes) and redis.call('LLEN', k.sizes) > 1 do
    local _, c, b = string.match(redis.call('LPOP', k.sizes), '^(%S+) (%d+) (%d+)$')
    kept_changes = redis.call('HINCRBY', k.state, 'feed.changes', 0 - c)
    kept_bytes = redis.call('HINCRBY', k.state, 'feed.bytes', 0 - b)
    trimmed = true
  end
  if trimmed then
    local oldest = string.match(redis.call('LINDEX', k.sizes, 0), '^%S+')
    redis.call('XTRIM', k.feed, 'MINID', oldest)
  end
  redis.call('HSET', k.state, 'feed', id)
end

-- Begins the feed anew with an entry that nobody can follow to.
local function restart_feed(k, id)
  redis.call('UNLINK', k.feed, k.sizes)
  redis.call('HSET', k.state, 'feed.changes', 0, 'feed.bytes', 0)
  append_feed(k, id, 0, 0, { 'x', '1' }, 1, 1)
end
