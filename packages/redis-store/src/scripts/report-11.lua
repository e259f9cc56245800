#!lua flags=allow-oom
-- Keeps a role's newest report.
--
-- ARGV  role, holder, epoch, generation, report
-- Gives OK, or an error KRMCONFLICT
-- @include scope-keys
-- @include fence
local fenced = fence(k.leases, k.state, ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if fenced then return fenced end
redis.call('HSET', k.reports, ARGV[1], ARGV[5])
return redis.status_reply('OK')
