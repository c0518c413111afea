# Services of different users share by group, and the kernel keeps others out.
fresh
groupadd -f -r frames
for user in producer consumer stranger; do
        id -u "$user" >/dev/null 2>&1 || useradd -r -M -s /usr/sbin/nologin "$user"
done
member="-p SupplementaryGroups=shmbroker-clients -p SupplementaryGroups=frames"
# shellcheck disable=SC2086
producer() { as_service -p User=producer $member "$@"; }
# shellcheck disable=SC2086
consumer() { as_service -p User=consumer $member "$@"; }
stranger() { as_service -p User=stranger -p SupplementaryGroups=shmbroker-clients "$@"; }

check "a producer makes a segment" producer shmbrokerctl create frames/0 4096 --mode 0660
check "and gives it to the group" producer shmbrokerctl set frames/0 --owner :frames
same "it is the producer's, for the group" '["producer","frames",432]' \
        eval 'ipcs -m -i "$(shmbrokerctl --json stat frames/0 | jq .id)" >/dev/null &&
              shmbrokerctl --json stat frames/0 | jq -r "[.uid, .gid, .mode] | @tsv" |
              { read -r u g m; jq -nc --arg u "$(id -nu "$u")" --arg g "$(getent group "$g" | cut -d : -f 1)" --argjson m "$m" "[\$u, \$g, \$m]"; }'

# shellcheck disable=SC2016
put='printf %s "$1" | shmbrokerctl write frames/0'
check "the producer writes" producer bash -c "$put" put "from producer"
same "the consumer reads it" "from producer" \
        consumer bash -c 'shmbrokerctl read frames/0 | head -c 13'
check "the consumer writes" consumer bash -c "$put" put "from consumer"
same "the producer reads it" "from consumer" \
        producer bash -c 'shmbrokerctl read frames/0 | head -c 13'

refuse "a third user is refused to read" "denied|permission|access" stranger shmbrokerctl read frames/0
refuse "and to write" "denied|permission|access" stranger bash -c "$put" put "from stranger"
refuse "and to remove" "denied|permission|owner" stranger shmbrokerctl rm frames/0
same "and does not see it" "[]" eval 'stranger shmbrokerctl --json ls | jq -c .'
refuse "the consumer is not the owner" "owner" consumer shmbrokerctl rm frames/0
check "the producer is" producer shmbrokerctl rm frames/0
