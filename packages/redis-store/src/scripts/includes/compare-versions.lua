-- Orders two resourceVersions: negative, zero or positive. By length, then by text, as
-- k8s.io/apimachinery/pkg/util/resourceversion does; never as numbers, which lose digits above 2^53.
local function compare_versions(a, b)
  if #a ~= #b then return #a - #b end
  if a == b then return 0 end
  return a < b and -1 or 1
end
