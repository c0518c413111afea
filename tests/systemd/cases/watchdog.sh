# A broker that does not get on is replaced.
fresh
drop_in shmbrokerd.service "[Service]" WatchdogSec=6s
check "the watchdog is on without being asked for" \
        grep -q '^WatchdogSec=30s$' /usr/lib/systemd/system/shmbrokerd.service

shmbrokerctl create watchdog/kept 4096 >/dev/null
pid=$(main_pid)
since=$(property shmbrokerd.service WatchdogTimestampMonotonic)
has_pinged() {
        [ "$(property shmbrokerd.service WatchdogTimestampMonotonic)" != "$since" ]
}
check "the broker tells that it is well" eventually has_pinged

id=$(shmbrokerctl --json stat watchdog/kept | jq .id)
is_replaced() {
        [ "$(main_pid)" != "$pid" ] && [ "$(property shmbrokerd.service ActiveState)" = active ]
}
check "one that is stopped in its tracks is replaced" \
        eval 'kill -STOP $pid && eventually is_replaced'
same "by the watchdog" 1 eval \
        'journalctl -q --no-pager -u shmbrokerd.service _PID=1 | grep -c "Watchdog timeout"'
same "which loses nothing" "$id" eval 'shmbrokerctl --json stat watchdog/kept | jq .id'
