# The socket is there at once, and the first client starts the broker.
fresh

same "nobody has started the broker" inactive property shmbrokerd.service ActiveState
same "the socket is for its group alone" "srw-rw---- root shmbroker-clients" \
        stat -c '%A %U %G' "$socket"
same "the socket's directory is root's" "drwxr-xr-x root root" stat -c '%A %U %G' /run/shmbroker

check "the first client finds a broker" shmbrokerctl create activation/first 4096
same "it runs" active property shmbrokerd.service ActiveState

of_broker() {
        sed -n "s/^$1:[[:space:]]*//p" "/proc/$(main_pid)/status"
}
uid=$(id -u shmbroker) gid=$(id -g shmbroker)
same "it runs as its own user" "$(printf '%s\t%s\t%s\t%s' "$uid" "$uid" "$uid" "$uid")" of_broker Uid
same "it is in its own group" "$(printf '%s\t%s\t%s\t%s' "$gid" "$gid" "$gid" "$gid")" of_broker Gid
same "it is in no other group" "$gid" eval 'of_broker Groups | xargs'
same "nobody else's primary group is its own" shmbroker \
        awk -F : -v "gid=$gid" '$4 == gid { print $1 }' /etc/passwd
same "the clients' group is nobody's primary group" "" \
        awk -F : -v "gid=$(getent group shmbroker-clients | cut -d : -f 3)" '$4 == gid' /etc/passwd
for set in CapEff CapPrm CapBnd CapAmb; do
        same "it has no capability ($set)" 0000000000000000 of_broker "$set"
done
same "its state is its own" "drwx------ shmbroker shmbroker" \
        stat -c '%A %U %G' /run/shmbroker/state
same "it may have as many descriptors as its limit of connections needs" 16384 \
        property shmbrokerd.service LimitNOFILE

# A container may itself be kept from raising limits (CAP_SYS_RESOURCE, bit 24).
if [ $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/1/status) >> 24 & 1)) = 1 ]; then
        same "and lock as much as its clients need" 268435456 eval \
                'sed -n "s/^Max locked memory *\([0-9]*\).*/\1/p" /proc/$(main_pid)/limits'
fi

tells() {
        [ "$(property shmbrokerd.service StatusText)" = "$1" ]
}
check "it tells systemd how it does" eventually tells "1 segment, 0 connections"

same "its lines have the journal's priorities" '[["6","serving"]]' eval \
        'journalctl -q -u shmbrokerd.service -o json _SYSTEMD_INVOCATION_ID="$(property shmbrokerd.service InvocationID)" _COMM=shmbrokerd |
         jq -sc "map([.PRIORITY, (.MESSAGE | split(\" \")[0])])"'

refuse "who is not in the group is refused" "Permission denied" \
        as_service -p User=daemon shmbrokerctl ls
check "who is in it, is not" \
        as_service -p User=daemon -p SupplementaryGroups=shmbroker-clients --unit=maker \
        shmbrokerctl create activation/second 4096
same "a creator's command and unit are known" '["shmbrokerctl","maker.service"]' \
        eval 'shmbrokerctl --json stat activation/second | jq -c "[.creator.command, .creator.unit]"'
