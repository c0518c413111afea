# The units themselves.
units=(/usr/lib/systemd/system/shmbroker*.{socket,service})
same "systemd finds nothing to complain about" "" systemd-analyze verify --man=no "${units[@]}"
same "nor does the user's" "" env XDG_RUNTIME_DIR=/run systemd-analyze --user verify --man=no \
        /usr/lib/systemd/user/shmbroker*.{socket,service}

pages() {
        sed -n 's/^Documentation=//p' "${units[@]}" /usr/lib/systemd/user/shmbroker*.{socket,service} |
                tr ' ' '\n' | sort -u | sed 's/^man:\(.*\)(\(.\))$/\/usr\/share\/man\/man\2\/\1.\2/'
}
check "the pages that they name are there" eval 'ls $(pages)'

# Newer versions look at more: the figure is for 252.
if systemctl --version | grep -q '^systemd 252'; then
        exposure() {
                systemd-analyze --no-pager security shmbrokerd.service |
                        sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p'
        }
        same "the broker's exposure is at most 0.6" 0.6 eval \
                'exposure | awk "{ print (\$1 <= 0.6) ? 0.6 : \$1 }"'
fi

same "reload is what sends SIGHUP" 1 grep -c '^ExecReload=kill -HUP' \
        /usr/lib/systemd/system/shmbrokerd.service
for unit in shmbrokerd.socket shmbrokerd.service shmbroker-setup.service; do
        check "$unit can be enabled" systemctl --quiet enable "$unit"
done
systemctl --quiet disable shmbrokerd.service
systemctl --quiet enable shmbrokerd.socket
