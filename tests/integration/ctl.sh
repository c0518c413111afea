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
verbs=$(ctl --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | tr '\n' ' ')
expect "--help lists the verbs" 0 \
        "create open stat ls set lock unlock mv rm adopt read write status apply doctor" "" \
        echo "${verbs% }"
for verb in $verbs; do
        expect "$verb has a --help" 0 "Usage: shmbrokerctl $verb" "" \
                eval "ctl $verb --help | head -n 1 | cut -d ' ' -f 1-3"
done

# ------------------------------------------------------------------ creating, finding

expect "create prints name, id and size" 0 "cam/left 0 8388608" "" \
        ctl create cam/left 8M --mode 0640 --label camera=left --label b=2
expect "create finds what exists" 0 "cam/left 0 8388608" "" ctl create cam/left 4096
refused "create --exclusive does not" \
        'segment "cam/left" exists already (leave --exclusive out to use it, or remove it: shmbrokerctl rm cam/left)' \
        create cam/left 4096 --exclusive
refused "what exists is too small" \
        "cam/left: 9437184 bytes are not possible: the segment exists and has 8388608" \
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
        "NAME     ID    SIZE PERMS     NATTCH
-x        3       1 rw-------      0
cam/left  0 8388608 rw-r-----      0
cam/none  2       1 ---------      0
-         1   12345 rw-------      0" "" ctl ls --output name,ID,size,PERMS,NATTCH --bytes
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
ctl create "$long" 1 >/dev/null
expect "the longest name" 0 "$long 1B" "" columns NAME,SIZE 'nn*'
ctl rm "$long"

# ---------------------------------------------------------------- changing, removing

done_quietly "set says nothing" set cam/left --owner 0:0 --mode 600 --label x=y
expect "set did it" 0 "cam/left rw------- x=y" "" columns NAME,PERMS,LABELS cam/left
expect "set --json" 0 '[384,{}]' "" json '[.mode, .labels]' set --id 0 --no-labels
done_quietly "lock says nothing" lock cam/left
expect "lock did it" 0 "locked" "" columns STATUS cam/left
done_quietly "unlock by id" unlock --id 0
expect "unlock did it" 0 "-" "" columns STATUS cam/left
done_quietly "mv says nothing" mv cam/left cam/right
refused "mv to a name that is taken" \
        'cam/right: segment "cam/none" exists already (--replace puts cam/right in its place)' \
        mv cam/right cam/none
done_quietly "mv --replace" mv cam/right cam/none --replace
expect "mv --replace did it" 0 "cam/none 0" "" columns NAME,ID 'cam/*'
expect "rm goes on after a failure" 1 "" \
        'shmbrokerctl: rm: there is no segment "nope" (shmbrokerctl ls shows the segments that you may read)' \
        ctl rm -- -x nope cam/none
expect "rm removed the others" 0 "- 1" "" columns NAME,ID
done_quietly "rm by id, of a private one" rm --id 1
ctl create a 1 >/dev/null
ctl create b 1 >/dev/null
expect "rm --json is an array" 0 '["a","b"]' "" json 'map(.name)' rm a b

# ---------------------------------------------------------------------------- adopting

id=$(ipcmk -M 5000 | sed 's/.* //')
key=$(ipcs -m | awk -v id="$id" '$2 == id { print $1 }')
expect "adopt by key" 0 "made/elsewhere $id 5000" "" ctl adopt made/elsewhere --key "$key"
expect "what is adopted is so called" 0 "made/elsewhere $key adopted" "" \
        columns NAME,KEY,STATUS made/elsewhere
done_quietly "an adopted segment is its owner's to set" set made/elsewhere --mode 600
done_quietly "and to remove" rm made/elsewhere
expect "it is removed from the kernel" 0 "" "" eval "ipcs -m | grep $key || true"
id=$(ipcmk -M 5000 | sed 's/.* //')
expect "adopt by id, with a label" 0 '["made/again",{"a":"b"}]' "" \
        json '[.name, .labels]' adopt made/again --id "$id" --label a=b
refused "adopt with a name that is taken" \
        'segment "made/again" exists already (choose another name, or move that one away: shmbrokerctl mv made/again OTHER)' \
        adopt made/again --id "$id"
ctl rm made/again

# ------------------------------------------------------------------- reading, writing

head -c 3000001 /dev/urandom >"$place/a.png"

# gives_back WHAT NAME: read gives the bytes of a.png
gives_back() {
        if ctl read "$2" >"$place/b.png" && cmp "$place/a.png" "$place/b.png" >"$place/out"; then
                report true "$1"
        else
                report false "$1"
        fi
}

ctl write cam/still <"$place/a.png"
gives_back "write and read give the same bytes" cam/still
expect "the segment has the file's size" 0 "cam/still 3000001 rw-------" "" \
        columns NAME,SIZE,PERMS --bytes cam/still
ctl write cam/piped --mode 640 < <(cat "$place/a.png")
gives_back "through a pipe as well" cam/piped
expect "write's mode" 0 "rw-r-----" "" columns PERMS cam/piped
expect "less than there is, with a remark" 0 "" \
        "shmbrokerctl: write: cam/still: its last 2999999 bytes of 3000001 are as they were; --replace makes it as long as the input" \
        ctl write cam/still <<<h
expect "it begins with what was written" 0 "h" "" ctl read cam/still --length 2
refused_large() {
        expect "$1" 1 "" \
                "shmbrokerctl: write: $2: standard input has more than the $3 bytes of room, nothing was written" \
                ctl write "$2" "${@:4}" <"$place/a.png"
}
ctl create cam/small 5 >/dev/null
refused_large "more than there is" cam/small 5
refused_large "more than there is from an offset on" cam/small 2 --offset 3
expect "nothing was written" 0 "5" "" eval 'ctl read cam/small | tr -d "\0" | wc -c | sed s/0/5/'
printf 12 | ctl write cam/small --offset 3
expect "an offset" 0 "12" "" ctl read cam/small --offset 3
expect "a length" 0 "1" "" ctl read cam/small --offset 3 --length 1
expect "nothing, at the end" 0 "" "" ctl read cam/small --offset 5
refused "beyond the end" "cam/small: it has 5 bytes: byte 6 is beyond its end" \
        read cam/small --offset 6
refused "a length beyond the end" \
        "cam/small: it has 5 bytes: from byte 4 on there are 1, not 2" read cam/small --offset 4 --length 2
ctl set cam/small --mode 640 --label a=b
ctl write cam/small --replace <"$place/a.png"
gives_back "write --replace takes the input's size" cam/small
expect "and the mode and the labels that were there" 0 "rw-r----- a=b" "" \
        columns PERMS,LABELS cam/small
expect "write --create with a size" 0 '["cam/large",1048576]' "" \
        eval 'echo | json "[.name, .size]" write cam/large --create=1M'
expect "a size that what exists has not" 1 "" \
        "shmbrokerctl: write: cam/large: 2097152 bytes are not possible: the segment exists and has 1048576" \
        ctl write cam/large --create=2M </dev/null
expect "no segment of nothing" 1 "" \
        "shmbrokerctl: write: cam/empty: standard input is empty, and a segment has at least one byte" \
        ctl write cam/empty </dev/null
ctl write cam/proc </proc/version
expect "a file that does not tell its size" 0 "$(cat /proc/version)" "" ctl read cam/proc
expect "a folder" 1 "" "shmbrokerctl: write: standard input: Is a directory" ctl write cam/folder </
expect "an input that is closed" 1 "" "shmbrokerctl: write: standard input: Bad file descriptor" \
        eval 'ctl write cam/closed <&-'
refused "read of what is not there" \
        'there is no segment "nope" (shmbrokerctl ls shows the segments that you may read)' read nope
expect "no name of write's own is left" 0 "" "" without_temporary

# Of what can't be written, standard error tells.
expect "a full disk is an error of read" 1 "" \
        "shmbrokerctl: read: standard output: No space left on device" \
        eval 'ctl read cam/still >/dev/full'
expect "and of ls" 1 "" "shmbrokerctl: ls: standard output: No space left on device" \
        eval 'ctl ls >/dev/full'
expect "and of --help" 1 "" "shmbrokerctl: standard output: No space left on device" \
        eval 'ctl --help >/dev/full'
expect "a closed output" 1 "" "shmbrokerctl: read: standard output: Bad file descriptor" \
        eval 'ctl read cam/still >&-'
expect "a reader that went away, without its signal" 0 "" \
        "shmbrokerctl: read: standard output: Broken pipe" \
        eval "(trap '' PIPE; exec 2>&1 1>&3; ctl read cam/still) 3>&1 >&2 | true"
ctl rm cam/still cam/piped cam/small cam/large cam/proc

# ------------------------------------------------------------------------------- apply

cat >"$place/one.json" <<'FILE'
{"segments": [
    {"name": "cam/left", "size": "8M", "mode": "0660", "owner": "0", "group": "0",
     "labels": {"format": "rgb24"}},
    {"name": "cam/right", "size": 4096, "mode": 432, "lock": true}
]}
FILE
expect "apply --dry-run tells what it would do" 0 "create cam/left 8388608 bytes
create cam/right 4096 bytes
lock cam/right" "" ctl apply --dry-run "$place/one.json"
expect "and does nothing" 0 "" "" columns NAME
expect "apply does it" 0 "create cam/left 8388608 bytes
create cam/right 4096 bytes
lock cam/right" "" ctl apply "$place/one.json"
expect "as it is declared" 0 "cam/left rw-rw---- 8388608 - format=rgb24
cam/right rw-rw---- 4096 locked -" "" columns NAME,PERMS,SIZE,STATUS,LABELS --bytes
expect "apply again does nothing" 0 "" "" ctl apply "$place/one.json"
ctl set cam/left --mode 600 --label other=1
ctl set cam/right --mode 666
ctl create other 1 >/dev/null
expect "apply sets what differs" 0 "set cam/left mode 0660 labels format=rgb24
set cam/right mode 0660" "" ctl apply "$place/one.json"
ctl unlock cam/right
expect "apply --json" 0 '[{"action":"lock","name":"cam/right"}]' "" json . apply "$place/one.json"
expect "apply touches nothing else" 0 "cam/left
cam/right
other" "" columns NAME
cat >"$place/two.json" <<'FILE'
{"segments": [
    {"name": "a", "size": "8Q"}, {"name": "b"}, {"name": "c", "size": 1, "colour": 1},
    {"name": "d", "size": 1.5}, 5, {"name": "e", "size": 1, "mode": "0888"},
    {"name": "f", "size": 1, "owner": "no-such"}, {"name": "cam/left", "size": 4096},
    {"name": "g", "size": 1, "lifetime": "process"}, {"name": "h//h", "size": 1},
    {"name": "i", "size": 1, "labels": {"a b": "c"}}, {"name": "j", "size": 0},
    {"name": "good", "size": 1}, {"name": "good", "size": 1},
    {"name": "other", "size": 1, "hugePageSize": "2M"}
]}
FILE
f="shmbrokerctl: apply: $place/two.json:"
expect "apply names file, segment and member, and goes on" 1 "create good 1 bytes" \
        "$f segment 1, \"a\": size: not a size: digits, and K, M, G or T for powers of 1024
$f segment 2: \"size\" is missing, unknown, or no value for it
$f segment 3: \"colour\" is missing, unknown, or no value for it
$f segment 4: \"size\" is missing, unknown, or no value for it
$f segment 5: not an object
$f segment 6, \"e\": mode: not a mode: octal, 0 to 0777
$f segment 7, \"f\": owner: no such user
$f segment \"cam/left\": it has 8388608 bytes, and 4096 are declared; it must be removed first: shmbrokerctl rm cam/left
$f segment 9, \"g\": lifetime: it would end with the program that applies it
$f segment 10, \"h//h\": name: it has two / in a row
$f segment 11, \"i\": labels: a key has a character other than A-Z a-z 0-9 . _ - /
$f segment 12, \"j\": size: a segment has at least one byte
$f segment \"good\" is declared in $place/two.json already
$f segment \"other\": its pages have 4096 bytes, and hugePageSize 2097152 is declared; it must be removed first: shmbrokerctl rm other" \
        ctl apply "$place/two.json"
printf '{"segments": [], "more": 1}' >"$place/three.json"
printf '{"segments": [}' >"$place/four.json"
expect "files that are none" 1 "" "shmbrokerctl: apply: $place/none: No such file or directory
shmbrokerctl: apply: $place/three.json: it is not {\"segments\": [...]}
shmbrokerctl: apply: $place/four.json: a value is missing, or is none" \
        ctl apply "$place/none" "$place/three.json" "$place/four.json"
ctl rm cam/left cam/right other good

# A folder hides what has the same name in a later one.
mount -t tmpfs tmpfs /etc
mount -t tmpfs tmpfs /run
mkdir /etc/shmbroker.d /run/shmbroker.d
printf '{"segments": [{"name": "run/a", "size": 1}]}' >/run/shmbroker.d/a.json
printf '{"segments": [{"name": "run/b", "size": 1}]}' >/run/shmbroker.d/b.json
printf '{"segments": [{"name": "run/c", "size": 1}]}' >/run/shmbroker.d/c.json
printf '{"segments": [{"name": "run/d", "size": 1}]}' >/run/shmbroker.d/d.conf
printf '{"segments": [{"name": "etc/a", "size": 1}]}' >/etc/shmbroker.d/a.json
ln -s /dev/null /etc/shmbroker.d/b.json
expect "/etc hides /run, by the file's name" 0 "create etc/a 1 bytes
create run/c 1 bytes" "" ctl apply
umount /etc /run
ctl rm etc/a run/c

# ------------------------------------------------------------------- others, no broker

if setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
        chmod 0755 "$place"
        other() {
                setpriv --reuid=65534 --regid=65534 --clear-groups "$shmbrokerctl" "$@"
        }
        ctl create mine 4096 >/dev/null
        expect "another user does not see it" 0 "" "" other ls --noheadings
        expect "may not read it, and is told who can help" 1 "" \
                'shmbrokerctl: read: the mode of segment "mine" does not give this user the access asked for (its owner can let you in: shmbrokerctl set mine --mode MODE)' \
                other read mine
        ctl set mine --mode 644
        expect "sees it when the mode lets him" 0 "mine" "" other ls --noheadings --output NAME
        expect "may not remove it, and is told whose it is" 1 "" \
                'shmbrokerctl: rm: segment "mine" is another user'"'"'s: only its owner, its creator and root may do that (shmbrokerctl stat mine shows who that is)' \
                other rm mine
        ctl rm mine
else
        echo "# no other user can be had: four checks less"
fi

expect "status" 0 "[$broker,0,\"number\",32768]" "" \
        json '[.pid, .segments, (.ipcNamespace | type), .limits.segments]' status
expect "status for people" 0 "Segments:              0
Size of all:           0B (0 bytes)
Watchers:              0
Limits
  segments:            32768
  segmentSize:         8P (9007199254740991 bytes)" "" \
        eval 'ctl status | grep -E "^(Segments|Size|Watchers|Limits|  segments:|  segmentSize)"'
kill "$broker"
wait "$broker" || true
broker=
expect "without a broker it says so" 1 "" \
        "shmbrokerctl: ls: cannot connect to the broker at $SHMBROKER_ADDRESS: No such file or directory: is shmbrokerd running? (start it, or say where it is: --address unix:PATH)" \
        ctl ls
expect "an address that is none" 1 "" \
        'shmbrokerctl: ls: "nowhere" is no address: it is not unix:PATH or unix:@NAME' \
        ctl --address nowhere ls

echo "1..$count"
[ "$failed" = 0 ]
