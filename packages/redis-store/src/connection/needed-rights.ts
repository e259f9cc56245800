import type { RedisTarget } from "./redis-target.ts";

/** What a user of the server must be allowed, as the rules of `ACL SETUSER`. */
export function neededRights({ prefix }: Pick<RedisTarget, "prefix">): string {
  const commands = "+@read +@write -@dangerous +eval +evalsha +@pubsub +@connection +@transaction +time";
  return `~${prefix}:* &${prefix}:* ${commands} +info +role +cluster|slots +cluster|info`;
}
