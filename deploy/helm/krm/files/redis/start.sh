# Makes Redis' users of the password's file, so that no command line and no variable has it, and starts Redis.
# The one user has the rights that KRM needs, on its own keys; the default user has none.
set -eu
umask 077
hash=$(tr -d '\r\n' < "$PASSWORD_FILE" | sha256sum | cut -d ' ' -f 1)
rights='~krm:* &krm:* +@read +@write -@dangerous +eval +evalsha +@pubsub +@connection +@transaction +time +info +role'
printf 'user default off\nuser krm on #%s %s\n' "$hash" "$rights" > "$ACL_FILE"
exec redis-server "$CONFIG_FILE" --aclfile "$ACL_FILE"
