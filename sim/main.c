/* SPDX-License-Identifier: Apache-2.0 */
/* openline-sim: runs seeds, adds up what they showed, says how to repeat what failed. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/run.h"

#define HOUR (60 * SIM_MINUTE)

static const char usage[] =
    "usage: openline-sim --seed N | --seeds A-B | --hours N [--json] [--only NAME,... | --without NAME,...]\n"
    "                    [--play] [--minimise]\n"
    "       openline-sim --month | --bad-day [--seed N] [--play]\n"
    "       openline-sim --list\n"
    "\n"
    "Runs real stations in one process on a virtual clock, with the faults and lies that each seed draws, and checks\n"
    "that nothing is lost, forged or shown twice. The last line is a summary. Exits with 1 when anything failed.\n"
    "\n"
    "  --seed N          one run\n"
    "  --seeds A-B       the runs from A to B, both included\n"
    "  --hours N         N runs of one hour of the line each, a message a minute, with every fault\n"
    "  --json            print nothing but the summary\n"
    "  --only NAME,...   of what the seed draws, these alone\n"
    "  --without NAME,.. of what the seed draws, all but these\n"
    "  --scenario NAME   this scenario or lie, whatever the seed draws\n"
    "  --all             every fault is on, whatever the seed draws\n"
    "  --play            tell the story of the run\n"
    "  --minimise        of a seed that fails, find the fewest faults with which it still does\n"
    "  --month           a month at two desks with ordinary people and paths: how many alarms an hour\n"
    "  --bad-day         a day on which all goes wrong: how soon each alarm is raised\n"
    "  --list            print the names of every fault, lie, scenario and check\n"
    "  --help            show this\n"
    "  --version         show the version\n";

enum { EXIT_USAGE = 2 };

struct total {
    uint64_t seeds;
    uint64_t failures;
    uint64_t messages;
    uint64_t lost;
    uint64_t duplicated;
    uint64_t hash;
    sim_us lived;
    uint64_t played[SIM_FAULTS_MAX];
    uint64_t checked[SIM_CHECKS];
};

struct args {
    uint64_t first;
    uint64_t last;
    struct sim_order order;
    bool some;     /* a seed, seeds or hours were given */
    bool hours;
    bool narrowed; /* by --only or --without */
    bool json;
    bool minimise;
};

/* ---- Running ---- */

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add(struct total *t, const struct sim_result *r)
{
    t->seeds++;
    t->failures += r->failed;
    t->messages += r->messages;
    t->lost += r->lost;
    t->duplicated += r->duplicated;
    t->hash = (t->hash ^ r->hash) * 0x9fb21c651e98df25u;
    t->lived += r->lived;
    for (size_t i = 0; i < SIM_FAULTS_MAX; i++)
        t->played[i] += r->played[i];
    for (size_t i = 0; i < SIM_CHECKS; i++)
        t->checked[i] += r->checked[i];
}

static void print_names(const struct sim_order *o, FILE *to)
{
    const char *comma = "";

    for (size_t i = 0; i < sim_fault_count(); i++) {
        if (!o->may[i])
            continue;
        fprintf(to, "%s%s", comma, sim_fault_at(i)->name);
        comma = ",";
    }
    if (*comma == '\0')
        fputs("nothing", to);
}

static void print_command(const struct args *a, uint64_t seed, FILE *to)
{
    fprintf(to, "openline-sim --seed %llu", (unsigned long long)seed);
    if (a->hours)
        fputs(" --hours 1", to);
    if (a->order.day != NULL)
        fputs(a->order.day == &sim_month ? " --month" : " --bad-day", to);
    if (a->order.all && !a->hours)
        fputs(" --all", to);
    if (a->order.scenario >= 0)
        fprintf(to, " --scenario %s", sim_fault_at((size_t)a->order.scenario)->name);
    if (a->narrowed) {
        fputs(" --only ", to);
        print_names(&a->order, to);
    }
    fputs(" --play\n", to);
}

static void run_seed(const struct args *a, uint64_t seed, struct total *t)
{
    struct sim_order order = a->order;
    struct sim_result r;

    order.seed = seed;
    sim_run(&order, &r);
    add(t, &r);
    if (r.failed) {
        fprintf(stderr, "seed %llu failed: %s\nrepeat with: ", (unsigned long long)seed, r.why);
        print_command(a, seed, stderr);
    } else if (!a->json) {
        printf("seed %llu: %llu messages in %llu s, %016llx\n", (unsigned long long)seed,
               (unsigned long long)r.messages, (unsigned long long)(r.lived / SIM_SECOND), (unsigned long long)r.hash);
    }
}

static void print_summary(const struct total *t, double seconds)
{
    const char *comma = "";
    double years = (double)t->lived / 1e6 / 86400 / 365.25;

    printf("{\"seeds\":%llu,\"failures\":%llu,\"messages\":%llu,\"lost\":%llu,\"duplicated\":%llu,"
           "\"link_years_per_core_hour\":%.4f,\"trace_hash\":\"%016llx\",\"played\":{",
           (unsigned long long)t->seeds, (unsigned long long)t->failures, (unsigned long long)t->messages,
           (unsigned long long)t->lost, (unsigned long long)t->duplicated, seconds > 0 ? years * 3600 / seconds : 0,
           (unsigned long long)t->hash);
    for (size_t i = 0; i < sim_fault_count(); i++, comma = ",")
        printf("%s\"%s\":%llu", comma, sim_fault_at(i)->name, (unsigned long long)t->played[i]);
    printf("},\"checked\":{");
    comma = "";
    for (size_t i = 0; i < SIM_CHECKS; i++, comma = ",")
        printf("%s\"%s\":%llu", comma, sim_check_name((enum sim_check_id)i), (unsigned long long)t->checked[i]);
    printf("}}\n");
}

/* ---- A core that ends in an assertion: the summary and the command are still printed ---- */

static const struct args *running_args;
static struct total *running_total;
static uint64_t running_seed;
static double begun;

static void on_abort(int number)
{
    signal(number, SIG_DFL);
    running_total->seeds++;
    running_total->failures++;
    fprintf(stderr, "seed %llu failed: signal %d\nrepeat with: ", (unsigned long long)running_seed, number);
    print_command(running_args, running_seed, stderr);
    print_summary(running_total, cpu_seconds() - begun);
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

static int run_all(const struct args *a)
{
    static struct total total;

    running_args = a;
    running_total = &total;
    begun = cpu_seconds();
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
    for (uint64_t seed = a->first; seed <= a->last; seed++) {
        running_seed = seed;
        run_seed(a, seed, &total);
    }
    print_summary(&total, cpu_seconds() - begun);
    return total.failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- Fewer faults ---- */

/* In a child, since a core that aborts takes its process with it. */
static bool fails(const struct args *a, struct sim_result *r)
{
    int status = 0;
    int pipes[2];
    pid_t child;

    *r = (struct sim_result){.failed = true, .what = SIM_CHECKS, .why = "an assertion"};
    if (pipe(pipes) != 0 || (child = fork()) < 0) {
        perror("openline-sim");
        exit(EXIT_FAILURE);
    }
    if (child == 0) {
        struct sim_order order = a->order;

        order.seed = a->first;
        order.story = NULL;
        sim_run(&order, r);
        if (write(pipes[1], r, sizeof *r) != (ssize_t)sizeof *r)
            _exit(3);
        _exit(r->failed);
    }
    close(pipes[1]);
    if (read(pipes[0], r, sizeof *r) != (ssize_t)sizeof *r)
        r->failed = true;
    close(pipes[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static int minimise(struct args *a)
{
    struct sim_result r;
    struct sim_result last;

    if (!fails(a, &r)) {
        printf("seed %llu does not fail\n", (unsigned long long)a->first);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < SIM_FAULTS_MAX; i++) /* what was not on is not needed; a run that aborted did not say */
        a->order.may[i] = a->order.may[i] && i < sim_fault_count();
    for (bool fewer = true; fewer;) {
        fewer = false;
        for (size_t i = 0; i < sim_fault_count(); i++) {
            if (!a->order.may[i])
                continue;
            a->order.may[i] = false;
            if (fails(a, &last) && last.what == r.what) { /* the same failure, not another */
                r = last;
                fewer = fewer || last.on[i];
            } else {
                a->order.may[i] = true;
            }
        }
    }
    a->narrowed = true;
    printf("seed %llu fails with ", (unsigned long long)a->first);
    print_names(&a->order, stdout);
    printf(": %s\nrepeat with: ", r.why);
    print_command(a, a->first, stdout);
    return EXIT_FAILURE;
}

/* ---- The command line ---- */

static int list(void)
{
    static const char *const headings[] = {"faults", "lies", "scenarios"};
    static const char *const follows[] = {"", " (impossible)", " (evidence)", " (alarm)"};

    for (unsigned sort = SIM_FAULT; sort <= SIM_SCENARIO; sort++) {
        printf("%s\n", headings[sort]);
        for (size_t i = 0; i < sim_fault_count(); i++) {
            const struct sim_fault *f = sim_fault_at(i);

            if (f->sort == sort)
                printf("  %-26s %s%s\n", f->name, f->says, follows[f->follows]);
        }
    }
    printf("checks\n");
    for (unsigned i = 0; i < SIM_CHECKS; i++)
        printf("  %-26s %s\n", sim_check_name((enum sim_check_id)i), sim_check_says((enum sim_check_id)i));
    return EXIT_SUCCESS;
}

static int wrong(const char *what, const char *word)
{
    fprintf(stderr, "openline-sim: %s: %s\n", what, word);
    return EXIT_USAGE;
}

static bool read_number(const char *text, uint64_t *out, const char **end)
{
    char *after;

    errno = 0;
    *out = strtoull(text, &after, 10);
    *end = after;
    return after != text && errno == 0 && *text >= '0' && *text <= '9';
}

static bool read_seeds(const char *text, struct args *a, bool range)
{
    const char *end;

    a->some = true;
    if (!read_number(text, &a->first, &end))
        return false;
    a->last = a->first;
    if (range && (*end != '-' || !read_number(end + 1, &a->last, &end)))
        return false;
    return *end == '\0' && a->first <= a->last && a->last < UINT64_MAX;
}

static bool read_hours(const char *text, struct args *a)
{
    const char *end;
    uint64_t hours;

    if (!read_number(text, &hours, &end) || *end != '\0' || hours == 0)
        return false;
    if (!a->some)
        a->first = 1;
    a->last = a->first + hours - 1;
    a->some = true;
    a->hours = true;
    a->order.all = true;
    a->order.span = HOUR;
    a->order.every = 2 * SIM_MINUTE; /* from each side */
    return true;
}

/* Names separated by commas: sets each to `to`. */
static bool read_names(const char *text, struct args *a, bool to)
{
    for (size_t i = 0; i < SIM_FAULTS_MAX; i++)
        a->order.may[i] = !to;
    a->narrowed = true;
    if (strcmp(text, "nothing") == 0)
        return true;
    for (;;) {
        size_t len = strcspn(text, ",");
        int i = sim_fault_find(text, len);

        if (i < 0)
            return false;
        a->order.may[i] = to;
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}

static int parse(int argc, char **argv, struct args *a)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},   {"seeds", required_argument, NULL, 'S'},
        {"hours", required_argument, NULL, 'H'},  {"json", no_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'o'},   {"without", required_argument, NULL, 'w'},
        {"scenario", required_argument, NULL, 'c'}, {"all", no_argument, NULL, 'a'},
        {"play", no_argument, NULL, 'p'},
        {"month", no_argument, NULL, 'M'},        {"bad-day", no_argument, NULL, 'B'},
        {"minimise", no_argument, NULL, 'm'},     {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
        case 'S':
            if (!read_seeds(optarg, a, option == 'S'))
                return wrong(option == 'S' ? "not a range of seeds" : "not a seed", optarg);
            break;
        case 'H':
            if (!read_hours(optarg, a))
                return wrong("not a number of hours", optarg);
            break;
        case 'o':
        case 'w':
            if (!read_names(optarg, a, option == 'o'))
                return wrong("not names that --list knows", optarg);
            break;
        case 'c':
            a->order.scenario = sim_fault_find(optarg, strlen(optarg));
            if (a->order.scenario < 0)
                return wrong("not a name that --list knows", optarg);
            break;
        case 'M':
        case 'B':
            a->order.day = option == 'M' ? &sim_month : &sim_bad_day;
            break;
        case 'j':
            a->json = true;
            break;
        case 'a':
            a->order.all = true;
            break;
        case 'p':
            a->order.story = stdout;
            break;
        case 'm':
            a->minimise = true;
            break;
        case 'l':
            exit(list());
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        case 'v':
            puts("openline-sim " OL_VERSION);
            exit(EXIT_SUCCESS);
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (a->order.day != NULL && !a->some) {
        a->first = a->last = 1;
        a->some = true;
    }
    if (a->order.day != NULL && !a->json)
        a->order.report = stdout;
    if (optind != argc || !a->some || (a->minimise && a->first != a->last)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct args a;
    int code;

    for (size_t i = 0; i < SIM_FAULTS_MAX; i++)
        a.order.may[i] = true;
    if (ol_crypto_init() != OL_OK) {
        fputs("openline-sim: cannot start\n", stderr);
        return EXIT_FAILURE;
    }
    a.order.scenario = -1;
    code = parse(argc, argv, &a);
    if (code != EXIT_SUCCESS)
        return code;
    code = a.minimise ? minimise(&a) : run_all(&a);
    return fflush(stdout) == 0 ? code : EXIT_FAILURE;
}
