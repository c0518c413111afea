#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREADS_MAX 4
#define STACK_BYTES (64 * 1024)

/* First in, first out. */
struct jobs {
        struct job *first;
        struct job **last;
};

struct worker {
        pthread_mutex_t lock; /* of everything below but the descriptor */
        pthread_cond_t submitted;
        pthread_cond_t ended;
        struct jobs waiting;
        struct jobs done;
        unsigned unfinished; /* jobs that wait or run */
        bool stopping;

        pthread_t threads[THREADS_MAX];
        unsigned threads_count;
        int fd; /* an eventfd: counts up while there is something in `done` */
};

static void jobs_init(struct jobs *jobs) {
        jobs->first = NULL;
        jobs->last = &jobs->first;
}

static void jobs_push(struct jobs *jobs, struct job *job) {
        job->next = NULL;
        *jobs->last = job;
        jobs->last = &job->next;
}

static struct job *jobs_pop(struct jobs *jobs) {
        struct job *job = jobs->first;
        if (job == NULL)
                return NULL;
        jobs->first = job->next;
        if (jobs->first == NULL)
                jobs->last = &jobs->first;
        return job;
}

/* With the lock held. */
static void worker_end_job(struct worker *worker, struct job *job) {
        worker->unfinished--;
        jobs_push(&worker->done, job);
        /* Can only fail by overflow, and worker_fetch() takes all of it back. */
        (void) eventfd_write(worker->fd, 1);
        pthread_cond_signal(&worker->ended);
}

static void *worker_thread(void *argument) {
        struct worker *worker = argument;
        pthread_mutex_lock(&worker->lock);
        for (;;) {
                struct job *job = jobs_pop(&worker->waiting);
                if (job == NULL) {
                        if (worker->stopping)
                                break;
                        pthread_cond_wait(&worker->submitted, &worker->lock);
                        continue;
                }
                pthread_mutex_unlock(&worker->lock);
                work_run(job->work);
                pthread_mutex_lock(&worker->lock);
                worker_end_job(worker, job);
        }
        pthread_mutex_unlock(&worker->lock);
        return NULL;
}

/* Signals are for the event loop's thread: a new one inherits that all are blocked. */
static int worker_start_thread(struct worker *worker) {
        pthread_attr_t attributes;
        if (pthread_attr_init(&attributes) != 0)
                return -ERROR_NO_MEMORY;
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int r = pthread_attr_setstacksize(&attributes, STACK_BYTES);
        if (r == 0)
                r = pthread_create(&worker->threads[worker->threads_count], &attributes,
                                   worker_thread, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (r != 0)
                return -ERROR_SYSTEM;
        worker->threads_count++;
        return 0;
}

int worker_new(struct worker **ret) {
        struct worker *worker = calloc(1, sizeof(*worker));
        if (worker == NULL)
                return -ERROR_NO_MEMORY;
        worker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (worker->fd < 0) {
                free(worker);
                return -ERROR_SYSTEM;
        }
        pthread_mutex_init(&worker->lock, NULL);
        pthread_cond_init(&worker->submitted, NULL);
        pthread_cond_init(&worker->ended, NULL);
        jobs_init(&worker->waiting);
        jobs_init(&worker->done);
        *ret = worker;
        return 0;
}

void worker_free(struct worker *worker) {
        if (worker == NULL)
                return;
        pthread_mutex_lock(&worker->lock);
        worker->stopping = true;
        pthread_cond_broadcast(&worker->submitted);
        pthread_mutex_unlock(&worker->lock);
        for (unsigned i = 0; i < worker->threads_count; i++)
                pthread_join(worker->threads[i], NULL);

        pthread_cond_destroy(&worker->ended);
        pthread_cond_destroy(&worker->submitted);
        pthread_mutex_destroy(&worker->lock);
        close(worker->fd);
        free(worker);
}

int worker_fd(const struct worker *worker) {
        return worker->fd;
}

void worker_submit(struct worker *worker, struct job *job) {
        pthread_mutex_lock(&worker->lock);
        jobs_push(&worker->waiting, job);
        worker->unfinished++;
        if (worker->unfinished > worker->threads_count && worker->threads_count < THREADS_MAX &&
            worker_start_thread(worker) < 0 && worker->threads_count == 0) {
                /* Nobody to do it: here and now. It is the only one that waits. */
                jobs_pop(&worker->waiting);
                work_run(job->work);
                worker_end_job(worker, job);
        }
        pthread_cond_signal(&worker->submitted);
        pthread_mutex_unlock(&worker->lock);
}

struct job *worker_fetch(struct worker *worker) {
        pthread_mutex_lock(&worker->lock);
        struct job *job = jobs_pop(&worker->done);
        if (worker->done.first == NULL) {
                eventfd_t count;
                (void) eventfd_read(worker->fd, &count); /* fails where it is 0 already */
        }
        pthread_mutex_unlock(&worker->lock);
        return job;
}

struct job *worker_wait(struct worker *worker) {
        pthread_mutex_lock(&worker->lock);
        while (worker->done.first == NULL && worker->unfinished > 0)
                pthread_cond_wait(&worker->ended, &worker->lock);
        pthread_mutex_unlock(&worker->lock);
        return worker_fetch(worker);
}
