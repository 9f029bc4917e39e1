/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few macros and types every file may use.  Nothing here knows about networking,
 * and nothing here may grow into a library: add a macro only for what a function cannot do.
 */
#ifndef TANDEM_BASE_H
#define TANDEM_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef NDEBUG
#error "assertions stay on: our own bugs must end the process so that the partner takes over"
#endif

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define UNUSED __attribute__((unused))
#define FALLTHROUGH __attribute__((fallthrough))
#define NORETURN __attribute__((noreturn))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of an interface name with its final zero, as in the kernel (IFNAMSIZ). */
#define NAME_SIZE 16

#endif
