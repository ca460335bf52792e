/* SPDX-License-Identifier: Apache-2.0 */
/* libconfig 1.5 loses a few bytes with each text that it refuses: what a sanitizer says of that is not about us. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}
