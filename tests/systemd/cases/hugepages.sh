# Huge pages are refused without the drop-in, and a question of what the kernel has
# with it.
fresh
example=/usr/share/doc/shmbroker/examples/systemd/huge-pages.conf

refuse "without the drop-in the kernel does not permit them" "not permitted|EPERM" \
        shmbrokerctl create huge/page 2M --huge=2M
same "which doctor told before where there are any" true eval \
        'shmbrokerctl doctor --json | jq "any(.[]; .check == \"huge-pages\" and .state != \"ok\")"'

mkdir -p /etc/systemd/system/shmbrokerd.service.d
cp "$example" /etc/systemd/system/shmbrokerd.service.d/
systemctl daemon-reload
check "the drop-in is taken" systemctl restart shmbrokerd.service
same "the broker has that capability and no other" 0000000000004000 eval \
        'sed -n "s/^CapEff:[[:space:]]*//p" /proc/$(main_pid)/status'

# None may be set aside on this machine, but it is no longer a matter of permission.
permitted() {
        local output
        output=$(shmbrokerctl create huge/page 2M --huge=2M 2>&1) || grep -q hugepages <<<"$output" || {
                echo "$output"
                return 1
        }
}
check "with it they are permitted" permitted
