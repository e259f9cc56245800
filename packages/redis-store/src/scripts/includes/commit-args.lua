-- The arguments that both ways of committing begin with.
local c = {
  holder = ARGV[1], fence = ARGV[2], generation = ARGV[3],
  before = ARGV[4],                              -- the newest commit, as the writer knows it
  id = ARGV[5],                                  -- this one
  epoch = ARGV[6], position = ARGV[7],           -- of the view then; '' if there is no position
  meta = ARGV[8], ledger = ARGV[9],              -- JSON; '' leaves the ledger as it was
  streamer = ARGV[10], streamertotal = ARGV[11], -- what is consumed of the logs with it: id and total; '' if nothing new
  verifier = ARGV[12], verifiertotal = ARGV[13],
  channel = ARGV[14],                            -- to tell
}
