#include "namespace.h"

#include "connect.h"
#include "failure.h"
#include "shmbroker.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#define NAMESPACE_FILE "/proc/self/ns/ipc"

int namespace_check(struct shmb *b) {
        struct shmb_status status;
        struct stat own;

        if (b->shares_namespace)
                return 0;

        int r = shmb_get_status(b, &status);
        if (r < 0)
                return r;
        /* Without /proc, on either side, there is no telling. */
        if (status.ipc_namespace == 0 || stat(NAMESPACE_FILE, &own) < 0 ||
            own.st_ino == status.ipc_namespace) {
                b->shares_namespace = true;
                return 0;
        }
        return failure_text(EXDEV,
                            "the broker lives in another IPC namespace (ipc:[%" PRIu64
                            "]) than this process (ipc:[%ju]), where its segments can't be "
                            "attached: share one, without PrivateIPC= in a service, with "
                            "--ipc=host or the like in a container",
                            status.ipc_namespace, (uintmax_t) own.st_ino);
}
