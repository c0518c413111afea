# logind removes what a regular user leaves behind, and doctor tells before.
fresh
id -u alice >/dev/null 2>&1 || useradd -m -s /bin/bash alice
id -u producer >/dev/null 2>&1 || useradd -r -M -s /usr/sbin/nologin producer

# Without the delay after the last session, in which the user counts as logged in still.
logind() {
        mkdir -p /etc/systemd/logind.conf.d
        rm -f /etc/systemd/logind.conf.d/*
        printf '%s\n' "[Login]" UserStopDelaySec=0 >/etc/systemd/logind.conf.d/10-test.conf
        systemctl restart systemd-logind.service
}
# In a session of the user's own, which ends with the command.
session() {
        local user=$1
        shift
        as_service -p PAMName=login -p "User=$user" -p SupplementaryGroups=shmbroker-clients "$@"
}
is_logged_out() {
        ! loginctl show-user "$1" >/dev/null 2>&1
}
is_gone() {
        ! shmbrokerctl stat "$1" >/dev/null 2>&1
}
logind

check "doctor warns a regular user of logind" eval \
        'session alice shmbrokerctl doctor --json >/run/doctor.json;
         jq -e "any(.[]; .check == \"login-removal\" and .state == \"problem\")" /run/doctor.json'
eventually is_logged_out alice
check "a regular user makes a segment" session alice shmbrokerctl create login/alice 4096
check "which goes when the user does" eventually is_gone login/alice

check "a system user makes one" session producer shmbrokerctl create login/producer 4096
check "which stays" eval 'eventually is_logged_out producer && shmbrokerctl stat login/producer'

check "what doctor says is done" eval \
        'jq -r ".[] | select(.check == \"login-removal\") | .file, .section, .line" /run/doctor.json |
         { read -r file; cat >"$file"; } && systemctl restart systemd-logind.service'
check "a regular user makes another" session alice shmbrokerctl create login/kept 4096
check "which stays now" eval 'eventually is_logged_out alice && shmbrokerctl stat login/kept'
check "and doctor is content" eval \
        'session alice shmbrokerctl doctor --json |
         jq -e "any(.[]; .check == \"login-removal\" and .state == \"ok\")"'
