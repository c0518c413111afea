#include "play.h"
#include "shmbroker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct shmb *broker; /* this process' own */

static void connect_broker(const struct play *play) {
        shmb_close(broker); /* whose part this is a part of has its own */
        broker = NULL;
        if (!play->bare) {
                int r = shmb_connect(&broker, harness_daemon.address);
                ck_assert_msg(r == 0, "connect: %s", strerror(-r));
        }
}

static void disconnect_broker(void) {
        shmb_close(broker);
        broker = NULL;
}

struct part {
        struct play *play;
        play_script script;
};

static void run_part(void *context) {
        const struct part *part = context;

        connect_broker(part->play);
        part->script(part->play);
        disconnect_broker();
}

void play_as(struct play *play, const struct who *who, play_script script) {
        as(who, run_part, &(struct part){.play = play, .script = script});
}

static const char *first_difference(const char *a, const char *b) {
        const char *line = a;

        for (; *a != '\0' && *a == *b; a++, b++)
                if (*a == '\n')
                        line = a + 1;
        return line;
}

void play_both(const struct who *who, play_script script) {
        struct play *plays = mmap(NULL, 2 * sizeof(*plays), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(plays, MAP_FAILED);

        for (size_t i = 0; i < 2; i++) {
                plays[i].bare = i == 0;
                memset(plays[i].ids, -1, sizeof(plays[i].ids));
                play_as(&plays[i], who, script);
        }
        if (strcmp(plays[0].transcript, plays[1].transcript) != 0) {
                const char *kernel = first_difference(plays[0].transcript, plays[1].transcript);
                const char *ours = plays[1].transcript + (kernel - plays[0].transcript);
                ck_abort_msg("the kernel says: %.*s\n the broker says: %.*s\nin\n%s",
                             (int) strcspn(kernel, "\n"), kernel, (int) strcspn(ours, "\n"), ours,
                             plays[1].transcript);
        }
        ck_assert_uint_gt(plays[0].length, 0);
        munmap(plays, 2 * sizeof(*plays));
}

void play(play_script script) {
        struct who self = harness_self();

        play_both(geteuid() == 0 ? &alice : &self, script);
}

void play_note(struct play *play, const char *format, ...) {
        size_t room = sizeof(play->transcript) - play->length;
        va_list list;

        va_start(list, format);
        int n = vsnprintf(play->transcript + play->length, room, format, list);
        va_end(list);
        ck_assert_msg(n >= 0 && (size_t) n < room, "the transcript is too long");
        play->length += (size_t) n;
}

static const char *name_of(int result) {
        return result < 0 ? strerrorname_np(-result) : "ok";
}

/* ---------------------------------------------------------------- the calls */

static int note_id(struct play *play, char letter, int id) {
        if (id < 0) {
                play_note(play, "%s\n", name_of(id));
        } else if (id == play->ids[(int) letter]) {
                play_note(play, "the same\n");
        } else {
                play_note(play, "another\n");
                play->ids[(int) letter] = id;
                play->creators[(int) letter] = getpid();
        }
        return id;
}

int play_get(struct play *play, char letter, size_t size, int flags) {
        char name[2] = {letter, '\0'};
        int id;

        play_note(play, "get %c %zu %#o: ", letter, size, (unsigned) flags);
        if (play->bare) {
                id = shmget(0x5000 + letter, size, flags);
                id = id < 0 ? -errno : id;
        } else {
                id = shmb_get(broker, name, size, flags);
        }
        return note_id(play, letter, id);
}

int play_get_private(struct play *play, char letter, size_t size, int flags) {
        int id;

        play_note(play, "get private %c %zu %#o: ", letter, size, (unsigned) flags);
        if (play->bare) {
                id = shmget(IPC_PRIVATE, size, flags);
                id = id < 0 ? -errno : id;
        } else {
                id = shmb_get(broker, NULL, size, flags);
        }
        return note_id(play, letter, id);
}

int play_raw_at(const struct play *play, int id, const void *address, int flags, void **ret) {
        if (!play->bare)
                return shmb_at(broker, id, address, flags, ret);

        void *at = shmat(id, address, flags);
        if (at == (void *) -1)
                return -errno;
        *ret = at;
        return 0;
}

void *play_at(struct play *play, char letter, const void *address, int flags) {
        void *at = NULL;
        int r = play_raw_at(play, play->ids[(int) letter], address, flags, &at);

        play_note(play, "at %c %s %#o: %s\n", letter, address == NULL ? "anywhere" : "here",
                  (unsigned) flags, name_of(r));
        return at;
}

int play_dt(struct play *play, const void *address) {
        int r = play->bare ? (shmdt(address) < 0 ? -errno : 0) : shmb_dt(address);

        play_note(play, "dt: %s\n", name_of(r));
        return r;
}

int play_raw_ctl(const struct play *play, int id, int command, struct shmid_ds *buffer) {
        if (!play->bare)
                return shmb_ctl(broker, id, command, buffer);

        int r = shmctl(id, command, buffer);
        return r < 0 ? -errno : r;
}

static const char *when(time_t at) {
        if (at == 0)
                return "never";
        return labs(time(NULL) - at) < 120 ? "now" : "at some other time";
}

static const char *whose(const struct play *play, char letter, pid_t pid) {
        if (pid == 0)
                return "nobody";
        if (pid == getpid())
                return "me";
        return pid == play->creators[(int) letter] ? "its creator" : "somebody";
}

int play_stat(struct play *play, char letter) {
        struct shmid_ds ds;
        int r = play_raw_ctl(play, play->ids[(int) letter], IPC_STAT, &ds);

        play_note(play, "stat %c: %s\n", letter, name_of(r));
        if (r < 0)
                return r;
        play_note(play, "  key %s, owner %u:%u, creator %u:%u, mode %#o, %zu bytes\n",
                  ds.shm_perm.__key == 0 ? "private" : "public", ds.shm_perm.uid, ds.shm_perm.gid,
                  ds.shm_perm.cuid, ds.shm_perm.cgid, (unsigned) ds.shm_perm.mode, ds.shm_segsz);
        play_note(play, "  attached %lu times, made by %s, last used by %s\n",
                  (unsigned long) ds.shm_nattch, whose(play, letter, ds.shm_cpid),
                  whose(play, letter, ds.shm_lpid));
        play_note(play, "  attached %s, detached %s, changed %s\n", when(ds.shm_atime),
                  when(ds.shm_dtime), when(ds.shm_ctime));
        return r;
}

int play_set(struct play *play, char letter, uid_t uid, gid_t gid, mode_t mode) {
        struct shmid_ds ds = {.shm_perm = {.uid = uid, .gid = gid, .mode = (unsigned short) mode}};
        int r = play_raw_ctl(play, play->ids[(int) letter], IPC_SET, &ds);

        play_note(play, "set %c %d:%d %#o: %s\n", letter, (int) uid, (int) gid, mode, name_of(r));
        return r;
}

int play_ctl(struct play *play, char letter, int command) {
        struct shmid_ds ds = {0};
        int r = play_raw_ctl(play, play->ids[(int) letter], command, &ds);

        play_note(play, "ctl %c %d: %s\n", letter, command, name_of(r));
        return r;
}

int play_rm(struct play *play, char letter) {
        int id = play->ids[(int) letter];
        int r = play->bare ? (shmctl(id, IPC_RMID, NULL) < 0 ? -errno : 0) : shmb_rm(broker, id);

        play_note(play, "rm %c: %s\n", letter, name_of(r));
        return r;
}

int play_size(struct play *play, char letter) {
        int id = play->ids[(int) letter];
        int64_t size;

        if (play->bare) {
                struct shmid_ds ds;
                size = shmctl(id, IPC_STAT, &ds) < 0 ? -errno : (int64_t) ds.shm_segsz;
        } else {
                size = shmb_size(broker, id);
        }
        if (size < 0)
                play_note(play, "size %c: %s\n", letter, name_of((int) size));
        else
                play_note(play, "size %c: %lld\n", letter, (long long) size);
        return size < 0 ? (int) size : 0;
}
