#!/bin/bash
# shmbrokerctl: each verb against a real broker, what it prints to the letter.
#
#   ctl.sh [SHMBROKERD SHMBROKERCTL]      (of $BUILD, "build" by default)
#
# Runs in an IPC namespace of its own, and skips (77) where it can have none.
set -eu

build=${BUILD:-build}
shmbrokerd=$(realpath "${1:-$build/daemon/shmbrokerd}")
shmbrokerctl=$(realpath "${2:-$build/client/shmbrokerctl}")

if [ -z "${CTL_NAMESPACE:-}" ]; then
        for unshare in "unshare --ipc --mount" "unshare --user --map-root-user --ipc --mount"; do
                if $unshare true 2>/dev/null; then
                        CTL_NAMESPACE=own exec $unshare "$0" "$shmbrokerd" "$shmbrokerctl"
                fi
        done
        echo "no IPC namespace of its own can be had"
        exit 77
fi

export LC_ALL=C TZ=UTC
place=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-ctl.XXXXXX")
export SHMBROKER_ADDRESS="unix:$place/io.shmbroker"
broker=
finish() {
        [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
        wait
        rm -rf "$place"
}
trap finish EXIT

count=0
failed=0

ctl() {
        "$shmbrokerctl" "$@"
}

# report GOOD WHAT: a line of the result. What the last command said follows a failure.
report() {
        count=$((count + 1))
        if $1; then
                echo "ok $count - $2"
                return
        fi
        failed=$((failed + 1))
        echo "not ok $count - $2"
        sed 's/^/# out: /' "$place/out"
        sed 's/^/# err: /' "$place/err"
}

# expect WHAT EXIT OUT ERR COMMAND...: exactly that, the last newlines aside.
expect() {
        local what=$1 code=$2 out=$3 err=$4 got=0
        shift 4
        "$@" >"$place/out" 2>"$place/err" || got=$?
        if [ "$got" = "$code" ] && [ "$(cat "$place/out")" = "$out" ] &&
                [ "$(cat "$place/err")" = "$err" ]; then
                report true "$what"
        else
                report false "$what (exit $got)"
        fi
}

# usage WHAT ERR ARGUMENT...: a usage error of the verb that is the first argument.
usage() {
        local what=$1 err=$2
        shift 2
        expect "$what" 2 "" "shmbrokerctl: $1: $err (see shmbrokerctl $1 --help)" ctl "$@"
}

# refused WHAT ERR ARGUMENT...
refused() {
        local what=$1 err=$2
        shift 2
        expect "$what" 1 "" "shmbrokerctl: $1: $err" ctl "$@"
}

# done_quietly WHAT ARGUMENT...
done_quietly() {
        local what=$1
        shift
        expect "$what" 0 "" "" ctl "$@"
}

# columns COLUMNS ARGUMENT...: of ls, one blank between them
columns() {
        ctl ls --noheadings --output "$@" | tr -s ' '
}

# json FILTER ARGUMENT...
json() {
        local filter=$1
        shift
        ctl --json "$@" | jq -rc "$filter"
}

# without_temporary: no name of write's own was left
without_temporary() {
        ctl ls --noheadings --output NAME | grep -E '\.[0-9a-f]{8}$' || true
}

"$shmbrokerd" --address "$SHMBROKER_ADDRESS" --state-dir "$place/state" --socket-mode 0666 \
        2>"$place/log" &
broker=$!
until ctl status >/dev/null 2>&1; do
        kill -0 "$broker" || { cat "$place/log"; exit 1; }
done

# ----------------------------------------------------------------------- what is typed

expect "without a verb it says so" 2 "" \
        "shmbrokerctl: a verb is missing (see shmbrokerctl --help)" ctl
expect "a verb that there is not" 2 "" \
        'shmbrokerctl: there is no verb "frob" (see shmbrokerctl --help)' ctl frob
expect "an option that there is not" 2 "" \
        "shmbrokerctl: unknown or ambiguous option --frob (see shmbrokerctl --help)" ctl --frob ls
usage "an option of the verb that there is not" "unknown or ambiguous option --frob" create --frob
usage "an option without its value" "--mode needs a value" create --mode
usage "an option with a value that it does not take" "--exclusive takes no value" \
        create --exclusive=1 a 1
usage "a short option" "unknown option -q" ls -q
usage "too few operands" "it takes OLD NEW" mv a
usage "too many operands" '"c" is one operand too many' mv a b c
usage "read has no JSON" "it has no --json" read --json a
usage "a size that is none" \
        'SIZE "12x": not a size: digits, and K, M, G or T for powers of 1024' create a 12x
usage "a negative size" 'SIZE "-1": not a size in bytes' create -- a -1
usage "a fraction" 'SIZE "1.5M": not a size: digits, and K, M, G or T for powers of 1024' \
        create a 1.5M
usage "a size beyond 64 bits" 'SIZE "18446744073709551616": too large' create a 18446744073709551616
usage "a size that overflows by its suffix" 'SIZE "16777216T": too large' create a 16777216T
usage "a mode that is none" '--mode "1777": not a mode: octal, 0 to 0777' create a 1 --mode 1777
usage "a label without a value" '--label "a": not a label: KEY=VALUE' create a 1 --label a
usage "a label twice" '--label "a=2": this label was given already' \
        create a 1 --label a=1 --label a=2
usage "a user that there is not" '--owner "no-such:root": no such user' set a --owner no-such:root
usage "a group that there is not" '--gid "no-such": no such group' set a --gid no-such
usage "an owner twice" "--uid and --owner both name an owner" set a --uid 1 --owner 2
usage "nothing to set" "nothing is given to set" set a
usage "labels and none" "--label and --no-labels exclude each other" set a --label a=b --no-labels
usage "neither a name nor an id" "it takes a NAME or --id ID" stat
usage "a name and an id" "it takes a NAME or --id ID, not both" stat a --id 1
usage "names and an id" "it takes NAMEs or --id ID, not both" rm a b --id 1
usage "an id that is none" '--id "2147483648": not the id of a segment: 0 to 2147483647' \
        stat --id 2147483648
usage "a key that is none" '--key "0x0": not a key: 1 to 4294967295, or 0x1 to 0xffffffff' \
        adopt a --key 0x0
usage "adopt by nothing" "it takes --key KEY or --id ID" adopt a
usage "a column that there is not, with those that there are" \
        '--output: there is no column "FOO", but NAME KEY ID PERMS OWNER GROUP UID GID SIZE PAGESIZE NATTCH STATUS ATTACH DETACH CTIME CREATED LIFETIME CREATOR CGROUP CUID CGID CPID LPID COMMAND UNIT LABELS' \
        ls --output NAME,FOO
report "$([ "$(ctl --help | grep -c '^  [a-z]')" -ge 15 ] && echo true || echo false)" \
        "--help lists the verbs"
report "$(for verb in $(ctl --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
        ctl "$verb" --help >"$place/out" && grep -q "^Usage: shmbrokerctl $verb" "$place/out" ||
                { echo false; break; }
done | grep -q false && echo false || echo true)" "every verb has a --help"

# ------------------------------------------------------------------ creating, finding

expect "create prints name, id and size" 0 "cam/left 0 8388608" "" \
        ctl create cam/left 8M --mode 0640 --label camera=left --label b=2
expect "create finds what exists" 0 "cam/left 0 8388608" "" ctl create cam/left 4096
refused "create --exclusive does not" \
        'segment "cam/left" exists already (leave --exclusive out to use it, or remove it: shmbrokerctl rm cam/left)' \
        create cam/left 4096 --exclusive
refused "what exists is too small" \
        "cam/left: a size of 9437184 bytes is not possible here, it may be 0 to 8388608" \
        create cam/left 9M
refused "a name that is none" '"a//b" is not a valid name: it has two / in a row' create a//b 1
expect "a private segment" 0 "- 1 12345" "" ctl create --private 12345
expect "mode 0 is a mode" 0 "cam/none 2 1" "" ctl create cam/none 1 --mode 0
expect "a name that begins with a dash" 0 "-x 3 1" "" ctl create -- -x 1
expect "open prints the id" 0 "0" "" ctl open cam/left --size 8M --write
refused "open of what is not there" \
        'there is no segment "nope" (shmbrokerctl ls shows the segments that you may read)' open nope
refused "stat of an id that is not there" "--id 99: there is no segment with id 99" stat --id 99
expect "JSON has the interface's members, and numbers" 0 \
        '["cam/left",0,8388608,416,0,"persistent",{"camera":"left","b":"2"},"number"]' "" \
        json '[.name, .id, .size, .mode, .nattch, .lifetime, .labels, (.ctime | type)]' stat cam/left
expect "create --json" 0 '["cam/json",10]' "" json '[.name, .size]' create cam/json 10
expect "open --json" 0 '["cam/json",10]' "" json '[.name, .size]' open cam/json
ctl rm cam/json

user=$(id -un)
group=$(id -gn)
expect "stat is aligned, sizes human and exact, mode octal and in letters" 0 \
        "Name:           cam/left
ID:             0
Size:           8M (8388608 bytes)
Page size:      4K (4096 bytes)
Mode:           0640 rw-r-----
Owner:          $user (0)
Group:          $group (0)
Attached:       0
Status:         -
Lifetime:       persistent
Last attach:    never
Last detach:    never
Last process:   0
Sequence:       0
Labels:         camera=left
                b=2" "" \
        eval 'ctl stat cam/left | grep -vE "^(Key|Last change|Created|Creator|Command|Unit|Made by):"'
expect "times are ISO 8601" 0 1 "" \
        eval 'ctl stat cam/left |
                grep -cE "^Created:        [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00$"'

# ---------------------------------------------------------------------------------- ls

expect "ls has lsipc's columns, the name and the creator" 0 \
        "NAME KEY ID PERMS OWNER SIZE NATTCH STATUS CTIME CREATOR CPID LPID COMMAND" "" \
        eval 'ctl ls | head -n 1 | tr -s " " | sed "s/ $//"'
expect "ls is sorted by name, private ones last" 0 "-x
cam/left
cam/none
-" "" columns NAME
expect "columns are as wide as what is in them" 0 \
        "NAME     ID      SIZE PERMS     NATTCH
-x        3         1 rw-------      0
cam/left  0   8388608 rw-r-----      0
cam/none  2         1 ---------      0
-         1     12345 rw-------      0" "" ctl ls --output name,ID,size,PERMS,NATTCH --bytes
expect "sizes are human, numbers to the right" 0 \
        "   1B -x
   8M cam/left
   1B cam/none
12.1K -" "" ctl ls --noheadings --output SIZE,NAME
expect "a pattern" 0 "cam/left
cam/none" "" columns NAME 'cam/*'
expect "a pattern that nothing matches" 0 "" "" columns NAME 'dog/**'
refused "a pattern that is none" 'invalid pattern "a[": a [ has no ]' ls 'a['
expect "ls --json is an array of objects" 0 '["-x","cam/left","cam/none",null]' "" json 'map(.name)' ls
expect "ls --json of nothing is an empty array" 0 "[]" "" json . ls 'dog/**'
report "$(ctl ls --json | python3 -m json.tool >/dev/null && echo true || echo false)" \
        "ls --json is JSON for others too"
long=$(printf 'n%.0s' $(seq 255))
expect "the longest name" 0 "$long 1
cam/left 8388608" "" eval "ctl create $long 1 >/dev/null; ctl ls --bytes --noheadings --output NAME,SIZE '[cn]*/*'
        ctl ls --noheadings --output NAME,SIZE 'nnn*' | sed 's/B$//'" 2>/dev/null || true
