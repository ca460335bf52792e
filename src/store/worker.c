/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writes, on a thread of its own unless the caller wants none. It takes every job that
 * waits and does them in one transaction.
 * A job that is refused for a reason of its own takes nobody with it: the group is rolled
 * back and its jobs are done one by one.
 *
 * Checkpoints are made here, between groups and best when nobody waits, so that a commit
 * seldom stands behind one.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CHECKPOINT_IDLE 1000 /* pages of the log that are worth a checkpoint when nothing waits, */
#define CHECKPOINT_BUSY 4000 /* and when something does (16 MiB) */
#define IDLE_NS 50000000     /* nothing was handed in for so long: nothing waits */

struct queue {
    struct ol_job *first;
    struct ol_job **end;
};

struct ol_worker {
    struct ol_writer writer;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; /* of what stands from here to `why` */
    pthread_cond_t handed;
    pthread_cond_t ended;
    struct queue todo;
    struct queue told;
    bool stop;
    bool dead;
    char why[WHY_MAX];
    int fd;
    int log;  /* pages in the log; the thread's own */
    int kept; /* of these, what the last checkpoint left: they were no use trying again */
};

void ol_job_free(struct ol_job *job)
{
    if (!job->spare)
        free(job);
}

static void push(struct queue *q, struct ol_job *job)
{
    job->next = NULL;
    *q->end = job;
    q->end = &job->next;
}

static struct ol_job *take(struct queue *q)
{
    struct ol_job *first = q->first;

    *q = (struct queue){.end = &q->first};
    return first;
}

static enum ol_err run(struct ol_conn *c, enum query which)
{
    return ol_conn_run(c->q[which]) ? OL_OK : ol_conn_write_failed(c);
}

/* Some errors have rolled back already. */
static enum ol_err roll_back(struct ol_conn *c, enum ol_err cause)
{
    char why[WHY_MAX];

    memcpy(why, c->why, sizeof why);
    if (!sqlite3_get_autocommit(c->db) && run(c, Q_ROLLBACK))
        return OL_STORE;
    memcpy(c->why, why, sizeof why);
    return cause;
}

/* The jobs from `first` to before `end` in one transaction. */
static enum ol_err transact(struct ol_writer *w, struct ol_job *first, const struct ol_job *end)
{
    struct ol_conn *c = &w->conn;
    enum ol_err err = run(c, Q_BEGIN);

    for (struct ol_job *job = first; !err && job != end; job = job->next)
        err = job->run(w, job);
    if (!err)
        err = run(c, Q_COMMIT);
    return err ? roll_back(c, err) : OL_OK;
}

static bool refusal(enum ol_err err)
{
    return err && err != OL_NO_ROOM && err != OL_STORE;
}

/* Sets every job's outcome. True when the store can go on. */
static bool work(struct ol_writer *w, struct ol_job *jobs, bool alive)
{
    enum ol_err err = alive ? transact(w, jobs, NULL) : OL_STORE;
    bool apart = refusal(err);

    for (struct ol_job *job = jobs; job != NULL; job = job->next) {
        if (apart && err != OL_STORE)
            err = transact(w, job, job->next);
        job->err = err;
    }
    return err != OL_STORE;
}

static int count_log(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct ol_worker *w = ctx;

    (void)db;
    (void)name;
    w->log = pages;
    if (pages < w->kept)
        w->kept = 0; /* it began anew */
    return SQLITE_OK;
}

/* True when the store can go on. */
static bool checkpoint(struct ol_worker *w)
{
    int log = 0;
    int moved = 0;
    enum ol_err err = ol_conn_checkpoint(&w->writer.conn, &log, &moved);

    if (!err && log == moved)
        w->log = 0; /* the next commit begins it anew, unless a reader is still in it */
    w->kept = w->log;
    return err != OL_STORE;
}

static bool log_grew(const struct ol_worker *w, int pages)
{
    return !w->dead && w->log - w->kept >= pages;
}

/* Waits for jobs, or until there is nothing to do and the log is worth a checkpoint. */
static void await_jobs(struct ol_worker *w)
{
    struct timespec until;
    bool idle = false;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (w->todo.first == NULL && !w->stop && !idle) {
        if (log_grew(w, CHECKPOINT_IDLE))
            idle = pthread_cond_timedwait(&w->handed, &w->lock, &until) == ETIMEDOUT;
        else
            pthread_cond_wait(&w->handed, &w->lock);
    }
}

static void tell(struct ol_worker *w, struct ol_job *jobs)
{
    bool poll = false;

    for (struct ol_job *job = jobs, *next; job != NULL; job = next) {
        next = job->next;
        if (!job->waited)
            push(&w->told, job);
        poll |= !job->waited;
        job->ended = true; /* a waited one is gone with this, as soon as the lock is */
    }
    pthread_cond_broadcast(&w->ended);
    if (poll)
        eventfd_write(w->fd, 1);
}

/* The words of what killed it stay. */
static void note(struct ol_worker *w, bool alive)
{
    if (w->dead)
        return;
    w->dead = !alive;
    memcpy(w->why, w->writer.conn.why, sizeof w->why);
}

/* Under the lock, which it lets go meanwhile: these jobs, which may be none, and the log when it is worth it. */
static void do_round(struct ol_worker *w, struct ol_job *jobs)
{
    bool alive = !w->dead;

    if (jobs != NULL) {
        pthread_mutex_unlock(&w->lock);
        alive = work(&w->writer, jobs, alive);
        pthread_mutex_lock(&w->lock);
        note(w, alive);
        tell(w, jobs);
    }
    if (log_grew(w, jobs != NULL ? CHECKPOINT_BUSY : CHECKPOINT_IDLE)) {
        pthread_mutex_unlock(&w->lock);
        alive = checkpoint(w);
        pthread_mutex_lock(&w->lock);
        note(w, alive);
    }
}

static void *work_until_stopped(void *ctx)
{
    struct ol_worker *w = ctx;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct ol_job *jobs;

        await_jobs(w);
        jobs = take(&w->todo);
        if (jobs == NULL && w->stop)
            break;
        do_round(w, jobs);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Without a thread its rounds are the caller's. */
static void work_here(struct ol_worker *w)
{
    if (w->threaded)
        return;
    pthread_mutex_lock(&w->lock);
    do_round(w, take(&w->todo));
    pthread_mutex_unlock(&w->lock);
}

/* Signals are the program's, not this thread's. */
static bool start_thread(struct ol_worker *w)
{
    sigset_t all;
    sigset_t before;
    bool ok;

    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* the sandbox says what was forbidden */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&w->thread, NULL, work_until_stopped, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void init(struct ol_worker *w, const struct ol_store_cfg *cfg)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->handed, &monotonic);
    pthread_cond_init(&w->ended, NULL);
    pthread_condattr_destroy(&monotonic);
    take(&w->todo);
    take(&w->told);
    w->writer.views = cfg->views;
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void fini(struct ol_worker *w)
{
    if (w->dead && w->writer.conn.db != NULL) /* nothing more is written, not even a last checkpoint */
        sqlite3_db_config(w->writer.conn.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    ol_conn_close(&w->writer.conn);
    if (w->fd >= 0)
        close(w->fd);
    pthread_cond_destroy(&w->ended);
    pthread_cond_destroy(&w->handed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

enum ol_err ol_worker_start(const struct ol_store_cfg *cfg, struct ol_worker **out,
                            char why[static WHY_MAX])
{
    struct ol_worker *w = calloc(1, sizeof *w);
    enum ol_err err;

    if (w == NULL)
        return OL_STORE;
    init(w, cfg);
    err = ol_conn_open(&w->writer.conn, cfg->path, CONN_WRITE);
    if (!err)
        err = ol_view_start(&w->writer);
    memcpy(why, w->writer.conn.why, WHY_MAX);
    if (!err)
        sqlite3_wal_hook(w->writer.conn.db, count_log, w);
    w->threaded = !err && !cfg->no_thread && w->fd >= 0 && start_thread(w);
    if (!err && (w->fd < 0 || w->threaded == cfg->no_thread))
        err = OL_STORE;
    if (!err) {
        *out = w;
        return OL_OK;
    }
    w->dead = err == OL_STORE;
    fini(w);
    return err;
}

void ol_worker_stop(struct ol_worker *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->handed);
    pthread_mutex_unlock(&w->lock);
    work_here(w);
    if (w->threaded)
        pthread_join(w->thread, NULL);
    for (struct ol_job *job = take(&w->told), *next; job != NULL; job = next) {
        next = job->next;
        ol_job_free(job);
    }
    fini(w);
}

void ol_worker_hand(struct ol_worker *w, struct ol_job *job)
{
    pthread_mutex_lock(&w->lock);
    push(&w->todo, job);
    if (!w->threaded && !job->waited)
        eventfd_write(w->fd, 1); /* there will be something to tell */
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->handed); /* not before, or the thread wakes only to wait for the lock */
}

enum ol_err ol_worker_wait(struct ol_worker *w, struct ol_job *job, char why[static WHY_MAX])
{
    job->waited = true;
    ol_worker_hand(w, job);
    work_here(w);
    pthread_mutex_lock(&w->lock);
    while (!job->ended)
        pthread_cond_wait(&w->ended, &w->lock);
    if (job->err)
        memcpy(why, w->why, WHY_MAX);
    pthread_mutex_unlock(&w->lock);
    return job->err;
}

struct ol_job *ol_worker_ended(struct ol_worker *w, char why[static WHY_MAX])
{
    struct ol_job *jobs;
    eventfd_t count;

    work_here(w);
    pthread_mutex_lock(&w->lock);
    (void)!eventfd_read(w->fd, &count);
    jobs = take(&w->told);
    memcpy(why, w->why, WHY_MAX);
    pthread_mutex_unlock(&w->lock);
    return jobs;
}

int ol_worker_fd(const struct ol_worker *w)
{
    return w->fd;
}

void ol_worker_condemn(struct ol_worker *w, const char why[static WHY_MAX])
{
    pthread_mutex_lock(&w->lock);
    w->dead = true;
    memcpy(w->why, why, WHY_MAX);
    pthread_mutex_unlock(&w->lock);
    eventfd_write(w->fd, 1);
}
