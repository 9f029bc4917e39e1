/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual servers: their rules, their advice, and what they become in the settings.
 */
#include <stdlib.h>
#include <string.h>

#include "core/balance.h"
#include "sample.h"
#include "sound.h"

#define WEB "set service virtual-server web "
#define ADDRESS WEB "address 10.0.0.1\n" WEB "port 80\n"
#define WHOLE SOUND ADDRESS WEB "real-server 10.0.0.11 port 8080\n"	/* the next line is 8 */
#define SERVER "service virtual-server web"

static void
test_sound_one_has_no_problems(void **state)
{
	(void)state;
	sample_expect_none(WHOLE, "virtual-server");
	sample_expect_none(SOUND WEB "fwmark 5\n" WEB "real-server 10.0.0.11 port 80",
	                   "virtual-server");
	sample_expect_none(SOUND WEB "address 10.0.0.1\n" WEB "port 53\n" WEB "protocol udp\n"
	                   WEB "real-server 10.0.0.11", "virtual-server");
}

static void
test_b1_is_known_by_one_thing(void **state)
{
	(void)state;
	sample_expect(SOUND WEB "real-server 10.0.0.11 port 80",
	              "E line 5: " SERVER ": has nothing that clients connect to", "[B1]");
	sample_expect(WHOLE WEB "fwmark 5", "E line 5: " SERVER ": has an address and a mark",
	              "[B1]");
}

static void
test_b2_port_goes_with_an_address(void **state)
{
	(void)state;
	sample_expect(SOUND WEB "address 10.0.0.1\n" WEB "real-server 10.0.0.11 port 80",
	              "E line 5: " SERVER ": has an address and no port", "[B2]");
	sample_expect(SOUND WEB "fwmark 5\n" WEB "port 80\n" WEB "real-server 10.0.0.11 port 80",
	              "E line 6: " SERVER " port '80': packets with a mark", "[B2]");
}

static void
test_b3_two_are_not_the_same(void **state)
{
	static const char two[] = "set service virtual-server two ";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), WHOLE "%saddress 10.0.0.1\n%sport 80\n"
	         "%sreal-server 10.0.0.12", two, two, two);
	sample_expect(text, "E line 8: service virtual-server two: another virtual server has the "
	              "same address", "[B3]");
	snprintf(text, sizeof(text), WHOLE "%saddress 10.0.0.1\n%sport 80\n%sprotocol udp\n"
	         "%sreal-server 10.0.0.12", two, two, two, two);
	sample_expect_none(text, "[B3]");
	snprintf(text, sizeof(text), WHOLE "%saddress 10.0.0.1\n%sport 80\n%sdisable\n"
	         "%sreal-server 10.0.0.12", two, two, two, two);
	sample_expect_none(text, "[B3]");
	snprintf(text, sizeof(text), SOUND WEB "fwmark 5\n" WEB "real-server 10.0.0.11 port 80\n"
	         "%sfwmark 5\n%sreal-server 10.0.0.12 port 80", two, two);
	sample_expect(text, "E line 7: service virtual-server two: another virtual server has the "
	              "same mark", "[B3]");
	snprintf(text, sizeof(text), SOUND WEB "fwmark 5\n" WEB "real-server 10.0.0.11 port 80\n"
	         "%sfwmark 5\n%sreal-server 2001:db8::1 port 80", two, two);
	sample_expect_none(text, "[B3]");
}

/* Nothing says the family of a mark without servers: the kernel is told IPv4. */
static void
test_b3_mark_without_servers_is_one_of_ipv4(void **state)
{
	(void)state;
	sample_expect(SOUND WEB "fwmark 5\nset service virtual-server two fwmark 5\n"
	              "set service virtual-server two real-server 10.0.0.12 port 80",
	              "E line 6: service virtual-server two: another virtual server has the same "
	              "mark", "[B3]");
	sample_expect_none(SOUND WEB "fwmark 5\n" WEB "real-server 2001:db8::1 port 80\n"
	                   "set service virtual-server two fwmark 5", "[B3]");
}

static void
test_b4_addresses_are_reachable(void **state)
{
	(void)state;
	sample_expect(WHOLE WEB "real-server 127.0.0.1 port 80",
	              "E line 8: " SERVER " real-server 127.0.0.1 address '127.0.0.1': is no "
	              "address", "[B4]");
	sample_expect(WHOLE WEB "real-server fe80::1 port 80",
	              "E line 8: " SERVER " real-server fe80::1 address 'fe80::1': is no address",
	              "[B4]");
	sample_expect(SOUND WEB "address 224.0.0.18\n" WEB "port 80\n" WEB "real-server 10.0.0.11",
	              "E line 5: " SERVER " address '224.0.0.18': is no address", "[B4]");
}

static void
test_b5_families_agree(void **state)
{
	static const char both[] = WHOLE WEB "real-server 2001:db8::1 port 80";

	(void)state;
	sample_expect(both, "E line 8: " SERVER " real-server 2001:db8::1 address '2001:db8::1': "
	              "is an IPv6 server of the IPv4 address 10.0.0.1, and forward-method nat",
	              "[B5]");
	sample_expect_none(SOUND ADDRESS WEB "forward-method tunnel\n"
	                   WEB "real-server 2001:db8::1 port 80", "[B5]");
	sample_expect(SOUND WEB "fwmark 5\n" WEB "forward-method tunnel\n"
	              WEB "real-server 10.0.0.11 port 80\n"
	              WEB "real-server 2001:db8::1 port 80",
	              "E line 8: " SERVER " real-server 2001:db8::1 address '2001:db8::1': is an "
	              "IPv6 server beside IPv4 ones", "[B5]");
	/* An address that none can have has no family that others could lack. */
	sample_expect_none(SOUND WEB "address 224.0.0.18\n" WEB "port 80\n"
	                   WEB "real-server 2001:db8::1\n" WEB "real-server 10.0.0.11", "[B5]");
}

static void
test_b6_nat_alone_changes_the_port(void **state)
{
	(void)state;
	sample_expect(WHOLE WEB "forward-method direct",
	              "E line 7: " SERVER " real-server 10.0.0.11 port '8080': only "
	              "forward-method nat changes the port", "[B6]");
	sample_expect_none(SOUND ADDRESS WEB "forward-method direct\n"
	                   WEB "real-server 10.0.0.11 port 80", "[B6]");
}

static void
test_b7_real_server_is_not_the_virtual_one(void **state)
{
	(void)state;
	sample_expect(WHOLE WEB "real-server 10.0.0.1 port 81",
	              "E line 8: " SERVER " real-server 10.0.0.1 address '10.0.0.1': is the "
	              "virtual server itself", "[B7]");
}

static void
test_b8_real_server_of_a_mark_can_be_checked(void **state)
{
	(void)state;
	sample_expect(SOUND WEB "fwmark 5\n" WEB "real-server 10.0.0.11",
	              "E line 6: " SERVER " real-server 10.0.0.11: cannot be checked", "[B8]");
	sample_expect_none(SOUND WEB "fwmark 5\n"
	                   WEB "real-server 10.0.0.11 health-check script /bin/true", "[B8]");
}

static void
test_b9_real_server_stands_once(void **state)
{
	static const char first[] = SOUND WEB "address 2001:db8::1\n" WEB "port 80\n"
		WEB "real-server 2001:db8::a\n";
	static const char *const again[] = { "2001:DB8::A", "2001:db8:0::a", "2001:db8::000a" };
	char text[1024], expected[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(again); i++) {
		snprintf(text, sizeof(text), "%s" WEB "real-server %s", first, again[i]);
		snprintf(expected, sizeof(expected), "E line 8: " SERVER " real-server %s address "
		         "'%s': stands twice, in different spellings", again[i], again[i]);
		sample_expect(text, expected, "[B9]");
	}
	/* Another virtual server may have the same. */
	snprintf(text, sizeof(text), "%sset service virtual-server two address 2001:db8::1\n"
	         "set service virtual-server two port 81\n"
	         "set service virtual-server two real-server 2001:DB8::A", first);
	sample_expect_none(text, "[B9]");
}

static void
test_w20_address_moves_with_a_group(void **state)
{
	(void)state;
	sample_expect(SOUND WEB "address 10.0.0.2\n" WEB "port 80\n" WEB "real-server 10.0.0.11",
	              "W line 5: " SERVER " address '10.0.0.2': no VRRP group of this router",
	              "[W20]");
	sample_expect_none(SOUND WEB "address 10.0.0.2\n" WEB "port 80\n" WEB "disable\n"
	                   WEB "real-server 10.0.0.11", "[W20]");
}

static void
test_w21_without_servers_nobody_answers(void **state)
{
	(void)state;
	sample_expect(SOUND ADDRESS, "W line 5: " SERVER ": has no real server", "[W21]");
}

static void
test_w22_direct_server_is_a_neighbour(void **state)
{
	(void)state;
	sample_expect(SOUND ADDRESS WEB "forward-method direct\n" WEB "real-server 10.9.9.9",
	              "W line 8: " SERVER " real-server 10.9.9.9 address '10.9.9.9': is in no "
	              "network", "[W22]");
	sample_expect_none(SOUND ADDRESS WEB "real-server 10.9.9.9", "[W22]");
	/* A network that begins between the one that it is in and itself is another. */
	sample_expect_none(SOUND ADDRESS WEB "forward-method direct\n" WEB "real-server 10.0.0.11\n"
	                   "set interfaces dataplane dp0s9 address 10.0.0.9/32\n"
	                   "set interfaces dataplane dp0s9 address 2001:db8::1/64", "[W22]");
	sample_expect_none(SOUND WEB "address 2001:db8:0:1::1\n" WEB "port 80\n"
	                   WEB "forward-method direct\n" WEB "real-server 2001:db8::ffff\n"
	                   "set interfaces dataplane dp0s9 address 2001:db8::1/64\n"
	                   "set interfaces dataplane dp0s9 address 2001:db8::8/128", "[W22]");
}

/* ---- settings ------------------------------------------------------------------------------- */

static void
test_settings_hold_defaults(void **state)
{
	struct settings *s = sample_settings(SOUND ADDRESS WEB "real-server 10.0.0.11", NULL);
	const struct virtual_settings *server = settings_virtuals(s);
	const struct real_settings *real = settings_reals(s);
	const struct check_settings *check;

	(void)state;
	assert_int_equal(s->virtual_count, 1);
	assert_string_equal(server->name, "web");
	assert_int_equal(server->family, 4);
	assert_int_equal(server->protocol, VIRTUAL_TCP);
	assert_int_equal(server->algorithm, BALANCE_LEAST_CONNECTION);
	assert_int_equal(server->method, BALANCE_NAT);
	assert_int_equal(server->port, 80);
	assert_int_equal(server->persistence, 0);
	assert_int_equal(server->real_count, 1);
	assert_int_equal(real->port, 80);
	assert_int_equal(real->weight, 1);
	assert_false(real->drained);
	check = &settings_checks(s)[real->check];
	assert_string_equal(check->name, "real-server web 10.0.0.11");
	assert_int_equal(check->kind, CHECK_CONNECT);
	assert_int_equal(check->port, 80);
	assert_true(ip_equal(&check->target, &real->address));
	assert_true(check->interval == 10 * NSEC_PER_SEC && check->timeout == 5 * NSEC_PER_SEC);
	assert_int_equal(check->rise, 1);
	assert_int_equal(check->fall, 1);
	free(s);
}

static void
test_settings_hold_what_is_said(void **state)
{
	struct settings *s = sample_settings(
		WHOLE WEB "algorithm source-hashing\n" WEB "delay-loop 3600\n" WEB "rise 2\n"
		WEB "fall 3\n" WEB "persistence-timeout 86400\n" WEB "protocol udp\n"
		WEB "real-server 10.0.0.11 weight 65535\n" WEB "real-server 10.0.0.11 disable\n"
		WEB "real-server 10.0.0.11 connection-timeout 7\n"
		WEB "real-server 10.0.0.12 health-check script '/bin/check 12'\n"
		"set service virtual-server marked fwmark 2147483647\n"
		"set service virtual-server marked forward-method tunnel\n"
		"set service virtual-server marked real-server 2001:db8::1 port 5\n"
		"set service virtual-server off address 10.0.0.1\n"
		"set service virtual-server off port 9\n"
		"set service virtual-server off real-server 10.0.0.13\n"
		"set service virtual-server off disable\n", NULL);
	const struct virtual_settings *server = settings_virtuals(s);
	const struct real_settings *real = settings_virtual_reals(s, server);
	const struct check_settings *check;

	(void)state;
	assert_int_equal(s->virtual_count, 2);
	assert_int_equal(s->real_count, 3);
	assert_int_equal(server->algorithm, BALANCE_SOURCE_HASHING);
	assert_int_equal(server->protocol, VIRTUAL_UDP);
	assert_int_equal(server->persistence, 86400);
	assert_int_equal(server->real_count, 2);
	assert_int_equal(real[0].port, 8080);
	assert_int_equal(real[0].weight, 65535);
	assert_true(real[0].drained);
	check = &settings_checks(s)[real[0].check];
	assert_int_equal(check->kind, CHECK_ASK);
	assert_int_equal(check->port, 8080);
	assert_true(check->interval == 3600 * NSEC_PER_SEC && check->timeout == 7 * NSEC_PER_SEC);
	assert_int_equal(check->rise, 2);
	assert_int_equal(check->fall, 3);
	check = &settings_checks(s)[real[1].check];
	assert_int_equal(check->kind, CHECK_SCRIPT);
	assert_string_equal(check->text, "/bin/check 12");

	server++;
	assert_string_equal(server->name, "marked");
	assert_int_equal(server->mark, 2147483647);
	assert_int_equal(server->family, 6);
	assert_int_equal(server->address.family, 0);
	assert_int_equal(server->method, BALANCE_TUNNEL);
	free(s);
}

/* A block whose numbers are out of range is refused, whatever they are of. */
static void
test_unsound_settings_are_refused(void **state)
{
	struct settings *s = sample_settings(WHOLE, NULL);
	struct virtual_settings *server = settings_virtuals(s), saved = *server;
	struct real_settings *real = settings_reals(s), saved_real = *real;
	struct error error;

	(void)state;
	assert_int_equal(settings_check(s, s->size, &error), 0);
#define REFUSES(what) \
	what; \
	assert_true(settings_check(s, s->size, &error) < 0); \
	*server = saved; \
	*real = saved_real

	REFUSES(server->family = 5);
	REFUSES(server->protocol = 1);
	REFUSES(server->algorithm = BALANCE_ALGORITHMS);
	REFUSES(server->method = BALANCE_METHODS);
	REFUSES(server->port = 0);
	REFUSES(server->mark = 1);
	REFUSES(server->address.family = 6);
	REFUSES(server->real_count = 2);
	REFUSES(server->persistence = 86401);
	REFUSES(memset(server->name, 'x', sizeof(server->name)));
	REFUSES(real->address.family = 0);
	REFUSES(real->weight = 0);
	REFUSES(real->check = -1);
	REFUSES(real->check = 1);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_one_has_no_problems),
		cmocka_unit_test(test_b1_is_known_by_one_thing),
		cmocka_unit_test(test_b2_port_goes_with_an_address),
		cmocka_unit_test(test_b3_two_are_not_the_same),
		cmocka_unit_test(test_b3_mark_without_servers_is_one_of_ipv4),
		cmocka_unit_test(test_b4_addresses_are_reachable),
		cmocka_unit_test(test_b5_families_agree),
		cmocka_unit_test(test_b6_nat_alone_changes_the_port),
		cmocka_unit_test(test_b7_real_server_is_not_the_virtual_one),
		cmocka_unit_test(test_b8_real_server_of_a_mark_can_be_checked),
		cmocka_unit_test(test_b9_real_server_stands_once),
		cmocka_unit_test(test_w20_address_moves_with_a_group),
		cmocka_unit_test(test_w21_without_servers_nobody_answers),
		cmocka_unit_test(test_w22_direct_server_is_a_neighbour),
		cmocka_unit_test(test_settings_hold_defaults),
		cmocka_unit_test(test_settings_hold_what_is_said),
		cmocka_unit_test(test_unsound_settings_are_refused),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
