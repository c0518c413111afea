# Directives that the unit does not set: what its comments say of each is so.
fresh
id -u producer >/dev/null 2>&1 || useradd -r -M -s /usr/sbin/nologin producer
client() {
        as_service -p User=producer -p SupplementaryGroups=shmbroker-clients --unit=tried "$@"
}
# with SETTING...: the broker, with them.
with() {
        fresh
        drop_in shmbrokerd.service "[Service]" Restart=no "$@"
}
creator() {
        client shmbrokerctl --json create directive/tried 4096 | jq -c '.creator | [.command, .unit]'
}
the_journal_says() {
        journalctl -q --no-pager -u shmbrokerd.service \
                _SYSTEMD_INVOCATION_ID="$(property shmbrokerd.service InvocationID)" | grep -Eq "$1"
}

same "as it is, a creator's command and unit are known" '["shmbrokerctl","tried.service"]' creator

with PrivateIPC=yes
check "with PrivateIPC= segments are made" client shmbrokerctl create directive/tried 4096
refuse "and nobody can attach them" "another IPC namespace" \
        client shmbrokerctl read directive/tried

with PrivateUsers=yes
refuse "with PrivateUsers= a segment can't be given to its user" "handed over: Invalid argument" \
        client shmbrokerctl create directive/tried 4096

for value in invisible noaccess; do
        with ProtectProc=$value
        same "with ProtectProc=$value a creator's command and unit are unknown" '[null,null]' creator
done

with ProcSubset=pid
refuse "with ProcSubset= there is no broker" "" systemctl start shmbrokerd.service
check "for want of the boot id" eventually the_journal_says "can't tell this boot"

with RestrictAddressFamilies= RestrictAddressFamilies=none TimeoutStartSec=1s
refuse "without AF_UNIX there is none either" "" systemctl start shmbrokerd.service
same "since systemd is not told that it is ready" timeout property shmbrokerd.service Result
