#!/bin/bash
# shmbrokerctl doctor: each check against a system made of files, a systemctl that says
# what it is told to say, and a real broker.
#
#   doctor.sh SHMBROKERD SHMBROKERCTL
set -eu

shmbrokerd=$1
shmbrokerctl=$2
place=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-doctor.XXXXXX")
address=unix:$place/state/io.shmbroker
broker=
finish() {
        [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
        rm -rf "$place"
}
trap finish EXIT

count=0
failed=0

doctor() {
        PATH=$place/bin:$PATH "$shmbrokerctl" --address "$address" doctor --root "$place/root" \
                --json "$@" >"$place/findings" 2>"$place/errors"
}

# expect WHAT CHECK STATE [TEXT...]: the last doctor's finding has that state, and each text.
expect() {
        local what=$1 check=$2 state=$3 finding text good=true
        shift 3
        count=$((count + 1))
        finding=$(grep -F "\"check\":\"$check\"" "$place/findings" || true)
        case $finding in
        *"\"state\":\"$state\""*) ;;
        *) good=false ;;
        esac
        for text in "$@"; do
                case $finding in
                *"$text"*) ;;
                *) good=false ;;
                esac
        done
        if $good; then
                echo "ok $count - $what"
        else
                failed=$((failed + 1))
                echo "not ok $count - $what"
                printf '# expected: %s %s %s\n# got: %s\n' "$check" "$state" "$*" "$finding"
                sed 's/^/# /' "$place/errors"
        fi
}

# expect_exit WHAT CODE ARGUMENT...: of a doctor with these.
expect_exit() {
        local what=$1 expected=$2 code=0
        shift 2
        doctor "$@" || code=$?
        count=$((count + 1))
        if [ "$code" = "$expected" ]; then
                echo "ok $count - $what"
        else
                failed=$((failed + 1))
                echo "not ok $count - $what"
                echo "# exit code $code, not $expected"
                sed '/"state":"ok"/d; s/^/# /' "$place/findings" "$place/errors"
        fi
}

# ------------------------------------------------------------ the system

put() { # FILE LINE...
        local file=$place/root$1
        shift
        mkdir -p "$(dirname "$file")"
        printf '%s\n' "$@" >"$file"
}

# A system on which all is well.
make_system() {
        rm -rf "$place/root"
        mkdir -p "$place/root/proc/self/ns"
        ln -s /proc/self/ns/ipc "$place/root/proc/self/ns/ipc"
        put /proc/sys/kernel/shmmni 4096
        put /proc/sys/kernel/shmmax 18446744073692774399
        put /proc/sys/kernel/shmall 18446744073692774399
        put /proc/sys/kernel/shm_rmid_forced 0
        put /proc/sys/vm/hugetlb_shm_group 0
        put /proc/sysvipc/shm "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
        mkdir -p "$place/root/run/systemd/seats"
        put "/proc/$broker/status" "Name:	shmbrokerd" "Gid:	64001	64001	64001	64001" "CapEff:	0000000000000000"
        put "/proc/$broker/limits" "Max locked memory         268435456            268435456            bytes     "
        put /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 0
        put /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 0
        put /sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages 0
        put /sys/kernel/mm/transparent_hugepage/shmem_enabled "always within_size [advise] never deny force"
        put /etc/login.defs "SYS_UID_MAX 999"
        put "/var/lib/systemd/linger/$(id -un)" ""
}

# A segment of /proc/sysvipc/shm: PERMS SIZE CUID
segment() {
        printf '%10d %10d  %4s %21d %5d %5d %6d %5d %5d %5d %5d\n' \
                1 1 "$1" "$2" 1 1 0 0 0 "$3" 0 >>"$place/root/proc/sysvipc/shm"
}

# What systemctl says of camera.service, beside what any service has.
unit() {
        {
                printf '%s\n' Id=camera.service LoadState=loaded MainPID=0 User=daemon Group= \
                        "UID=[not set]" "GID=[not set]" "SupplementaryGroups=$(id -gn)" \
                        DynamicUser=no RemoveIPC=no PrivateIPC=no IPCNamespacePath= \
                        MemoryDenyWriteExecute=no "SystemCallFilter=~" \
                        SystemCallErrorNumber=2147483646 "RestrictAddressFamilies=~" \
                        FragmentPath=/usr/lib/systemd/system/camera.service DropInPaths=
                printf '%s\n' "$@"
        } | awk -F = '{ line[$1] = $0 } END { for (key in line) print line[key] }' >"$place/properties"
}

mkdir "$place/bin"
printf '#!/bin/sh\ncat "%s/properties"\n' "$place" >"$place/bin/systemctl"
chmod +x "$place/bin/systemctl"

"$shmbrokerd" --state-dir "$place/state" --address "$address" --socket-mode 0660 2>"$place/log" &
broker=$!
for _ in $(seq 200); do
        "$shmbrokerctl" --address "$address" status >/dev/null 2>&1 && break
        sleep 0.05
done

# -------------------------------------------------------------- the caller

make_system
expect_exit "a user with whom all is well" 0
expect "the broker is found" broker ok "$address"
expect "of this version" version ok
expect "its socket is for the caller" socket ok
expect "the namespace is the same" ipc-namespace ok
expect "the calls are there" system-calls ok
expect "nothing is forbidden to execute" executable ok
expect "transparent huge pages are there when asked for" transparent-huge-pages ok
expect "no huge pages are no problem" huge-pages note vm.nr_hugepages

if unshare --ipc true 2>/dev/null; then
        real=$shmbrokerctl
        printf '#!/bin/sh\nexec unshare --ipc "%s" "$@"\n' "$real" >"$place/elsewhere"
        chmod +x "$place/elsewhere"
        shmbrokerctl=$place/elsewhere
        expect_exit "a caller in another IPC namespace" 1
        expect "is told" ipc-namespace problem EXDEV
        shmbrokerctl=$real
else
        echo "# SKIP another IPC namespace takes root"
fi

put /proc/sys/kernel/shm_rmid_forced 1
expect_exit "a problem is an exit code" 1
expect "shm_rmid_forced is told" forced-removal problem '"file":"/etc/sysctl.d/60-shmbroker.conf"' \
        '"line":"kernel.shm_rmid_forced = 0"'

make_system
put /proc/sys/kernel/shmmni 2
segment 600 4096 0
expect_exit "one of two segments in use is well" 0
expect "segments are counted" segments ok "in use: 1 of kernel.shmmni = 2"
segment 600 4096 0
expect_exit "two of two are not" 1
expect "shmmni is told" segments problem '"line":"kernel.shmmni = 8"'

make_system
put /proc/sys/kernel/shmmax 8192
segment 600 8192 0
expect_exit "a segment as large as may be is well" 0
segment 600 8193 0
expect_exit "one that is larger is not" 1
expect "shmmax is told" segment-size problem '"line":"kernel.shmmax = 8193"'

make_system
put /proc/sys/kernel/shmall 10
segment 600 $((8 * $(getconf PAGESIZE))) 0
expect_exit "eight of ten pages are well" 0
segment 600 1 0
expect_exit "nine of ten are not" 1
expect "shmall is told" total-size problem '"line":"kernel.shmall = 40"'

make_system
segment 2600 268435456 64001
expect_exit "what others have locked is not the broker's" 0
segment 2600 268435456 "$(id -u)"
expect_exit "all of LimitMEMLOCK= in use is not well" 1
expect "it is told" locked-memory problem '"section":"[Service]"' '"line":"LimitMEMLOCK=536870912"'
put "/proc/$broker/status" "Name:	shmbrokerd" "Gid: 1 1 1 1" "CapEff: 0000000000004000"
expect_exit "with CAP_IPC_LOCK it does not count" 0
put "/proc/$broker/status" "Name:	another" "Gid: 1 1 1 1" "CapEff: 0000000000000000"
expect_exit "another process of that number" 0
expect "is not taken for the broker" locked-memory unknown
expect "at all" creator-group unknown
rm "$place/root/proc/$broker/status" "$place/root/proc/$broker/limits"
expect_exit "what can't be told is no problem" 0
expect "but said" locked-memory unknown

make_system
put /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 4
put /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 4
expect_exit "huge pages that the broker may not have" 0
expect "are told" huge-pages note "may not have them" "AmbientCapabilities=CAP_IPC_LOCK"
put /proc/sys/vm/hugetlb_shm_group 64001
expect_exit "unless its group may" 0
expect "then all is well" huge-pages ok "4 of 4"
put /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 0
expect_exit "huge pages that are all in use" 0
expect "are told too" huge-pages note "in use"
put /sys/kernel/mm/transparent_hugepage/shmem_enabled "always within_size advise [never] deny force"
expect_exit "no transparent ones" 0
expect "are noted" transparent-huge-pages note /etc/tmpfiles.d/shmbroker.conf shmem_enabled

# --------------------------------------------------------------- a service

make_system
unit
expect_exit "a service with which all is well" 0 --unit camera
expect "it keeps its segments" unit-removal ok
expect "it is a system user" login-removal ok

unit DynamicUser=yes RemoveIPC=yes User=camera
put /usr/lib/systemd/system/camera.service "[Unit]" "DynamicUser=no" "[Service]" "DynamicUser=no" " DynamicUser = yes"
expect_exit "DynamicUser=" 1 --unit camera
expect "it is told with its line" unit-removal problem \
        "camera.service has DynamicUser=yes (/usr/lib/systemd/system/camera.service:5)" \
        '"file":"/etc/systemd/system/camera.service.d/shmbroker.conf"' '"line":"DynamicUser=no"'

unit RemoveIPC=yes "DropInPaths=/usr/lib/systemd/system/service.d/a.conf /etc/systemd/system/camera.service.d/b.conf"
put /etc/systemd/system/camera.service.d/b.conf "[Service]" "RemoveIPC=yes"
expect_exit "RemoveIPC=" 1 --unit camera
expect "what the administrator wrote is mended there" unit-removal problem \
        "b.conf:2" '"file":"/etc/systemd/system/camera.service.d/b.conf"'
unit RemoveIPC=yes User=
expect_exit "which does nothing to root" 0 --unit camera
unit RemoveIPC=yes User= Group=daemon
expect_exit "but to a group that root's service has" 1 --unit camera

unit PrivateIPC=yes
expect_exit "PrivateIPC=" 1 --unit camera
expect "it is told" ipc-namespace problem '"line":"PrivateIPC=no"'
unit IPCNamespacePath=/run/netns/ipc
expect_exit "IPCNamespacePath=" 1 --unit camera
expect "it is told" ipc-namespace problem '"line":"IPCNamespacePath="'
unit MainPID=77
put /proc/77/ns/ipc ""
expect_exit "a process in another namespace than its settings say" 1 --unit camera
expect "it is told" ipc-namespace problem "restart it"

unit MemoryDenyWriteExecute=yes
expect_exit "MemoryDenyWriteExecute=" 0 --unit camera
expect "it is noted" executable note SHM_EXEC
unit "SystemCallFilter=accept shmctl:EPERM shmdt shmget" SystemCallErrorNumber=1
expect_exit "a filter without shmat" 1 --unit camera
expect "it is told" system-calls problem "camera.service from shmat\"" EPERM '"line":"SystemCallFilter=@ipc"'
unit "SystemCallFilter=~shmat shmctl shmdt"
expect_exit "a filter against them" 1 --unit camera
expect "it is told" system-calls problem "shmat shmctl shmdt" SIGSYS
unit "SystemCallFilter=~shmget"
expect_exit "a filter against what clients don't call" 0 --unit camera
unit "RestrictAddressFamilies=AF_INET AF_INET6"
expect_exit "no AF_UNIX" 1 --unit camera
expect "it is told" address-families problem '"line":"RestrictAddressFamilies=AF_UNIX"'
unit "RestrictAddressFamilies=~AF_INET"
expect_exit "other families" 0 --unit camera

unit SupplementaryGroups=
expect_exit "a service that is not in the socket's group" 1 --unit camera
expect "it is told" socket problem EACCES "\"line\":\"SupplementaryGroups=$(id -gn)\""
put "/proc/$broker/status" "Name:	shmbrokerd" "Gid: 1 1 1 1" "CapEff: 0000000000000000"
unit
expect_exit "a service of the broker's own group" 1 --unit camera
expect "it is told" creator-group problem "camera.service is in the broker's own group"

# ------------------------------------------------------------------ logind

make_regular() {
        make_system
        rm "$place/root/var/lib/systemd/linger"/*
}
make_regular
unit User=nobody
expect_exit "a regular user, by default" 1 --unit camera
expect "logind is told" login-removal problem "its default" \
        '"file":"/etc/systemd/logind.conf.d/shmbroker.conf"' '"section":"[Login]"'
put /etc/login.defs "UID_MIN 1000" "SYS_UID_MAX		70000"
expect_exit "who is a system user here" 0 --unit camera
rmdir "$place/root/run/systemd/seats"
expect_exit "nor is there one here" 0 --unit camera
make_regular
put /var/lib/systemd/linger/nobody ""
expect_exit "who lingers" 0 --unit camera
make_regular
put /usr/lib/systemd/logind.conf "[Login]" "RemoveIPC=no"
expect_exit "a main file of the system's" 0 --unit camera
put /etc/systemd/logind.conf "[Login]" "#RemoveIPC=no"
expect_exit "which the administrator's replaces as a whole" 1 --unit camera
put /usr/lib/systemd/logind.conf.d/50-a.conf "[Login]" "RemoveIPC=no"
expect_exit "a drop-in" 0 --unit camera
expect "it is told" login-removal ok "/usr/lib/systemd/logind.conf.d/50-a.conf:2"
put /run/systemd/logind.conf.d/60-b.conf "[Login]" "RemoveIPC=yes"
expect_exit "a later one" 1 --unit camera
expect "it is told" login-removal problem "60-b.conf:2"
put /etc/systemd/logind.conf.d/60-b.conf "[Login]"
expect_exit "which one of the same name replaces" 0 --unit camera
put /etc/systemd/logind.conf.d/70-c.conf "[Manager]" "RemoveIPC=yes" "[Login]" "RemoveIPC=off" "RemoveIPC=true"
expect_exit "the last line of a section counts" 1 --unit camera
expect "the administrator's own file is mended" login-removal problem \
        '"file":"/etc/systemd/logind.conf.d/70-c.conf"'

# ------------------------------------------------------------ what goes wrong

unit LoadState=not-found
expect_exit "a unit that is not there" 1 --unit camera
unit Id=camera.socket
expect_exit "a unit that is no service" 1 --unit camera
: >"$place/properties"
expect_exit "a systemctl that says nothing" 1 --unit camera
rm "$place/bin/systemctl"
mkdir "$place/empty"
expect_exit "a user manager's unit is a unit" 2 --user

make_system
address=unix:$place/nobody
expect_exit "no broker" 1
expect "it is told" broker problem "systemctl enable --now shmbrokerd.socket"
expect "its version is unknown" version unknown
expect "its socket as well" socket unknown
address=$place/state/io.shmbroker
expect_exit "no address" 1
expect "it is told" broker problem

echo "1..$count"
[ "$failed" -eq 0 ]
