# What happens to services by their settings is what doctor says will happen, and what
# it tells to write mends it.
fresh
groupadd -f -r frames
for user in producer consumer; do
        id -u "$user" >/dev/null 2>&1 || useradd -r -M -s /usr/sbin/nologin "$user"
done
good=(User=producer SupplementaryGroups=shmbroker-clients)

# service NAME SETTING...: a unit that holds a segment of its own name.
service() {
        local name=$1
        shift
        rm -rf "/etc/systemd/system/$name.service.d"
        {
                printf '%s\n' "[Service]" Type=notify "ExecStart=holder hazard/$name 4096" "$@"
        } >"/run/systemd/system/$name.service"
        systemctl daemon-reload
}
# What doctor has of a service in one check.
doctor() {
        shmbrokerctl doctor --json --unit "$1.service" | jq -c ".[] | select(.check == \"$2\")"
}
state_is() {
        [ "$(doctor "$1" "$2" | jq -r .state)" = "$3" ] || {
                doctor "$1" "$2"
                return 1
        }
}
# Writes down what doctor says, as it says it.
mend() {
        local finding file
        finding=$(doctor "$1" "$2")
        file=$(jq -r .file <<<"$finding")
        mkdir -p "$(dirname "$file")"
        jq -r '.section, .line' <<<"$finding" >>"$file"
        systemctl daemon-reload
}
starts() {
        systemctl start "$1.service" && systemctl stop "$1.service" &&
                [ "$(property "$1.service" Result)" = success ]
}
is_there() {
        shmbrokerctl stat "$1" >/dev/null
}

service plain "${good[@]}"
check "doctor is content with a service that has all it needs" \
        shmbrokerctl doctor --unit plain.service
check "which works" starts plain
check "and whose segment outlives it" is_there hazard/plain

service dynamic DynamicUser=yes SupplementaryGroups=shmbroker-clients
check "doctor warns of DynamicUser=" state_is dynamic unit-removal problem
check "such a service works" starts dynamic
refuse "and its segment goes with it" "no segment|not found|No such" \
        shmbrokerctl stat hazard/dynamic

service removing "${good[@]}" RemoveIPC=yes
check "doctor warns of RemoveIPC=" state_is removing unit-removal problem
check "such a service works" starts removing
refuse "and its segment goes with it" "no segment|not found|No such" \
        shmbrokerctl stat hazard/removing
mend removing unit-removal
check "what doctor says mends it" eval 'starts removing && is_there hazard/removing'
check "and doctor sees that" state_is removing unit-removal ok

# RemoveIPC= is about the service's group as well, whoever is the owner.
service grouped "${good[@]}" RemoveIPC=yes Group=frames
shmbrokerctl create hazard/of-root 4096 --mode 0660 >/dev/null
shmbrokerctl set hazard/of-root --owner root:frames >/dev/null
check "a service with RemoveIPC= and a group" starts grouped
refuse "takes along what is root's, with that group" "no segment|not found|No such" \
        shmbrokerctl stat hazard/of-root
service supplementary "${good[@]}" RemoveIPC=yes SupplementaryGroups=frames
shmbrokerctl create hazard/of-root 4096 --mode 0660 >/dev/null
shmbrokerctl set hazard/of-root --owner root:frames >/dev/null
check "one with a supplementary group" starts supplementary
check "does not" is_there hazard/of-root

service private "${good[@]}" PrivateIPC=yes
check "doctor warns of PrivateIPC=" state_is private ipc-namespace problem
refuse "such a service does not start" "" starts private
check "its client is told why" eval \
        'journalctl -q --no-pager -u private.service | grep -q "another IPC namespace"'
mend private ipc-namespace
check "what doctor says mends it" starts private

service alone User=producer
check "doctor warns of the missing group" state_is alone socket problem
refuse "such a service does not start" "" starts alone
mend alone socket
check "what doctor says mends it" starts alone

service filtered "${good[@]}" "SystemCallFilter=~@ipc"
check "doctor warns of a filter" state_is filtered system-calls problem
refuse "such a service does not start" "" starts filtered
mend filtered system-calls
check "what doctor says mends it" starts filtered

service filtered "${good[@]}" "SystemCallFilter=@basic-io @file-system @io-event @network-io \
@process @signal @default" SystemCallErrorNumber=EPERM
check "doctor warns of a filter that lists what is let through" \
        state_is filtered system-calls problem
refuse "such a service does not start" "" starts filtered
mend filtered system-calls
check "what doctor says mends it" starts filtered

service unsocketed "${good[@]}" "RestrictAddressFamilies=AF_INET AF_INET6"
check "doctor warns of missing AF_UNIX sockets" state_is unsocketed address-families problem
refuse "such a service does not start" "" starts unsocketed
mend unsocketed address-families
check "what doctor says mends it" starts unsocketed

# shellcheck disable=SC2054
executable=("${good[@]}" Type=oneshot ExecStart= "ExecStart=holder --exec hazard/executable 4096")
service executable "${executable[@]}"
check "SHM_EXEC is for anybody" systemctl start executable.service
service executable "${executable[@]}" MemoryDenyWriteExecute=yes
check "doctor notes MemoryDenyWriteExecute=" state_is executable executable note
refuse "with which SHM_EXEC is refused" "" systemctl start executable.service
check "but nothing else" eval 'service plain "${good[@]}" MemoryDenyWriteExecute=yes && starts plain'
mend executable executable
check "what doctor says mends it" systemctl start executable.service

# From inside, doctor tries out what the settings say.
inside() {
        local check=$1
        shift
        as_service -p User=producer -p SupplementaryGroups=shmbroker-clients "$@" \
                shmbrokerctl doctor --json | jq -r ".[] | select(.check == \"$check\") | .state"
}
same "inside of a filter doctor finds it" problem inside system-calls -p SystemCallFilter=~@ipc
same "one that is not deadly as well" problem \
        inside system-calls -p SystemCallFilter=~@ipc -p SystemCallErrorNumber=EPERM
same "inside of PrivateIPC= it finds that" problem inside ipc-namespace -p PrivateIPC=yes
same "inside of MemoryDenyWriteExecute= it finds that" note \
        inside executable -p MemoryDenyWriteExecute=yes
same "and elsewhere none of them" "ok ok ok" eval \
        'echo $(inside system-calls) $(inside ipc-namespace) $(inside executable)'

rm -f /run/systemd/system/{plain,dynamic,removing,grouped,supplementary,private,alone,filtered,unsocketed,executable}.service
rm -rf /etc/systemd/system/{plain,dynamic,removing,grouped,supplementary,private,alone,filtered,unsocketed,executable}.service.d
systemctl daemon-reload
