/* Whether there is a broker, which one, and whether its ids mean anything here. */
#include "ctl.h"
#include "doctor-unit.h"
#include "doctor.h"

#include "client/address.h"
#include "client/answer.h"
#include "client/channel.h"
#include "client/deadline.h"

#include "config.h"
#include "proto/method.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION_TIMEOUT_MS 5000

void doctor_check_broker(struct doctor *doctor) {
        struct address address;
        struct shmb *b;

        int r = address_find(&address, doctor->ctl->address);
        if (r == 0) {
                doctor->address = strdup(address.text);
                r = shmb_connect(&b, address.text);
        }
        if (r == 0) {
                r = shmb_get_status(b, &doctor->broker);
                shmb_close(b);
        }
        doctor->is_reached = r == 0;
        if (r == -EACCES) { /* why is for the check of the socket to say */
                doctor_say_unknown(doctor, "%s", shmb_error(NULL));
                return;
        }
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = r == 0 ? doctor_text(doctor, "it answers at %s", address.text)
                                : doctor_text(doctor, "%s", shmb_error(NULL)),
                .consequence = "Every call fails until there is one: systemctl enable --now "
                               "shmbrokerd.socket (with --user for a user's own)",
        };
        doctor_say_if(doctor, r < 0, &finding);
}

/* GetInfo is of every Varlink service, so the library has no call of its own for it. */
static int ask_version(const struct address *address, char *ret, size_t size_bytes) {
        struct decoding decoding = {0};
        struct deadline deadline;
        struct channel *channel;
        struct answer answer;
        struct info_result info;
        bool is_sent;

        deadline_begin(&deadline, VERSION_TIMEOUT_MS);
        int r = channel_open(&channel, address, &deadline);
        if (r < 0)
                return r;
        r = channel_send(channel, METHOD_GET_INFO, NULL, false, &deadline, &is_sent);
        if (r == 0)
                r = channel_receive(channel, &deadline, &answer);
        if (r == 0) {
                if (answer.reply.error ||
                    fields_decode(methods[METHOD_GET_INFO].result, answer.reply.parameters, false,
                                  &info, &decoding) < 0)
                        r = -EPROTO;
                else
                        snprintf(ret, size_bytes, "%s", info.version);
                answer_free(&answer);
        }
        channel_close(channel);
        return r;
}

void doctor_check_version(struct doctor *doctor) {
        struct address address;
        char version[64];

        if (!doctor->is_reached || address_parse(&address, doctor->address) < 0 ||
            ask_version(&address, version, sizeof version) < 0) {
                doctor_say_unknown(doctor, "the broker can't be asked");
                return;
        }
        if (strcmp(version, SHMBROKER_VERSION) == 0) {
                doctor_say_ok(doctor, "%s, as installed", version);
                return;
        }
        struct finding finding = {
                .state = FINDING_PROBLEM,
                .found = doctor_text(doctor, "the broker is %s, and what is installed %s", version,
                                     SHMBROKER_VERSION),
                .consequence =
                        "What only the newer one has is refused. After an upgrade: systemctl "
                        "restart shmbrokerd.service (names and attached segments stay)",
        };
        doctor_say(doctor, &finding);
}

bool doctor_read_broker_status(const struct doctor *doctor, char ret[DOCTOR_STATUS_BYTES]) {
        static const char name[] = "shmbrokerd\n";
        char path[64];
        const char *line;

        snprintf(path, sizeof path, "/proc/%d/status", doctor->broker.pid);
        if (!doctor->is_reached || !doctor_read(doctor, path, ret, DOCTOR_STATUS_BYTES))
                return false;
        line = doctor_line(ret, "Name:");
        return line && strncmp(line, name, strlen(name)) == 0;
}

static uint64_t inode_of(const struct doctor *doctor, const char *path) {
        char below[PATH_MAX];
        struct stat facts;

        snprintf(below, sizeof below, "%s%s", doctor->root, path);
        return stat(below, &facts) < 0 ? 0 : facts.st_ino;
}

#define ELSEWHERE "The broker's segments do not exist there: attaching them fails with EXDEV"

/* By its settings and, where it runs and we may look, by what it has. */
static void check_namespace_of_unit(struct doctor *doctor) {
        const char *path = unit_property(doctor->unit, "IPCNamespacePath");
        const char *pid = unit_property(doctor->unit, "MainPID");
        bool has_path = path && *path, is_private = unit_is(doctor->unit, "PrivateIPC");
        struct finding finding = {.state = FINDING_PROBLEM, .consequence = ELSEWHERE};
        uint64_t inode = 0;

        if (has_path || is_private) {
                const char *key = has_path ? "IPCNamespacePath" : "PrivateIPC";

                finding.found = unit_says(doctor, key);
                finding.file = unit_file(doctor, key);
                finding.section = "[Service]";
                finding.line = has_path ? "IPCNamespacePath=" : "PrivateIPC=no";
                doctor_say(doctor, &finding);
                return;
        }
        if (pid && strcmp(pid, "0") != 0)
                inode = inode_of(doctor, doctor_text(doctor, "/proc/%s/ns/ipc", pid));
        if (inode == 0 || !doctor->is_reached || inode == doctor->broker.ipc_namespace) {
                doctor_say_ok(doctor, "%s shares the system's", doctor->subject.name);
                return;
        }
        finding.found = doctor_text(doctor, "%s runs in %" PRIu64 ", the broker in %" PRIu64,
                                    doctor->subject.name, inode, doctor->broker.ipc_namespace);
        finding.consequence = ELSEWHERE ". Its settings do not ask for that: if they did when it "
                                        "was started, restart it";
        doctor_say(doctor, &finding);
}

void doctor_check_namespace(struct doctor *doctor) {
        uint64_t inode = inode_of(doctor, "/proc/self/ns/ipc");

        if (doctor->unit) {
                check_namespace_of_unit(doctor);
        } else if (!doctor->is_reached) {
                doctor_say_unknown(doctor, "the broker can't be asked for its own");
        } else if (inode == 0) {
                doctor_say_unknown(doctor, "/proc does not tell ours");
        } else if (inode == doctor->broker.ipc_namespace) {
                doctor_say_ok(doctor, "ours is the broker's");
        } else {
                struct finding finding = {
                        .state = FINDING_PROBLEM,
                        .found = doctor_text(doctor, "ours is %" PRIu64 ", the broker's %" PRIu64,
                                             inode, doctor->broker.ipc_namespace),
                        .consequence =
                                ELSEWHERE ". A container shares the system's where it is run "
                                          "with --ipc=host or the like",
                };
                doctor_say(doctor, &finding);
        }
}
