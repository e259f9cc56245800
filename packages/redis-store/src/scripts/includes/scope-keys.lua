-- The keys of one scope, in the order in which every script gets them. All have the same hash tag, so that a cluster
-- keeps them on one server.
local k = {
  state = KEYS[1],       -- hash: generation, meta, counts, positions
  leases = KEYS[2],      -- hash: who holds each role, until when, at which epoch
  objects = KEYS[3],     -- hash: key to record
  index = KEYS[4],       -- hash: key to "version size marks uid"
  feed = KEYS[5],        -- stream: one entry a commit
  sizes = KEYS[6],       -- list: id, changes and bytes of each entry of the feed
  staging = KEYS[7],     -- hash: key to what a large commit makes of it
  streamerlog = KEYS[8], -- stream
  verifierlog = KEYS[9], -- stream
  reports = KEYS[10],    -- hash: role to report
  asks = KEYS[11],       -- hash: "role.request"
}
