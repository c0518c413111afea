#include "server.h"

#include "connection.h"
#include "listener.h"
#include "log.h"
#include "notify.h"
#include "timer.h"
#include "turn.h"
#include "worker.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without a descriptor or memory for the next connection: when to try again, unless one
 * of ours ends before. */
#define ACCEPT_PAUSE_MS 250

/* For what is no connection: standard streams, the journal, the loop, and some to spare. */
#define DESCRIPTORS_RESERVED 32

#define SWEEP_PERIOD_MS 10000
#define SWEEP_BUDGET    4096 /* entries */

#define STATUS_PERIOD_MS 1000

/* What a peer that does not read may delay the end by. */
#define DRAIN_MS 2000

enum server_timer {
        TIMER_ACCEPT_AGAIN,
        TIMER_SWEEP,
        TIMER_STATUS,
        TIMER_WATCHDOG,
        TIMER_DRAINED,
        TIMERS
};

struct server {
        struct connection_host host; /* first: what it calls back with is the server */
        int listen_fd;
        bool paused;     /* accepting, for want of descriptors or memory */
        bool status_due; /* its timer runs */
        int64_t told_segments, told_connections;

        struct event accepting, worked;
        struct event terminated, interrupted, reloaded;
        struct timer timers[TIMERS];
        size_t timers_open;
};

/* -------------------------------------------------------------- accepting */

/* A listener that can't be served stays readable: it is left alone for a while. */
static void server_pause(struct server *server) {
        static struct log_limit limit;
        log_limited(&limit, LOG_WARNING, "can't accept connections for now: %s", strerror(errno));
        server->paused = true;
        event_del(&server->accepting);
        timer_start(&server->timers[TIMER_ACCEPT_AGAIN], ACCEPT_PAUSE_MS, false);
}

static void server_accept_again(void *argument) {
        struct server *server = argument;
        server->paused = false;
        timer_stop(&server->timers[TIMER_ACCEPT_AGAIN]);
        if (event_add(&server->accepting, NULL) < 0)
                server_pause(server);
}

static void server_admit(struct server *server, int take_fd) {
        static struct log_limit limit;
        int r = connection_new(&server->host, take_fd);
        if (r < 0 && r != -ERROR_LIMIT_EXCEEDED)
                log_limited(&limit, LOG_WARNING, "can't serve a connection: %s",
                            strerror(r == -ERROR_NO_MEMORY ? ENOMEM : errno));
}

static void server_accept(int fd, short events, void *argument) {
        struct server *server = argument;
        struct turn turn;
        for (turn_begin(&turn, 1); !turn_is_over(&turn);) {
                int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (peer >= 0)
                        server_admit(server, peer);
                else if (errno == EAGAIN)
                        return;
                else if (errno != EINTR && errno != ECONNABORTED) {
                        server_pause(server);
                        return;
                }
        }
}

/* ------------------------------------------------ what the connections tell */

static void server_stirred(struct connection_host *host) {
        struct server *server = (struct server *) host;
        if (server->status_due)
                return;
        server->status_due = true;
        timer_start(&server->timers[TIMER_STATUS], STATUS_PERIOD_MS, false);
}

static void server_ended(struct connection_host *host) {
        struct server *server = (struct server *) host;
        if (host->draining && host->dispatcher.traffic.connections == 0)
                event_base_loopbreak(host->base);
        else if (server->paused && !host->draining)
                server_accept_again(server); /* a descriptor is free */
}

static void server_worked(int fd, short events, void *argument) {
        struct server *server = argument;
        struct turn turn;
        struct job *job;
        for (turn_begin(&turn, 1);
             !turn_is_over(&turn) && (job = worker_fetch(server->host.worker)) != NULL;)
                connection_worked(job);
}

/* ------------------------------------------------------------------ timers */

static void server_sweep(void *argument) {
        struct server *server = argument;
        broker_sweep(server->host.dispatcher.broker, SWEEP_BUDGET);
        server_stirred(&server->host);
}

static void server_status(void *argument) {
        struct server *server = argument;
        server->status_due = false;
        int64_t segments = registry_count(server->host.dispatcher.broker->registry);
        int64_t connections = server->host.dispatcher.traffic.connections;
        if (segments == server->told_segments && connections == server->told_connections)
                return;
        notify_status(segments, connections);
        server->told_segments = segments;
        server->told_connections = connections;
}

static void server_watchdog(void *argument) {
        notify_watchdog();
}

/* ----------------------------------------------------------------- signals */

static void server_terminate(int number, short events, void *argument) {
        struct server *server = argument;
        struct connection_host *host = &server->host;
        if (host->draining) { /* asked twice */
                event_base_loopbreak(host->base);
                return;
        }
        log_info("stopping: %s", strsignal(number));
        notify_stopping();
        event_del(&server->accepting);
        timer_stop(&server->timers[TIMER_ACCEPT_AGAIN]);
        timer_start(&server->timers[TIMER_DRAINED], DRAIN_MS, false);
        if (host->dispatcher.traffic.connections == 0)
                event_base_loopbreak(host->base);
        connection_host_drain(host);
}

static void server_drained(void *argument) {
        struct server *server = argument;
        event_base_loopbreak(server->host.base);
}

/* As many descriptors as are to be had, and no more connections than there are
 * descriptors: who is refused is told so, who is never accepted is not. */
static void server_raise_descriptors(struct limits *limits) {
        struct rlimit files;
        if (getrlimit(RLIMIT_NOFILE, &files) < 0)
                return;
        rlim_t before = files.rlim_cur;
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
                files.rlim_cur = before;
        if (files.rlim_cur >= (rlim_t) limits->connections + DESCRIPTORS_RESERVED)
                return;
        limits->connections = files.rlim_cur > DESCRIPTORS_RESERVED
                                      ? (int64_t) files.rlim_cur - DESCRIPTORS_RESERVED
                                      : 1;
        log_notice("at most %" PRId64 " connections: there are no more than %ju descriptors",
                   limits->connections, (uintmax_t) files.rlim_cur);
}

static void server_warn_of_removals(void) {
        FILE *file = fopen("/proc/sys/kernel/shm_rmid_forced", "re");
        int forced;
        if (file == NULL)
                return;
        if (fscanf(file, "%d", &forced) == 1 && forced != 0)
                log_warning(
                        "kernel.shm_rmid_forced is %d: segments are destroyed as soon as nobody "
                        "has them attached, whatever their lifetime; sysctl(8) sets it to 0",
                        forced);
        fclose(file);
}

/* What is not the broker's own to say: at the start, and when asked to look again. */
static void server_survey(struct server *server) {
        server_raise_descriptors(&server->host.dispatcher.broker->limits);
        server_warn_of_removals();
}

static void server_reload(int number, short events, void *argument) {
        notify_reloading();
        server_survey(argument);
        log_info("reloaded");
        notify_ready();
}

/* ---------------------------------------------------------- from end to end */

static void server_log_libevent(int severity, const char *message) {
        static const int levels[] = {
                [EVENT_LOG_DEBUG] = LOG_DEBUG,
                [EVENT_LOG_MSG] = LOG_INFO,
                [EVENT_LOG_WARN] = LOG_WARNING,
                [EVENT_LOG_ERR] = LOG_ERR,
        };
        static struct log_limit limit;
        log_limited(&limit, levels[severity], "libevent: %s", message);
}

static void server_fail(int code) {
        log_error("libevent can't go on: error %d", code);
        _exit(EXIT_FAILURE);
}

static int server_make_base(struct event_base **ret) {
        event_set_log_callback(server_log_libevent);
        event_set_fatal_callback(server_fail);
        struct event_config *config = event_config_new();
        if (config == NULL)
                return -ERROR_NO_MEMORY;
        if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
                *ret = event_base_new_with_config(config);
        event_config_free(config);
        return *ret == NULL ? -ERROR_SYSTEM : 0;
}

static int server_add_events(struct server *server) {
        const struct {
                struct event *event;
                int fd; /* or signal */
                short what;
                event_callback_fn callback;
        } rows[] = {
                {&server->accepting, server->listen_fd, EV_READ | EV_PERSIST, server_accept},
                {&server->worked, worker_fd(server->host.worker), EV_READ | EV_PERSIST,
                 server_worked},
                {&server->terminated, SIGTERM, EV_SIGNAL | EV_PERSIST, server_terminate},
                {&server->interrupted, SIGINT, EV_SIGNAL | EV_PERSIST, server_terminate},
                {&server->reloaded, SIGHUP, EV_SIGNAL | EV_PERSIST, server_reload},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (event_assign(rows[i].event, server->host.base, rows[i].fd, rows[i].what,
                                 rows[i].callback, server) < 0 ||
                    event_add(rows[i].event, NULL) < 0)
                        return -ERROR_SYSTEM;
        return 0;
}

static int server_add_timers(struct server *server) {
        static void (*const expired[TIMERS])(void *argument) = {
                [TIMER_ACCEPT_AGAIN] = server_accept_again,
                [TIMER_SWEEP] = server_sweep,
                [TIMER_STATUS] = server_status,
                [TIMER_WATCHDOG] = server_watchdog,
                [TIMER_DRAINED] = server_drained,
        };
        for (; server->timers_open < TIMERS; server->timers_open++)
                if (timer_open(&server->timers[server->timers_open], server->host.base,
                               expired[server->timers_open], server) < 0)
                        return -ERROR_SYSTEM;

        uint64_t watchdog_ms = notify_watchdog_us() / 1000 / 2;
        timer_start(&server->timers[TIMER_SWEEP], SWEEP_PERIOD_MS, true);
        if (watchdog_ms > 0)
                timer_start(&server->timers[TIMER_WATCHDOG], watchdog_ms, true);
        return 0;
}

int server_new(struct server **ret, struct broker *broker, const struct listener *listener) {
        struct server *server = calloc(1, sizeof(*server));
        if (server == NULL)
                return -ERROR_NO_MEMORY;
        server->listen_fd = listener->fd;
        server->told_segments = -1;
        server->host.dispatcher.broker = broker;
        server->host.stirred = server_stirred;
        server->host.ended = server_ended;

        int r = worker_new(&server->host.worker);
        if (r == 0)
                r = connection_host_init(&server->host);
        if (r == 0)
                r = server_make_base(&server->host.base);
        if (r == 0)
                r = server_add_events(server);
        if (r == 0)
                r = server_add_timers(server);
        if (r < 0) {
                int failed = errno;
                server_free(server);
                errno = failed;
                return r;
        }
        signal(SIGPIPE, SIG_IGN); /* standard error may be a pipe */
        signal(SIGXFSZ, SIG_IGN); /* the journal beyond LimitFSIZE= is an error like any other */
        server_survey(server);
        *ret = server;
        return 0;
}

void server_free(struct server *server) {
        if (server == NULL)
                return;
        if (server->host.worker != NULL)
                connection_host_close(&server->host);
        worker_free(server->host.worker);
        while (server->timers_open > 0)
                timer_close(&server->timers[--server->timers_open]);
        if (server->host.base != NULL)
                event_base_free(server->host.base); /* and what was added to it */
        free(server);
}

int server_run(struct server *server) {
        notify_ready();
        server_stirred(&server->host);
        int r = event_base_dispatch(server->host.base) < 0 ? -ERROR_SYSTEM : 0;
        int failed = errno;
        connection_host_close(&server->host);
        errno = failed;
        return r;
}
