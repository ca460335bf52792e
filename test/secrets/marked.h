/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SECRETS_MARKED_H
#define TEST_SECRETS_MARKED_H

#include <stdbool.h>

/* A planted leak: what is to be compared in constant time is compared with memcmp. */
extern bool leak_compare;

#endif
