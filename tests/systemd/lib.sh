# What cases are written in. Nothing waits for a time: eventually() polls until
# something holds, or fails at its deadline.

socket=/run/shmbroker/io.shmbroker

# check WHAT COMMAND...: it succeeds.
check() {
        local what=$1 output
        shift
        if output=$("$@" 2>&1); then
                echo "ok - $what"
        else
                echo "not ok - $what"
                printf '%s\n' "\$ $*" "$output" | sed 's/^/#   /'
        fi
}

# refuse WHAT PATTERN COMMAND...: it fails, and says something like PATTERN.
refuse() {
        local what=$1 pattern=$2 output
        shift 2
        if ! output=$("$@" 2>&1) && grep -Eq -- "$pattern" <<<"$output"; then
                echo "ok - $what"
        else
                echo "not ok - $what"
                printf '%s\n' "\$ $*   (expected to fail with: $pattern)" "$output" | sed 's/^/#   /'
        fi
}

# same WHAT EXPECTED COMMAND...: it prints exactly that.
same() {
        local what=$1 expected=$2 output
        shift 2
        if output=$("$@" 2>&1) && [ "$output" = "$expected" ]; then
                echo "ok - $what"
        else
                echo "not ok - $what"
                printf '%s\n' "\$ $*" "expected: $expected" "got: $output" | sed 's/^/#   /'
        fi
}

# eventually COMMAND...: succeeds within 60 seconds.
eventually() {
        local deadline=$((SECONDS + 60))
        until "$@"; do
                if [ "$SECONDS" -ge "$deadline" ]; then
                        echo "not so within 60 seconds: $*"
                        return 1
                fi
                sleep 0.05
        done
}

# The value of one property of a unit.
property() {
        systemctl show --value -p "$2" "$1"
}

main_pid() {
        property shmbrokerd.service MainPID
}

# A system as it was after its first boot, but that nobody has asked the broker yet.
fresh() {
        systemctl stop shmbroker-setup.service shmbrokerd.socket shmbrokerd.service
        rm -rf /run/shmbroker/state /etc/systemd/system/shmbrokerd.service.d
        ipcrm --all=shm
        systemctl daemon-reload
        systemctl reset-failed
        systemctl start shmbrokerd.socket
}

# drop_in UNIT LINES...: changes a unit, as an administrator does.
drop_in() {
        local directory=/etc/systemd/system/$1.d
        shift
        mkdir -p "$directory"
        printf '%s\n' "$@" >"$directory/test.conf"
        systemctl daemon-reload
}

# as_service [-p PROPERTY=VALUE]... COMMAND...: runs it as a service, to its end.
as_service() {
        systemd-run --quiet --wait --pipe --collect "$@" </dev/null
}

# hold UNIT NAME SIZE [-p PROPERTY=VALUE]...: a client that has the segment attached
# and keeps watch over its bytes, until release() asks whether they are as they were.
hold() {
        local unit=$1 name=$2 size=$3
        shift 3
        systemd-run --quiet --unit="$unit" --property=Type=notify "$@" \
                holder "$name" "$size"
}

release() {
        systemctl stop "$1" && [ "$(property "$1" Result)" = success ]
}
