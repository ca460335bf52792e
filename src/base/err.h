/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results. What comes from outside gives one of these and changes nothing else;
 * our own mistakes are asserts. The list is the only place where they are named.
 */
#ifndef OL_BASE_ERR_H
#define OL_BASE_ERR_H

#ifdef NDEBUG
#error "asserts stay on, in release builds too"
#endif

#define OL_ERR_LIST(X)                                              \
    X(OK, "ok")                                                     \
    X(MALFORMED, "bytes do not parse")                              \
    X(UNEXPECTED, "not allowed in this state")                      \
    X(FORGED, "authentication failed")                              \
    X(REPLAYED, "already seen")                                     \
    X(LIMIT, "over a limit")                                        \
    X(NO_ROOM, "no room on the disk")                               \
    X(STORE, "the store failed")                                    \
    X(ABSENT, "no such thing")                                      \
    X(EXISTS, "exists already")                                     \
    X(MISMATCH, "cards or keys do not match")                       \
    X(LATER, "not yet: waits for something else")                   \
    X(IO, "an operation of the system failed")

enum ol_err {
#define X(name, text) OL_##name,
    OL_ERR_LIST(X)
#undef X
};

#define OL_MUST_USE __attribute__((warn_unused_result))

/* The name ("MALFORMED") and the sentence of a result; never NULL. */
const char *ol_err_name(enum ol_err err);
const char *ol_err_text(enum ol_err err);

#endif
