# A Varlink client that is not ours: systemd's own, of Debian 13.
command -v varlinkctl >/dev/null || exit 0
fresh

call() {
        local method=$1 parameters=${2-}
        varlinkctl --json=short call "$socket" "io.shmbroker.$method" ${parameters:+"$parameters"}
}
# answers WHAT FILTER METHOD PARAMETERS: the filter is true of the reply.
answers() {
        local what=$1 filter=$2 output
        shift 2
        if output=$(call "$@" 2>&1) && jq -e "$filter" <<<"$output" >/dev/null 2>&1; then
                echo "ok - $what"
        else
                echo "not ok - $what"
                printf '%s\n' "\$ $*" "$output" "is not: $filter" | sed 's/^/#   /'
        fi
}

check "it reads what the broker is" eval 'varlinkctl info $socket | grep -q shmbroker'
same "it sees the interfaces" "$(printf 'io.shmbroker\norg.varlink.service')" \
        eval 'varlinkctl list-interfaces $socket | sort'
check "it introspects ours" eval 'varlinkctl introspect $socket io.shmbroker >/run/introspected'
check "and its text is valid" varlinkctl validate-idl /run/introspected
check "as is what is installed" varlinkctl validate-idl /usr/share/varlink/io.shmbroker.varlink
same "it knows every method" \
        "$(sed -n 's/^method \([A-Za-z]*\).*/\1/p' /usr/share/varlink/io.shmbroker.varlink | sort)" \
        eval 'sed "s/\x1b\[[0-9;]*m//g" /run/introspected | sed -n "s/^method \([A-Za-z]*\).*/\1/p" | sort'

answers Create '.created and .segment.size == 8192 and .segment.mode == 416 and .segment.labels.a == "b"' \
        Create '{"name": "varlink/one", "size": 8192, "mode": 416, "exclusive": true,
                 "lifetime": "persistent", "hugePageSize": 0, "noReserve": false,
                 "labels": {"a": "b"}, "token": "t1"}'
answers "Create again by its token" '.created and .segment.size == 8192' \
        Create '{"name": "varlink/one", "size": 8192, "mode": 416, "exclusive": true,
                 "lifetime": "persistent", "hugePageSize": 0, "noReserve": false,
                 "labels": {"a": "b"}, "token": "t1"}'
answers Open '.segment.name == "varlink/one"' \
        Open '{"name": "varlink/one", "size": 4096, "write": true}'
answers "Open by mode" '.segment.name == "varlink/one"' \
        Open '{"name": "varlink/one", "size": 4096, "mode": 256}'
answers Find '.segment.size == 8192 and (.segment | length) == 5' \
        Find '{"name": "varlink/one", "size": 4096, "write": true}'
id=$(call Stat '{"name": "varlink/one"}' | jq .segment.id)
answers "Stat by name" ".segment.id == $id" Stat '{"name": "varlink/one"}'
answers "Stat by id" '.segment.name == "varlink/one"' Stat "{\"id\": $id}"
answers Set '.segment.uid == 1 and .segment.gid == 2 and .segment.mode == 432 and .segment.labels == {"c": "d"}' \
        Set '{"name": "varlink/one", "uid": 1, "gid": 2, "mode": 432, "labels": {"c": "d"}}'
answers Lock '.segment.locked' Lock "{\"id\": $id}"
answers Unlock '.segment.locked | not' Unlock '{"name": "varlink/one"}'
answers Rename '.segment.name == "varlink/two" and .segment.id == '"$id" \
        Rename '{"name": "varlink/one", "to": "varlink/two", "replace": true, "token": "t2"}'
foreign=$(ipcmk -M 4096 -p 0600 | sed 's/[^0-9]*//')
answers "Adopt by id" ".segment.adopted and .segment.id == $foreign" \
        Adopt "{\"name\": \"varlink/adopted\", \"id\": $foreign, \"labels\": {\"e\": \"f\"}, \"token\": \"t3\"}"
answers "Remove gives up the name" ".segment.id == $foreign" Remove '{"name": "varlink/adopted"}'
key=$(printf '%d' "$(ipcs -m | awk -v "id=$foreign" '$2 == id { print $1 }')")
answers "Adopt by key" ".segment.id == $foreign" Adopt "{\"name\": \"varlink/adopted\", \"key\": $key}"
same "List, one reply a segment" '["varlink/adopted","varlink/two"]' eval \
        'varlinkctl --json=short --more call $socket io.shmbroker.List "{\"pattern\": \"varlink/*\"}" | tr -d "\036" | jq -sc "map(.segment.name)"'
answers GetStatus ".pid == $(main_pid) and .limits.messageSize == 65536" GetStatus '{}'
answers Remove '.segment.id == '"$id" Remove "{\"id\": $id}"
refuse "what is not there" NotFound call Stat '{"name": "varlink/one"}'
refuse "a wrong parameter is named" "InvalidParameter.*|sizes" call Create '{"name": "a", "sizes": 1}'
refuse "List wants more" ExpectedMore call List '{}'
refuse "Wait takes its parameters, and is not there yet" MethodNotImplemented \
        call Wait '{"name": "varlink/one", "nattch": 1, "timeout": 1}'
refuse "nor is Watch" MethodNotImplemented \
        varlinkctl --json=short --more call "$socket" io.shmbroker.Watch '{"pattern": "varlink/*"}'
