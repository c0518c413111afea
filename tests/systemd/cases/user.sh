# A user's own broker, under the user's service manager.
fresh
id -u alice >/dev/null 2>&1 || useradd -m -s /bin/bash alice
uid=$(id -u alice)
systemctl stop shmbrokerd.socket shmbrokerd.service
systemctl start "user@$uid.service"
alice() {
        runuser -u alice -- env -i PATH="$PATH" XDG_RUNTIME_DIR="/run/user/$uid" \
                DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}

check "a user has a socket" alice systemctl --user start shmbrokerd.socket
same "which is for that user alone" "srw------- alice" \
        stat -c '%A %U' "/run/user/$uid/shmbroker/io.shmbroker"
check "the first client starts the broker" alice shmbrokerctl create mine/one 4096
same "it runs" active alice systemctl --user is-active shmbrokerd.service
id=$(alice shmbrokerctl --json stat mine/one | jq .id)
names() {
        alice shmbrokerctl --json stat mine/one | jq .id
}
for operation in "restart shmbrokerd.service" "restart shmbrokerd.socket" \
        "stop shmbrokerd.socket shmbrokerd.service" "kill --signal=KILL shmbrokerd.service" \
        "reload shmbrokerd.service"; do
        # shellcheck disable=SC2086
        alice systemctl --user $operation
        alice systemctl --user start shmbrokerd.socket
        same "names are kept by: $operation" "$id" names
done
check "the user's services are clients like any other" \
        alice systemd-run --user --quiet --wait --pipe --collect shmbrokerctl stat mine/one
check "doctor finds the user's broker" eval \
        'alice shmbrokerctl doctor --json | jq -e "any(.[]; .check == \"broker\" and .state == \"ok\")"'
check "and knows the user's units" eval \
        'alice shmbrokerctl doctor --user --unit shmbrokerd.service --json |
         jq -e "any(.[]; .check == \"unit-removal\" and .state == \"ok\")"'

systemctl stop "user@$uid.service"
systemctl start shmbrokerd.socket
