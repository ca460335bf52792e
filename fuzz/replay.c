/* SPDX-License-Identifier: Apache-2.0 */
/* replay PATH...: gives a target every file, and every file of every folder, in order of name. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t replayed;

/* From memory of exactly its size, so that reading past its end is seen. */
static void replay_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(size);
    size_t n = f != NULL && data != NULL ? fread(data, 1, size, f) : 0;

    if (f == NULL || n != size) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(f);
    if (getenv("REPLAY_NAMES") != NULL)
        fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
}

static void replay(const char *path)
{
    struct dirent **name;
    struct stat st;
    int n;

    if (stat(path, &st) != 0) {
        fprintf(stderr, "%s is not there\n", path);
        exit(EXIT_FAILURE);
    }
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path, (size_t)st.st_size);
        return;
    }
    n = scandir(path, &name, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char below[4096];

        snprintf(below, sizeof below, "%s/%s", path, name[i]->d_name);
        if (name[i]->d_name[0] != '.')
            replay(below);
        free(name[i]);
    }
    free(name);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%zu inputs replayed\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
