-- Adds a scope to those that there are, once, in order.
--
-- ARGV  scope id, scope as JSON
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
local place = redis.call('HINCRBY', KEYS[1], ':next', 1)
redis.call('HSET', KEYS[1], ARGV[1], place .. ' ' .. ARGV[2])
return 1
