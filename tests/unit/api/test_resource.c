/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 8040 3.5.3: paths, keys, percent-encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/resource.h"
#include "config/schema.h"

static struct ly_ctx *schema;
static struct lyd_node *tree;

static const char data[] =
	"{\"tandem-interfaces:interfaces\":{\"bonding\":[{\"name\":\"dp0bond0\","
	"\"address\":[\"10.100.11.39/26\",\"10.1.1.1/24\"],\"mode\":\"lacp\",\"vif\":[{\"id\":10,"
	"\"address\":[\"192.168.255.81/30\"],\"tandem-vrrp:vrrp\":{\"vrrp-group\":[{\"id\":10,"
	"\"priority\":254,\"virtual-address\":[\"10.100.38.1/26\"]}]}}]}]}}";

static int
set_up(void **state UNUSED)
{
	struct error error;

	schema = schema_new(TANDEM_SOURCE_YANG_DIR, &error);
	return schema && lyd_parse_data_mem(schema, data, LYD_JSON,
	                                    LYD_PARSE_ONLY | LYD_PARSE_STRICT, 0, &tree) ==
		LY_SUCCESS ? 0 : -1;
}

static int
tear_down(void **state UNUSED)
{
	lyd_free_all(tree);
	schema_free(schema);
	return 0;
}

#define BOND "/tandem-interfaces:interfaces/bonding=dp0bond0"

/* The node a path finds, as its own segment; "" = none there; heap. */
static char *
found(const char *path)
{
	struct resource resource;
	struct error error;

	assert_int_equal(resource_parse(schema, path, &resource, &error), 0);

	const struct lyd_node *node = resource_find(&resource, tree);
	char *segment = node ? resource_segment(node) : strdup("");

	resource_done(&resource);
	return segment;
}

static void
assert_finds(const char *path, const char *segment)
{
	char *text = found(path);

	assert_string_equal(text, segment);
	free(text);
}

static void
assert_refused(const char *path, int code)
{
	struct resource resource;
	struct error error = { 0 };

	assert_int_equal(resource_parse(schema, path, &resource, &error), code);
	assert_true(strlen(error.text) > 0);
}

static void
test_nodes_of_every_kind_are_found(void **state UNUSED)
{
	assert_finds("/tandem-interfaces:interfaces", "tandem-interfaces:interfaces");
	assert_finds(BOND, "bonding=dp0bond0");
	assert_finds(BOND "/", "bonding=dp0bond0");
	assert_finds(BOND "/mode", "mode");
	assert_finds(BOND "/vif=10", "vif=10");
	assert_finds(BOND "/vif=10/tandem-vrrp:vrrp", "tandem-vrrp:vrrp");
	assert_finds(BOND "/vif=10/tandem-vrrp:vrrp/vrrp-group=10/priority", "priority");
	assert_finds(BOND "/address=10.1.1.1%2F24", "address=10.1.1.1%2F24");
}

static void
test_absent_nodes_are_not_found(void **state UNUSED)
{
	assert_finds("/tandem-interfaces:interfaces/bonding=dp0bond7", "");
	assert_finds("/tandem-interfaces:interfaces/bonding=dp0bond7/mode", "");
	assert_finds(BOND "/vif=11", "");
	assert_finds(BOND "/mtu", "");
	assert_finds(BOND "/address=10.1.1.2%2F24", "");
}

static void
test_keys_are_canonised(void **state UNUSED)
{
	assert_finds("/tandem-interfaces:interfaces/bonding=dp0%62ond0/vif=010", "vif=10");
}

static void
test_empty_path_is_the_datastore(void **state UNUSED)
{
	struct resource resource;
	struct error error;

	assert_int_equal(resource_parse(schema, "", &resource, &error), 0);
	assert_null(resource.schema);
	resource_done(&resource);
	assert_int_equal(resource_parse(schema, "/", &resource, &error), 0);
	assert_null(resource.schema);
	resource_done(&resource);
}

static void
test_unknown_names_are_no_entity(void **state UNUSED)
{
	assert_refused("/tandem-interfaces:nothing", -ENOENT);
	assert_refused("/no-such-module:interfaces", -ENOENT);
	assert_refused(BOND "/vrrp", -ENOENT);		/* of another module, not named */
	assert_refused(BOND "/mode/deeper", -ENOENT);
	assert_refused("/tandem-state:reset-master", -ENOENT);
}

static void
test_malformed_paths_are_refused(void **state UNUSED)
{
	assert_refused("/interfaces", -EINVAL);
	assert_refused("/tandem-interfaces:interfaces/bonding", -EINVAL);
	assert_refused("/tandem-interfaces:interfaces/bonding=a,b", -EINVAL);
	assert_refused("/tandem-interfaces:interfaces=a", -EINVAL);
	assert_refused(BOND "/vif=ten", -EINVAL);
	assert_refused(BOND "/vif=%zz", -EINVAL);
	assert_refused(BOND "/vif=1%00", -EINVAL);
	assert_refused(BOND "/vif=1%3", -EINVAL);
	assert_refused("/tandem-interfaces:interfaces/bonding=%27%22", -EINVAL);
}

static void
test_decode_reads_two_digits_only(void **state UNUSED)
{
	char good[] = "a%2Fb%2525";
	char open[] = "%";

	assert_true(resource_decode(good));
	assert_string_equal(good, "a/b%25");
	assert_false(resource_decode(open));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes_of_every_kind_are_found),
		cmocka_unit_test(test_absent_nodes_are_not_found),
		cmocka_unit_test(test_keys_are_canonised),
		cmocka_unit_test(test_empty_path_is_the_datastore),
		cmocka_unit_test(test_unknown_names_are_no_entity),
		cmocka_unit_test(test_malformed_paths_are_refused),
		cmocka_unit_test(test_decode_reads_two_digits_only),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
