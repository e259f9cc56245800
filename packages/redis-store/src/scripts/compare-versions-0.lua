-- Gives how two resourceVersions are ordered: for the test that holds the comparison against core's.
--
-- ARGV  one, other
-- @include compare-versions
return compare_versions(ARGV[1], ARGV[2])
