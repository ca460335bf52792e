# SPDX-License-Identifier: Apache-2.0
"""A wall clock that a test may put forward and back, for programs that start with its environment and while they run.
What counts how long something lasts (the liveness of a path, a timer) goes on as it is."""
import mmap
import os
import struct
import subprocess

SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static const volatile int64_t *shift;
__attribute__((constructor)) static void map_shift(void)
{
    const char *path = getenv("SHIFT_FILE");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd >= 0 ? mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (map != MAP_FAILED)
        shift = map;
    if (fd >= 0)
        close(fd);
}
int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, clock, t);

    if (r == 0 && clock == CLOCK_REALTIME && shift != NULL)
        t->tv_sec += (time_t)*shift;
    return r;
}
time_t time(time_t *out)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (out != NULL)
        *out = t.tv_sec;
    return t.tv_sec;
}
int gettimeofday(struct timeval *tv, void *zone)
{
    struct timespec t;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}
"""


class Clock:
    def __init__(self, folder):
        source, self.shim, self.path = (os.path.join(folder, name) for name in ("clock.c", "clock.so", "shift"))
        with open(source, "w", encoding="ascii") as f:
            f.write(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.shim, source], check=True)
        with open(self.path, "wb") as f:
            f.write(bytes(8))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 8)

    @property
    def seconds(self):
        return struct.unpack("=q", self.map[:])[0]

    @seconds.setter
    def seconds(self, seconds):
        self.map[:] = struct.pack("=q", seconds)

    def __enter__(self):
        """Programs that start from now on go by it."""
        os.environ.update(LD_PRELOAD=self.shim, SHIFT_FILE=self.path)
        return self

    def __exit__(self, *_):
        del os.environ["LD_PRELOAD"], os.environ["SHIFT_FILE"]
