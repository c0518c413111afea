# Declared segments are there at boot, for services ordered after them.
same "a service found its segment at boot, as declared" \
        '["declared/frame",65536,416,0,"shmbroker-clients",{"purpose":"boot"}]' \
        eval 'jq -c --arg group "$(getent group "$(jq .gid /run/boot-client.json)" | cut -d : -f 1)" \
              "[.name, .size, .mode, .uid, \$group, .labels]" /run/boot-client.json'

fresh
apply() {
        systemctl reload-or-restart shmbroker-setup.service
}
segment() {
        shmbrokerctl --json stat declared/frame | jq "$1"
}
check "what is missing is made" apply
id=$(segment .id)
check "it is applied again" apply
same "which changes nothing that is right" "$id" segment .id
shmbrokerctl set declared/frame --mode 0600 >/dev/null
check "it is applied again" apply
same "which sets what differs" 416 segment .mode
same "and leaves the segment" "$id" segment .id

mv /etc/shmbroker.d/boot.json /run/boot.json
systemctl restart shmbroker-setup.service
same "without declarations there is nothing to do" no property shmbroker-setup.service ConditionResult
mv /run/boot.json /etc/shmbroker.d/boot.json

printf '{"segments": [{"name": "declared/wrong", "size": "much"}]}\n' >/etc/shmbroker.d/wrong.json
refuse "a wrong declaration fails the unit" "" systemctl restart shmbroker-setup.service
check "and is told to the journal" eventually eval \
        'journalctl -q -u shmbroker-setup.service | grep -q wrong.json'
rm /etc/shmbroker.d/wrong.json
check "which a right one mends" systemctl restart shmbroker-setup.service
