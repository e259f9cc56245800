# Asks Redis whether it is there: `ready` wants an answer, `alive` only that it does not hang; it may still be loading.
REDISCLI_AUTH=$(tr -d '\r\n' < "$PASSWORD_FILE")
export REDISCLI_AUTH
answer=$(redis-cli -p 6379 --user krm --no-auth-warning $TLS ping 2>&1)
case "$1 $answer" in
  *" PONG") exit 0 ;;
  "alive "*LOADING* | "alive "*BUSY*) exit 0 ;;
esac
echo "$answer"
exit 1
