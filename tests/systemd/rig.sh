# The rig: Debian systems out of a cache, each booted as a container on a throw-away
# layer, entered by its leader's namespaces. Sourced by run.

rig_cache=${SHMBROKER_TEST_CACHE:-/var/cache/shmbroker-tests}
rig_place= # of the running container: its layers, console and root
rig_nspawn=
rig_leader=

# What the systems need beside Debian's minimum. The libraries are named by what they
# are on both: debootstrap takes no alternatives.
rig_packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,util-linux,jq,libcjson1
declare -A rig_packages_of=(
        [bookworm]=libevent-core-2.1-7
        [trixie]=libevent-core-2.1-7t64
)

# What can't be tried is no failure, but does not hide one either.
rig_skip() {
        echo "1..$count # SKIP tests/systemd: $1"
        [ "$failed" -eq 0 ] || exit 1
        exit 77
}

rig_require() {
        [ "$(id -u)" = 0 ] || rig_skip "booting a system takes root"
        if ! command -v debootstrap >/dev/null || ! command -v systemd-nspawn >/dev/null; then
                command -v apt-get >/dev/null || rig_skip "debootstrap and systemd-nspawn are missing"
                { apt-get update -q && apt-get install -y -q --no-install-recommends \
                        debootstrap systemd-container; } >&2 || rig_skip "debootstrap and systemd-container can't be installed"
        fi
        mkdir -p "$rig_cache"
        # Runs share the cache and wait for each other.
        exec {rig_lock}>"$rig_cache/lock"
        flock --nonblock "$rig_lock" || {
                echo "# waiting for another run"
                flock "$rig_lock"
        }
        trap rig_halt EXIT
        trap 'exit 1' INT TERM HUP
}

# Where this machine's own apt gets Debian from: any suite will do, the others are beside it.
rig_mirror() {
        if [ -n "${SHMBROKER_TEST_MIRROR-}" ]; then
                echo "$SHMBROKER_TEST_MIRROR"
        else
                apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
                        sed -n "s/^$(. /etc/os-release && echo "$VERSION_CODENAME") //p" | sort -u | head -n 1
        fi
}

rig_tree_of() {
        local packages=$rig_packages,${rig_packages_of[$1]}
        echo "$rig_cache/$1-$(echo "$packages" | cksum | cut -d ' ' -f 1)"
}

# Makes the system's tree, once for each list of packages.
rig_tree() {
        local tree mirror
        tree=$(rig_tree_of "$1")
        [ ! -d "$tree" ] || return 0
        mirror=$(rig_mirror)
        [ -n "$mirror" ] || rig_skip "no mirror of Debian in apt's configuration (SHMBROKER_TEST_MIRROR)"
        echo "# $1: debootstrap, once"
        rm -rf "$rig_cache/$1"-* "$rig_cache/new"
        debootstrap --variant=minbase --include="$rig_packages,${rig_packages_of[$1]}" \
                "$1" "$rig_cache/new" "$mirror" >"$rig_cache/debootstrap.log" 2>&1 || {
                tail -n 5 "$rig_cache/debootstrap.log" | sed 's/^/# /'
                rig_skip "$1 can't be debootstrapped"
        }
        rm -f "$rig_cache/new/var/cache/apt/archives/"*.deb
        mv "$rig_cache/new" "$tree"
}

rig_build() {
        local build=$1/build-systemd
        { [ -f "$build/build.ninja" ] || meson setup "$build" "$1" --prefix=/usr -Dsystemd=enabled \
                -Dexamples=disabled; } >&2
        meson compile -C "$build" >&2
        echo "$build"
}

# A fresh layer over the system's tree, with the built tree in it as a package would
# have put it there.
rig_install() {
        rig_place=$(mktemp -d "$rig_cache/run.XXXXXX")
        mount -t tmpfs -o mode=0755 tmpfs "$rig_place"
        mkdir "$rig_place/upper" "$rig_place/work" "$rig_place/root"
        mount -t overlay overlay "$rig_place/root" \
                -o "lowerdir=$(rig_tree_of "$1"),upperdir=$rig_place/upper,workdir=$rig_place/work" ||
                rig_skip "no overlayfs here"
        DESTDIR=$rig_place/root meson install -C "$2" --no-rebuild --quiet
        install "$2/tests/systemd/holder" "$rig_place/root/usr/local/bin/"
        cp -r "$here/root/." "$rig_place/root/"
        chroot "$rig_place/root" shmbrokerd --version >/dev/null ||
                rig_skip "what this machine builds does not run on $1"
        systemctl --quiet --root="$rig_place/root" enable \
                shmbrokerd.socket shmbroker-setup.service boot-client.service
}

rig_boot() {
        local deadline=$((SECONDS + 60)) state=
        # CAP_IPC_LOCK is in a real system's bounding set, and not in nspawn's.
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit \
                --private-network --link-journal=no --capability=CAP_IPC_LOCK --bind-ro="$here:/tests" \
                --console=read-only --directory="$rig_place/root" --boot \
                </dev/null >"$rig_place/console" 2>&1 &
        rig_nspawn=$!
        while [ "$state" != running ]; do
                if ! kill -0 "$rig_nspawn" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
                        sed 's/^/# /' "$rig_place/console"
                        case $state in
                        "" | offline | unknown)
                                rig_skip "a container does not boot here"
                                ;;
                        *) # it does: what it waits for, or failed at, may be ours
                                rig_enter systemctl --no-pager list-units --failed --all | sed 's/^/# /'
                                rig_enter systemctl --no-pager list-jobs | sed 's/^/# /'
                                echo "not ok - the system boots: $state"
                                exit 1
                                ;;
                        esac
                fi
                sleep 0.1
                rig_leader=$(pgrep -P "$rig_nspawn" | head -n 1) || continue
                state=$(rig_enter systemctl is-system-running 2>/dev/null) || true
        done
}

rig_enter() {
        nsenter --target="$rig_leader" --mount --uts --ipc --net --pid --cgroup -- \
                env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
}

# Powers the container off, and leaves nothing of it. Also the trap at exit.
rig_halt() {
        local deadline=$((SECONDS + 30))
        if [ -n "$rig_nspawn" ]; then
                kill "$rig_nspawn" 2>/dev/null || true
                while kill -0 "$rig_nspawn" 2>/dev/null; do
                        if [ "$SECONDS" -ge "$deadline" ]; then
                                kill -KILL "$rig_leader" "$rig_nspawn" 2>/dev/null || true
                        fi
                        sleep 0.1
                done
                rig_nspawn=
        fi
        if [ -n "$rig_place" ]; then
                umount "$rig_place/root" 2>/dev/null || true
                umount "$rig_place" 2>/dev/null || true
                rmdir "$rig_place"
                rig_place=
        fi
}
