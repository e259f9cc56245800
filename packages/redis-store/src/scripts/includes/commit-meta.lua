-- What both ways of committing look at first: an error reply, `true` for a commit that is there already (its answer was
-- lost), or nil. A commit names the one before it, so that nobody builds on one that a failover took back; and within one
-- of the cluster's histories the stream's position never goes back.
local function refuse_commit(k, c)
  local s = redis.call('HMGET', k.state, 'commit', 'epoch', 'position', 'generation')
  if s[1] == c.id and s[4] == c.generation then return true end
  local fenced = fence(k.leases, k.state, 'merger', c.holder, c.fence, c.generation)
  if fenced then return fenced end
  if (s[1] or '0-0') ~= c.before then
    return redis.error_reply('KRMCONFLICT the newest commit is ' .. (s[1] or 'none') .. ', not ' .. c.before)
  end
  local lost = damage(k)
  if lost then return redis.error_reply('KRMCONFLICT the store has lost ' .. lost) end
  if s[2] == c.epoch and s[3] and s[3] ~= '' and c.position ~= '' and compare_versions(c.position, s[3]) < 0 then
    return redis.error_reply('KRMCONFLICT the position would go back from ' .. s[3] .. ' to ' .. c.position)
  end
  return nil
end

local function write_meta(k, c)
  redis.call('HSET', k.state, 'commit', c.id, 'epoch', c.epoch, 'position', c.position, 'meta', c.meta)
  if c.ledger ~= '' then redis.call('HSET', k.state, 'ledger', c.ledger) end
  consume(k.state, k.streamerlog, 'streamer', c.streamer, c.streamertotal)
  consume(k.state, k.verifierlog, 'verifier', c.verifier, c.verifiertotal)
  redis.call('PUBLISH', c.channel, '')
end
