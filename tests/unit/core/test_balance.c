/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from what the kernel has to what is wished, and what is wished of a real server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/balance.h"

/* A table in the making; a service's destinations follow it. */
struct bench {
	struct balance_service services[8];
	struct balance_dest dests[32];
	struct balance_table table;
};

static struct balance_table *
begin(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	bench->table.services = bench->services;
	bench->table.dests = bench->dests;
	return &bench->table;
}

static struct balance_service *
add_service(struct bench *bench, const char *address, uint16_t port, bool ours)
{
	struct balance_service *service = &bench->services[bench->table.service_count++];

	assert_true(ip_parse(address, &service->address));
	service->family = service->address.family;
	service->protocol = VIRTUAL_TCP;
	service->port = port;
	service->flags = ours ? BALANCE_OURS : 0;
	service->first = bench->table.dest_count;
	return service;
}

static void
add_dest(struct bench *bench, const char *address, uint32_t weight, enum balance_want want)
{
	struct balance_dest *dest = &bench->dests[bench->table.dest_count++];

	assert_true(ip_parse(address, &dest->address));
	dest->port = 80;
	dest->weight = weight;
	dest->want = (uint8_t)want;
	bench->services[bench->table.service_count - 1].count++;
}

static char told[2048];
static const char *refused;		/* a step that fails */

static bool
note(void *owner, const struct balance_step *step)
{
	static const char *const words[] = {
		[BALANCE_ADD_SERVICE] = "new", [BALANCE_CHANGE_SERVICE] = "set",
		[BALANCE_DELETE_SERVICE] = "del", [BALANCE_ADD_DEST] = "+",
		[BALANCE_CHANGE_DEST] = "=", [BALANCE_DELETE_DEST] = "-",
		[BALANCE_TAKEN] = "taken",
	};
	char text[IP_TEXT_SIZE], line[128];

	(void)owner;
	if (step->kind == BALANCE_ADD_DEST || step->kind == BALANCE_CHANGE_DEST)
		snprintf(line, sizeof(line), "%s%s/%u", words[step->kind],
		         ip_text(&step->dest.address, text), step->dest.weight);
	else if (step->kind == BALANCE_DELETE_DEST)
		snprintf(line, sizeof(line), "-%s", ip_text(&step->dest.address, text));
	else
		snprintf(line, sizeof(line), "%s %u", words[step->kind], step->service->port);
	assert_true(strlen(told) + strlen(line) + 2 < sizeof(told));
	strcat(told, line);
	strcat(told, "; ");
	return !refused || strcmp(line, refused) != 0;
}

static const char *
plan(struct bench *wish, struct bench *world)
{
	told[0] = '\0';
	balance_sort(&wish->table);
	balance_sort(&world->table);
	balance_plan(&wish->table, &world->table, note, NULL);
	return told;
}

static void
test_nothing_to_do_is_no_step(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	assert_string_equal(plan(&wish, &world), "");
	add_service(&wish, "10.0.0.1", 80, true);
	add_dest(&wish, "10.0.0.3", 2, BALANCE_IN);
	add_dest(&wish, "10.0.0.2", 1, BALANCE_IN);
	add_service(&world, "10.0.0.1", 80, true);
	add_dest(&world, "10.0.0.2", 1, 0);
	add_dest(&world, "10.0.0.3", 2, 0);
	assert_string_equal(plan(&wish, &world), "");
}

static void
test_new_service_comes_with_its_destinations(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	add_service(&wish, "10.0.0.1", 80, true);
	add_dest(&wish, "10.0.0.2", 3, BALANCE_IN);
	add_dest(&wish, "10.0.0.3", 3, BALANCE_IDLE);
	add_dest(&wish, "10.0.0.4", 3, BALANCE_OUT);
	add_dest(&wish, "10.0.0.5", 3, BALANCE_AS_IS);
	assert_string_equal(plan(&wish, &world), "new 80; +10.0.0.2/3; +10.0.0.3/0; ");
}

static void
test_refused_service_gets_no_destinations(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	add_service(&wish, "10.0.0.1", 80, true);
	add_dest(&wish, "10.0.0.2", 3, BALANCE_IN);
	add_service(&wish, "10.0.0.1", 81, true);
	add_dest(&wish, "10.0.0.2", 3, BALANCE_IN);
	refused = "new 80";
	assert_string_equal(plan(&wish, &world), "new 80; new 81; +10.0.0.2/3; ");
	refused = NULL;
}

static void
test_destinations_come_before_others_go(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	add_service(&wish, "10.0.0.1", 80, true);
	add_dest(&wish, "10.0.0.9", 1, BALANCE_IN);
	add_dest(&wish, "10.0.0.3", 1, BALANCE_IDLE);
	add_dest(&wish, "10.0.0.4", 1, BALANCE_OUT);
	add_service(&world, "10.0.0.1", 80, true);
	add_dest(&world, "10.0.0.2", 1, 0);
	add_dest(&world, "10.0.0.3", 1, 0);
	add_dest(&world, "10.0.0.4", 1, 0);
	assert_string_equal(plan(&wish, &world),
	                    "=10.0.0.3/0; +10.0.0.9/1; -10.0.0.2; -10.0.0.4; ");
}

static void
test_unknown_server_is_left_as_it_is(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	add_service(&wish, "10.0.0.1", 80, true);
	add_dest(&wish, "10.0.0.2", 5, BALANCE_AS_IS);	/* down so far */
	add_dest(&wish, "10.0.0.3", 5, BALANCE_AS_IS);	/* up, with another weight */
	add_dest(&wish, "10.0.0.4", 5, BALANCE_AS_IS);	/* not there */
	add_service(&world, "10.0.0.1", 80, true);
	add_dest(&world, "10.0.0.2", 0, 0);
	add_dest(&world, "10.0.0.3", 1, 0);
	assert_string_equal(plan(&wish, &world), "=10.0.0.3/5; ");
}

static void
test_services_of_others_are_not_touched(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	add_service(&world, "10.0.0.1", 79, false);
	add_dest(&world, "10.0.0.2", 1, 0);
	add_service(&world, "10.0.0.1", 80, false);
	add_dest(&world, "10.0.0.2", 1, 0);
	add_service(&world, "10.0.0.1", 81, true);
	add_dest(&world, "10.0.0.2", 1, 0);
	add_service(&wish, "10.0.0.1", 80, true);
	add_dest(&wish, "10.0.0.7", 1, BALANCE_IN);
	assert_string_equal(plan(&wish, &world), "taken 80; del 81; ");
}

static void
test_service_is_changed_in_place(void **state)
{
	struct bench wish, world;

	(void)state;
	begin(&wish);
	begin(&world);
	add_service(&wish, "10.0.0.1", 80, true)->algorithm = BALANCE_SOURCE_HASHING;
	add_dest(&wish, "10.0.0.2", 1, BALANCE_IN);
	add_service(&world, "10.0.0.1", 80, true);
	add_dest(&world, "10.0.0.2", 1, 0);
	assert_string_equal(plan(&wish, &world), "set 80; ");
}

/* After the steps, the world is as wished; seen over many random tables. */
static struct bench result;

static bool
carry_out(void *owner, const struct balance_step *step)
{
	struct balance_dest *found = NULL;

	(void)owner;
	assert_int_equal(step->service->port, 80);
	for (uint32_t i = 0; i < result.table.dest_count; i++)
		if (balance_dest_order(&result.dests[i], &step->dest) == 0)
			found = &result.dests[i];
	if (step->kind == BALANCE_ADD_DEST) {
		assert_null(found);
		result.dests[result.table.dest_count++] = step->dest;
	} else if (step->kind == BALANCE_CHANGE_DEST) {
		assert_non_null(found);
		found->weight = step->dest.weight;
	} else if (step->kind == BALANCE_DELETE_DEST) {
		assert_non_null(found);
		*found = result.dests[--result.table.dest_count];
	} else {
		assert_int_equal(step->kind, BALANCE_ADD_SERVICE);
	}
	return true;
}

static void
test_random_tables_become_what_is_wished(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 2000; round++) {
		struct bench wish, world;

		begin(&wish);
		begin(&world);
		add_service(&wish, "10.0.0.1", 80, true);
		add_service(&world, "10.0.0.1", 80, true);
		for (unsigned i = 1; i < 10; i++) {
			char text[16];

			snprintf(text, sizeof(text), "10.0.0.%u", i);
			if (rand() % 2)
				add_dest(&wish, text, 1 + (uint32_t)rand() % 2,
				         (enum balance_want)(rand() % 3));
			if (rand() % 2)
				add_dest(&world, text, (uint32_t)rand() % 3, 0);
		}
		begin(&result);
		memcpy(result.dests, world.dests, sizeof(world.dests));
		result.table.dest_count = world.table.dest_count;
		balance_plan(&wish.table, &world.table, carry_out, NULL);
		result.services[0] = world.services[0];
		result.services[0].count = result.table.dest_count;
		result.table.service_count = 1;
		assert_string_equal(plan(&wish, &result), "");
	}
}

/* ---- what is wished ------------------------------------------------------------------------- */

static enum balance_want
want(const struct virtual_settings *server, bool drained, enum check_state state)
{
	struct real_settings real = { .address = { .family = 4 }, .weight = 4,
	                              .drained = drained };
	struct balance_dest dest = balance_dest(server, &real, state);

	assert_int_equal(dest.weight, 4);
	return dest.want;
}

static void
test_failed_server_keeps_its_connections_where_that_is_sane(void **state)
{
	struct virtual_settings server = { .family = 4, .protocol = VIRTUAL_TCP,
	                                   .algorithm = BALANCE_LEAST_CONNECTION };

	(void)state;
	assert_int_equal(want(&server, false, CHECK_UNKNOWN), BALANCE_AS_IS);
	assert_int_equal(want(&server, false, CHECK_UP), BALANCE_IN);
	assert_int_equal(want(&server, false, CHECK_DOWN), BALANCE_IDLE);
	assert_int_equal(want(&server, true, CHECK_UP), BALANCE_IDLE);
	assert_int_equal(want(&server, true, CHECK_UNKNOWN), BALANCE_IDLE);
	assert_int_equal(want(&server, true, CHECK_DOWN), BALANCE_IDLE);
	server.persistence = 60;
	assert_int_equal(want(&server, false, CHECK_DOWN), BALANCE_OUT);
	assert_int_equal(want(&server, true, CHECK_DOWN), BALANCE_OUT);
	assert_int_equal(want(&server, true, CHECK_UP), BALANCE_IDLE);
	server.persistence = 0;
	server.protocol = VIRTUAL_UDP;
	assert_int_equal(want(&server, false, CHECK_DOWN), BALANCE_OUT);
	server.mark = 5;		/* it is said of them that they are UDP */
	assert_int_equal(want(&server, false, CHECK_DOWN), BALANCE_OUT);
	server.protocol = VIRTUAL_TCP;
	assert_int_equal(want(&server, false, CHECK_DOWN), BALANCE_IDLE);
	server.algorithm = BALANCE_DESTINATION_HASHING;
	assert_int_equal(want(&server, false, CHECK_DOWN), BALANCE_OUT);
	assert_int_equal(want(&server, true, CHECK_UP), BALANCE_OUT);
}

static void
test_service_of_a_virtual_server_is_marked_as_ours(void **state)
{
	struct virtual_settings server = { .family = 6, .protocol = VIRTUAL_UDP, .mark = 7,
	                                   .algorithm = BALANCE_SOURCE_HASHING,
	                                   .persistence = 60 };
	struct balance_service service = balance_service(&server);

	(void)state;
	assert_int_equal(service.flags, BALANCE_OURS | BALANCE_FALLBACK | BALANCE_PERSISTENT);
	assert_int_equal(service.protocol, 0);
	server.mark = 0;
	server.algorithm = BALANCE_ROUND_ROBIN;
	server.persistence = 0;
	service = balance_service(&server);
	assert_int_equal(service.flags, BALANCE_OURS);
	assert_int_equal(service.protocol, VIRTUAL_UDP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_do_is_no_step),
		cmocka_unit_test(test_new_service_comes_with_its_destinations),
		cmocka_unit_test(test_refused_service_gets_no_destinations),
		cmocka_unit_test(test_destinations_come_before_others_go),
		cmocka_unit_test(test_unknown_server_is_left_as_it_is),
		cmocka_unit_test(test_services_of_others_are_not_touched),
		cmocka_unit_test(test_service_is_changed_in_place),
		cmocka_unit_test(test_random_tables_become_what_is_wished),
		cmocka_unit_test(test_failed_server_keeps_its_connections_where_that_is_sane),
		cmocka_unit_test(test_service_of_a_virtual_server_is_marked_as_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
