/* SPDX-License-Identifier: Apache-2.0 */
/* What `stats` counts from a copy of the record besides messages. */
#ifndef OL_CLI_MONTH_H
#define OL_CLI_MONTH_H

#include "desk/stats.h"
#include "store/store.h"

/* Adds a line's tests by people to its month, as they stand now. LIMIT: memory. */
OL_MUST_USE enum ol_err ol_month_count_tests(struct ol_store *s, int64_t line, uint32_t now, struct ol_stats *month);

#endif
