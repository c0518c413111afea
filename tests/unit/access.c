#include "access.h"

#include "ipc.h"
#include "peer.h"
#include "suite.h"

#include <stdlib.h>
#include <sys/stat.h>

#define MODES 01000

/* In every triad, since the kernel takes their union: and one that names them all. */
static const mode_t asked[] = {0,   01,  02,  03,   04,   05,   06,   07,   010,  020,  030,  040,
                               050, 060, 070, 0100, 0200, 0300, 0400, 0500, 0600, 0700, 0421, 0777};
#define ASKED (sizeof(asked) / sizeof(*asked))

struct who {
        const char *what;
        uid_t uid;
        gid_t gid, supplementary; /* 0: none */
};

static const struct who people[] = {
        {"root", 0, 0, 0},
        {"creator", UID_BROKER, GID_OTHER, 0},
        {"owner", UID_OWNER, GID_OTHER, 0},
        {"member of the creator's group", UID_OTHER, GID_BROKER, 0},
        {"member of the owner's group", UID_OTHER, GID_OWNER, 0},
        {"supplementary member of the creator's group", UID_OTHER, GID_OTHER, GID_BROKER},
        {"supplementary member of the owner's group", UID_OTHER, GID_OTHER, GID_OWNER},
        {"stranger", UID_OTHER, GID_OTHER, 0},
        {"owner in the creator's group", UID_OWNER, GID_BROKER, GID_OWNER},
};

#define PEOPLE ((int) (sizeof(people) / sizeof(*people)))

static gid_t *groups_of(const struct who *who, gid_t *room) {
        *room = who->supplementary;
        return who->supplementary != 0 ? room : NULL;
}

static void become(const struct who *who) {
        gid_t room;

        ipc_become(who->uid, who->gid, groups_of(who, &room), who->supplementary != 0);
}

static struct peer peer_of(const struct who *who, gid_t *room) {
        return (struct peer){
                .uid = who->uid,
                .gid = who->gid,
                .groups = groups_of(who, room),
                .groups_count = who->supplementary != 0,
        };
}

static int id;

static void setup(void) {
        ipc_become(UID_BROKER, GID_BROKER, NULL, 0);
        id = shmget(1, 1, IPC_CREAT | IPC_EXCL);
        ck_assert_int_ge(id, 0);
        ipc_become_root();
}

static void teardown(void) {
        ipc_become_root();
        ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
}

static struct shmid_ds set_mode(mode_t mode) {
        struct shmid_ds ds = {.shm_perm = {.uid = UID_OWNER, .gid = GID_OWNER, .mode = mode}};

        ipc_become_root();
        ck_assert_int_eq(shmctl(id, IPC_SET, &ds), 0);
        ck_assert_int_eq(shmctl(id, IPC_STAT, &ds), 0);
        return ds;
}

static bool kernel_attaches(int flags) {
        void *at = shmat(id, NULL, flags);

        if (at == (void *) -1)
                return false;
        ck_assert_int_eq(shmdt(at), 0);
        return true;
}

START_TEST(it_decides_as_the_kernel_does) {
        const struct who *who = &people[_i];
        gid_t room;
        struct peer peer = peer_of(who, &room);

        for (mode_t mode = 0; mode < MODES; mode++) {
                struct shmid_ds ds = set_mode(mode);

                become(who);
                for (size_t i = 0; i < ASKED; i++)
                        ck_assert_msg(access_may(&peer, &ds, NULL, asked[i]) ==
                                              (shmget(1, 0, (int) asked[i]) == id),
                                      "%s, mode %o, asked %o", who->what, mode, asked[i]);
                ck_assert_msg(access_may_attach(&peer, &ds, false) == kernel_attaches(SHM_RDONLY),
                              "%s attaches to read, mode %o", who->what, mode);
                ck_assert_msg(access_may_attach(&peer, &ds, true) == kernel_attaches(0),
                              "%s attaches to write, mode %o", who->what, mode);
        }
}
END_TEST

START_TEST(it_tells_owners_as_the_kernel_does) {
        const struct who *who = &people[_i];
        gid_t room;
        struct peer peer = peer_of(who, &room);
        struct shmid_ds ds = set_mode(0777);

        become(who);
        ck_assert_msg(access_owns(&peer, &ds, NULL) == (shmctl(id, IPC_SET, &ds) == 0), "%s",
                      who->what);
}
END_TEST

/* A creator of ours is what the kernel's would be, in its place and not beside it. */
START_TEST(a_creator_takes_the_place_of_the_kernels) {
        const struct access_creator creator = {UID_OTHER, GID_OTHER};
        gid_t room;
        struct peer peer = peer_of(&people[_i], &room);
        struct shmid_ds ds = set_mode(0), as_if;

        for (mode_t mode = 0; mode < MODES; mode++) {
                ds.shm_perm.mode = mode;
                as_if = ds;
                as_if.shm_perm.cuid = creator.uid;
                as_if.shm_perm.cgid = creator.gid;
                for (size_t i = 0; i < ASKED; i++)
                        ck_assert(access_may(&peer, &ds, &creator, asked[i]) ==
                                  access_may(&peer, &as_if, NULL, asked[i]));
                ck_assert(access_owns(&peer, &ds, &creator) == access_owns(&peer, &as_if, NULL));
        }
}
END_TEST

int main(void) {
        const struct suite_row rows[] = {
                {it_decides_as_the_kernel_does, PEOPLE},
                {it_tells_owners_as_the_kernel_does, PEOPLE},
                {a_creator_takes_the_place_of_the_kernels, PEOPLE},
        };

        if (!ipc_enter_namespace())
                return IPC_SKIPPED;
        return suite_run("access", setup, teardown, SUITE_ROWS(rows));
}
