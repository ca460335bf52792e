/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over the pages of a store's main file: what a disk has changed is found when it is read. */
#ifndef OL_STORE_SUM_H
#define OL_STORE_SUM_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OL_PAGE 4096
#define OL_PAGE_HEAD 100 /* bytes of the first page that say what the file is */
#define OL_PAGE_SUM 8 /* bytes that the engine leaves alone, at a page's end */

/* The files for the engine to open a store's with. Reads of a page with a wrong sum give SQLITE_IOERR_DATA. One thread
 * at a time. */
const char *ol_sum_files(void);
/* Writes the sum at the page's end. */
void ol_page_seal(uint8_t page[static OL_PAGE], uint32_t number);
/* Whether this is a page of that number as it was written. */
bool ol_page_is_whole(const uint8_t page[static OL_PAGE], uint32_t number);
/* Whether a file that begins so has sums, or is empty and will have. */
bool ol_page_has_sum(const uint8_t *first, size_t len);

#endif
