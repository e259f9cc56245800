-- What is missing of a scope's state, or nil. O(1): counts and existence, as a flush, an eviction or a manual delete
-- would change them. `k` has the keys by their names.
local function damage(k)
  local s = redis.call('HMGET', k.state, 'generation', 'objects', 'staged', 'feed',
    'streamer.last', 'streamer.done', 'verifier.last', 'verifier.done')
  if not s[1] then return 'the state' end
  local objects = tonumber(s[2] or '0')
  if s[3] then
    if redis.call('EXISTS', k.staging) == 0 then return 'the staging area' end
  elseif redis.call('HLEN', k.objects) ~= objects then return 'objects'
  elseif redis.call('HLEN', k.index) ~= objects then return 'the index'
  end
  if s[4] and (redis.call('EXISTS', k.feed) == 0 or redis.call('EXISTS', k.sizes) == 0) then return 'the feed' end
  if s[5] and s[5] ~= s[6] and redis.call('EXISTS', k.streamerlog) == 0 then return 'the streamer log' end
  if s[7] and s[7] ~= s[8] and redis.call('EXISTS', k.verifierlog) == 0 then return 'the verifier log' end
  return nil
end
