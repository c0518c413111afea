/*
 * peer-dbus PATH: runs dbus-broker on the socket PATH, as its controller, with a
 * policy that lets everybody do everything.
 *
 * dbus-broker takes its listening sockets from a controller over a private
 * connection (org.bus1.DBus.Broker.AddListener); the usual one needs a systemd user
 * manager. Ends when dbus-broker does, which ends when this does.
 */
#include "socket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* Who may connect; own names; send; receive. */
#define BATCH  "bta(btbs)a(btssssuutt)a(btssssuutt)"
#define POLICY "(a(u(" BATCH "))a(buu(" BATCH "))a(ss)bs)"

static void run_broker(int controller) {
        char number[16];

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        snprintf(number, sizeof number, "%d", dup(controller)); /* without FD_CLOEXEC */
        execlp("dbus-broker", "dbus-broker", "--controller", number, "--machine-id",
               "0123456789abcdef0123456789abcdef", "--max-bytes", "1000000000", "--max-fds",
               "100000", "--max-matches", "100000", "--max-objects", "100000", (char *) NULL);
        fail("dbus-broker: %s", strerror(errno));
}

int main(int argc, char **argv) {
        char address[256];
        int pair[2], r;
        sd_bus *bus;

        if (argc != 2)
                fail("usage: peer-dbus PATH");
        snprintf(address, sizeof address, "unix:%s", argv[1]);
        int listener = socket_listen(address);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
                fail("socketpair: %s", strerror(errno));
        if (fork() == 0)
                run_broker(pair[1]);
        close(pair[1]);

        if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_fd(bus, pair[0], pair[0])) < 0 ||
            (r = sd_bus_start(bus)) < 0)
                fail("controller: %s", strerror(-r));
        sd_bus_error error = SD_BUS_ERROR_NULL;
        r = sd_bus_call_method(bus, NULL, "/org/bus1/DBus/Broker", "org.bus1.DBus.Broker",
                               "AddListener", &error, NULL, "ohv", "/org/bus1/DBus/Listener/0",
                               listener, POLICY,
                               /* one batch, for every uid */
                               1, (uint32_t) -1, 1, UINT64_C(1), 1, 1, UINT64_C(1), 1, "", 1, 1,
                               UINT64_C(1), "", "", "", "", 0, 0, UINT64_C(0), UINT64_MAX, 1, 1,
                               UINT64_C(1), "", "", "", "", 0, 0, UINT64_C(0), UINT64_MAX,
                               /* none for ranges, no SELinux, no AppArmor */
                               0, 0, 0, "session");
        if (r < 0)
                fail("AddListener: %s", error.message ? error.message : strerror(-r));
        while ((r = sd_bus_process(bus, NULL)) >= 0)
                if (r == 0 && (r = sd_bus_wait(bus, UINT64_MAX)) < 0)
                        break;
        return 0;
}
