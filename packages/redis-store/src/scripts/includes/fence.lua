-- Why a role may not write, as an error reply, or nil. `leases` holds who has each role; the generation is that of the
-- state which the writer knows: a flush, or a failover to a server that had not got it yet, gives another one. The holder
-- is looked at beside the epoch, because a failover can roll the counter back.
local function fence(leases, state, role, holder, epoch, generation)
  local l = redis.call('HMGET', leases, 'holder.' .. role, 'epoch.' .. role)
  if not l[1] then return redis.error_reply('KRMCONFLICT the role of the ' .. role .. ' was given up or lost') end
  if l[1] ~= holder or l[2] ~= epoch then
    return redis.error_reply('KRMCONFLICT the role of the ' .. role .. ' is held by another process')
  end
  if redis.call('HGET', state, 'generation') ~= generation then
    return redis.error_reply('KRMCONFLICT the state was lost and begun anew')
  end
  return nil
end
