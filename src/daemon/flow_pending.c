/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for core/flowsync.c until it is there; every one of these is weak. */
#include <stdlib.h>
#include <string.h>
#include "core/flowsync.h"
#define W __attribute__((weak))
W bool flow_key_equal(const struct flow_key *a, const struct flow_key *b) { return memcmp(a, b, sizeof(*a)) == 0; }
W const char *flow_count_name(enum flow_count c UNUSED) { return ""; }
W const char *flow_fault_name(enum flow_fault c UNUSED) { return ""; }
W nsec_t flowtally_quantile(const struct flowtally_times *t UNUSED, unsigned p UNUSED) { return 0; }
W const char *flowsync_role_name(enum flowsync_role r UNUSED) { return ""; }
W const char *flowsync_readiness_name(enum flowsync_readiness r UNUSED) { return ""; }
W const char *flowsync_alarm_name(enum flowsync_alarm r UNUSED) { return ""; }
W void flowsync_options_init(struct flowsync_options *o UNUSED) { abort(); }
W size_t flowsync_size(const struct flowsync_options *o UNUSED) { abort(); }
W struct flowsync *flowsync_new(void *m UNUSED, const struct flowsync_options *o UNUSED, const struct flowsync_hooks *h UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_adopt(struct flowsync *f UNUSED, const struct flowsync_options *o UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_role(struct flowsync *f UNUSED, enum flowsync_role r UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_connected(struct flowsync *f UNUSED, uint64_t r UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_disconnected(struct flowsync *f UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_control(struct flowsync *f UNUSED, const uint8_t *b UNUSED, size_t l UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_datagram(struct flowsync *f UNUSED, unsigned p UNUSED, const uint8_t *b UNUSED, size_t l UNUSED, nsec_t a UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_news(struct flowsync *f UNUSED, enum flow_op o UNUSED, const struct flow *w UNUSED, bool q UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_expectation(struct flowsync *f UNUSED, enum flow_op o UNUSED, const struct flow_expectation *e UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_overrun(struct flowsync *f UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_dump(struct flowsync *f UNUSED, const struct flow *w UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_dump_done(struct flowsync *f UNUSED, bool w UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_refused(struct flowsync *f UNUSED, enum flow_op o UNUSED, const struct flow_key *k UNUSED, int e UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_flush(struct flowsync *f UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_on_time(struct flowsync *f UNUSED, nsec_t n UNUSED) { abort(); }
W nsec_t flowsync_deadline(const struct flowsync *f UNUSED) { abort(); }
W void flowsync_reset(struct flowsync *f UNUSED, nsec_t n UNUSED) { abort(); }
W void flowsync_status(const struct flowsync *f UNUSED, nsec_t n UNUSED, struct flowsync_status *s UNUSED) { abort(); }
W const struct flowtally *flowsync_tally(const struct flowsync *f UNUSED) { abort(); }
W bool flowsync_next(const struct flowsync *f UNUSED, uint32_t *c UNUSED, nsec_t n UNUSED, struct flowsync_view *v UNUSED) { abort(); }
