# Names, ids and attached clients outlive the broker and its socket, whatever is done to
# them and in whatever order.
fresh

names() {
        shmbrokerctl --json ls | jq -c \
                'map({name, id, key, size, uid, gid, mode, lifetime, labels, createdAt, creator})'
}

hold order-holder order/held 65536
shmbrokerctl create order/labelled 4096 --mode 0640 --label made=before >/dev/null
before=$(names)
same "both are there" 2 jq length <<<"$before"

operate() {
        case $1 in
        kill) systemctl kill --signal=KILL shmbrokerd.service ;;
        reload) systemctl reload shmbrokerd.service ;;
        *) # shellcheck disable=SC2086
                systemctl $1 ;;
        esac
}

operations=(
        "stop shmbrokerd.service"
        "start shmbrokerd.service"
        "restart shmbrokerd.service"
        "stop shmbrokerd.socket"
        "start shmbrokerd.socket"
        "restart shmbrokerd.socket"
        "stop shmbrokerd.service shmbrokerd.socket"
        "restart shmbrokerd.socket shmbrokerd.service"
        kill
        reload
)

# Each two of them, one right after the other. Some have nothing to act on then (a
# reload of what is stopped): what counts is what is there in the end.
in_any_order() {
        local second
        for second in "${operations[@]}"; do
                operate "$1" 2>/dev/null
                operate "$second" 2>/dev/null
                systemctl start shmbrokerd.socket || return
                if [ "$(names)" != "$before" ]; then
                        echo "after \"$1\" and \"$second\":"
                        names
                        return 1
                fi
        done
}
for first in "${operations[@]}"; do
        check "names and ids are kept by: $first, and then whatever" in_any_order "$first"
done

pid=$(main_pid)
check "reload is taken" systemctl reload shmbrokerd.service
same "reload keeps the process" "$pid" main_pid
check "reload is told to the journal" eventually \
        eval 'journalctl -q -u shmbrokerd.service _PID=$pid | grep -q reloaded'

# From 253 on systemd can wait for the end of a reload, by what the broker tells it.
if [ "$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')" -ge 253 ]; then
        drop_in shmbrokerd.service "[Service]" Type=notify-reload ExecReload=
        check "the end of a reload can be waited for" systemctl reload shmbrokerd.service
        same "which keeps the process too" "$pid" main_pid
        rm -r /etc/systemd/system/shmbrokerd.service.d
        systemctl daemon-reload
fi

is_replaced() {
        [ "$(main_pid)" != "$pid" ] && [ "$(property shmbrokerd.service ActiveState)" = active ]
}
check "a broker that was killed is started again" \
        eval 'systemctl kill --signal=KILL shmbrokerd.service && eventually is_replaced'
same "nothing is lost by it" "$before" names

refuse "a stopped socket leaves none behind" "No such file" \
        eval 'systemctl stop shmbrokerd.socket; stat $socket'
refuse "its clients are told so" "No such file|no broker" shmbrokerctl ls
systemctl start shmbrokerd.socket
same "nor is anything lost by that" "$before" names

check "whoever had it attached was not disturbed" release order-holder
same "and nobody else had it" 0 eval 'shmbrokerctl --json stat order/held | jq .nattch'
