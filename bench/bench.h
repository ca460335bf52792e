/* SPDX-License-Identifier: Apache-2.0 */
/* What every bench needs: the time, a way to give up, and the order of what was measured. */
#ifndef OL_BENCH_BENCH_H
#define OL_BENCH_BENCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void bench_must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline void bench_sort(double *v, size_t n)
{
    qsort(v, n, sizeof v[0], bench_compare);
}

static inline unsigned bench_number(int argc, char **argv, int at, unsigned otherwise)
{
    unsigned long n = argc > at ? strtoul(argv[at], NULL, 10) : otherwise;

    bench_must(n > 0 && n <= 1000000, "reading the arguments");
    return (unsigned)n;
}

/* One object, as bench/run reads it; took is sorted by this. */
static inline void bench_print(double *took, size_t n, double rate)
{
    bench_sort(took, n);
    printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"rate\": %.0f}\n", took[n / 2] * 1e6, took[n * 99 / 100] * 1e6,
           rate);
}

#endif
