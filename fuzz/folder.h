/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a target's own, for parsers that read files: in TMPDIR, gone when the program ends. */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/* Its path; made at the first call. */
const char *folder(void);
/* The path of a name in it, borrowed until the fourth call after this one. */
const char *folder_path(const char *name);
/* Writes a file in it, replacing. */
void folder_write(const char *name, const uint8_t *data, size_t size);
/* Removes a file or a folder in it with all that it holds; fine when there is none. */
void folder_remove(const char *name);

#endif
