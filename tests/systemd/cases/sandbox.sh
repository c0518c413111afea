# Everything works within what the unit lets the broker do: a system call that its
# filter does not let through ends it here, instead of failing.
fresh
drop_in shmbrokerd.service "[Service]" SystemCallErrorNumber=kill Restart=no

check "it starts" systemctl start shmbrokerd.service
pid=$(main_pid)
check "a small segment is made" shmbrokerctl create sandbox/small 4096 --label a=b
check "and a large one, which other threads lock and free" shmbrokerctl create sandbox/large 4M
check "it is written" eval 'head -c 4M /dev/zero | shmbrokerctl write sandbox/large'
check "it is locked" shmbrokerctl lock sandbox/large
check "it is unlocked" shmbrokerctl unlock sandbox/large
check "it is given away" shmbrokerctl set sandbox/large --owner daemon:daemon --mode 0660
check "it takes the other's place" shmbrokerctl mv --replace sandbox/small sandbox/large
refuse "huge pages are refused" "" shmbrokerctl create sandbox/huge 2M --huge=2M
foreign=$(ipcmk -M 4096 -p 0600 | sed 's/[^0-9]*//')
check "a foreign one is adopted" shmbrokerctl adopt sandbox/foreign --id "$foreign"
check "they are listed" shmbrokerctl ls
many() {
        local i
        for i in $(seq 300); do
                shmbrokerctl create "sandbox/many/$i" 4096 &&
                        shmbrokerctl rm "sandbox/many/$i" || return
        done >/dev/null
}
check "many come and go, and the journal with them" many
check "it is reloaded" systemctl reload shmbrokerd.service
check "it answers still" shmbrokerctl stat sandbox/large
same "it is the same process" "$pid" main_pid
check "it stops in order" systemctl stop shmbrokerd.service
same "by itself" "success 0" eval \
        'echo $(property shmbrokerd.service Result) $(property shmbrokerd.service ExecMainStatus)'
