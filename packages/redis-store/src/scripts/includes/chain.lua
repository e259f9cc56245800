-- Reads entries of a stream behind the entry `after`, in order, until there are `most` of them or `bytes` are reached
-- (one at least). Every entry names the one before it (`p`), so that a reader whose place is gone is noticed: trimmed,
-- flushed, or rolled back by a failover. `last` is the newest entry's id. Returns false then; the entries otherwise.
local function read_chain(stream, after, last, most, bytes)
  local entries = {}
  local held = 0
  while after ~= last and #entries < most and held < bytes do
    local found = redis.call('XRANGE', stream, '(' .. after, '+', 'COUNT', 1)
    if #found == 0 then return false end
    local fields = found[1][2]
    if fields[1] ~= 'p' or fields[2] ~= after then return false end
    for i = 2, #fields, 2 do held = held + #fields[i] end
    entries[#entries + 1] = found[1]
    after = found[1][1]
  end
  return entries
end
