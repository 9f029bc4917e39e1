/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: which are understood, and how those that are not are refused.
 */
#include "manager_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void
test_bodies_that_are_no_configuration_are_refused(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	expect(&w, "PUT", "/restconf/data", JSON, "", 400, "empty");
	expect(&w, "PUT", "/restconf/data", JSON, "{", 400, "malformed-message");
	expect(&w, "PUT", "/restconf/data", JSON, "{\"tandem-interfaces:nothing\":{}}", 400,
	       "unknown-element");
	expect(&w, "PUT", "/restconf/data", JSON, "{\"tandem-state:system-state\":{}}", 400,
	       "error");
	expect(&w, "PUT", "/restconf/data", JSON,
	       "{\"tandem-interfaces:interfaces\":{\"bonding\":[{\"name\":\"dp0bond0\","
	       "\"mtu\":70000}]}}", 400, "70000");
	expect(&w, "PUT", "/restconf/data", "", "{}", 415, "application/yang-data+json");
	expect(&w, "PUT", "/restconf/data", "Content-Type: text/plain\r\n", "{}", 415, "");
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

#define GROUP_5 "{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\"," \
	"\"tandem-vrrp:vrrp\":{\"vrrp-group\":[{\"id\":5,"
#define GROUP_END "}]}}]}}"
#define GROUP_5_PATH "/tandem-interfaces:interfaces/dataplane[name='dp0s3']/tandem-vrrp:vrrp/" \
	"vrrp-group[id='5']"

static void
test_bad_value_is_named_with_its_instance_and_the_path_asked(void **state UNUSED)
{
	static const char leaf[] = "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
		"tandem-vrrp:vrrp/vrrp-group=5/priority";
	struct world w;

	start_empty(&w);
	expect(&w, "PUT", "/restconf/data", JSON, GROUP_5 "\"priority\":255" GROUP_END, 400,
	       "\"error-path\":\"" GROUP_5_PATH "/priority\","
	       "\"error-message\":\"/restconf/data '255': must be a number from 1 to 254");
	expect(&w, "PUT", leaf, JSON, "{\"tandem-vrrp:priority\":255}", 400,
	       "\"error-path\":\"" GROUP_5_PATH "/priority\",\"error-message\":\"/restconf/data/"
	       "tandem-interfaces:interfaces/dataplane=dp0s3/tandem-vrrp:vrrp/vrrp-group=5/"
	       "priority '255': must be a number from 1 to 254");
	/* Of two faults, value and path are those of the one that the sentence is about. */
	expect(&w, "PUT", "/restconf/data", JSON,
	       GROUP_5 "\"priority\":255,\"authentication\":{\"type\":\"zz\"}" GROUP_END, 400,
	       GROUP_5_PATH "/priority\",\"error-message\":\"/restconf/data '255': must be");
	/* A leaf of a container that another module adds. */
	expect(&w, "PUT", "/restconf/data", JSON,
	       "{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\","
	       "\"tandem-vrrp:vrrp\":{\"start-delay\":\"soon\"}}]}}", 400,
	       "\"error-path\":\"/tandem-interfaces:interfaces/dataplane[name='dp0s3']/"
	       "tandem-vrrp:vrrp/start-delay\"");
	/* An element of a leaf-list and an entry without key have no path: what is around has. */
	expect(&w, "PUT", "/restconf/data", JSON,
	       GROUP_5 "\"virtual-address\":[\"zz\"]" GROUP_END, 400,
	       "\"error-path\":\"" GROUP_5_PATH "\","
	       "\"error-message\":\"/restconf/data 'zz': ");
	expect(&w, "PUT", "/restconf/data", JSON,
	       "{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"mtu\":1500}]}}", 400,
	       "\"error-path\":\"/tandem-interfaces:interfaces\",\"error-message\":"
	       "\"/restconf/data: ");
	expect(&w, "PUT", "/restconf/data", JSON, GROUP_5 "\"colour\":1" GROUP_END, 400,
	       "\"error-path\":\"" GROUP_5_PATH "\"");
	tear_down_world(&w);
}

/* All of them at once, each with its place. */
static void
test_every_bad_value_of_a_body_is_named(void **state UNUSED)
{
	static const char body[] =
		"{\"tandem-interfaces:interfaces\":{\"dataplane\":["
		"{\"name\":\"dp0s3\",\"mtu\":\"large\",\"tandem-vrrp:vrrp\":{\"vrrp-group\":["
		"{\"id\":5,\"priority\":300,\"colour\":1}]}},"
		"{\"name\":\"dp0s4\",\"mtu\":7}]}}";
	static const char *const wanted[] = {
		"dataplane[name='dp0s3']/mtu\"", "'large'",
		"vrrp-group[id='5']/priority\"", "'300'",
		"colour", "dataplane[name='dp0s4']/mtu\"", "'7'",
	};
	struct world w;

	start_empty(&w);

	struct reply reply = ask(&w, "PUT", "/restconf/data", JSON, body);

	assert_int_equal(reply.status, 400);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strstr(reply.body, wanted[i]))
			print_message("%s is not in %s\n", wanted[i], reply.body);
		assert_non_null(strstr(reply.body, wanted[i]));
	}
	free(reply.text);
	tear_down_world(&w);
}

static void
test_refusal_of_a_body_tells_no_schema_location_and_no_secret(void **state UNUSED)
{
	static const char *const bodies[] = {
		GROUP_5 "\"priority\":255" GROUP_END,
		"{\"tandem-state:system-state\":{}}",
		"{\"tandem-interfaces:interfaces\":7}",
		"{",
		GROUP_5 "\"authentication\":{\"password\":[\"hush\"]}" GROUP_END,
		GROUP_5 "\"authentication\":{\"password\":\"hush hush hush\"}" GROUP_END,
	};
	struct world w;

	start_empty(&w);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct reply reply = ask(&w, "PUT", "/restconf/data", JSON, bodies[i]);

		assert_int_equal(reply.status, 400);
		assert_non_null(strstr(reply.body, "\"error-message\":\"/restconf/data"));
		assert_null(strcasestr(reply.body, " location"));
		assert_null(strstr(reply.body, "hush"));
		free(reply.text);
	}
	tear_down_world(&w);
}

static void
test_parts_are_edited_through_the_same_commit(void **state UNUSED)
{
	static const char group[] = "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
		"tandem-vrrp:vrrp/vrrp-group=5";
	static const char vifs[] =
		"/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3";
	char path[256];
	struct world w;
	int client;

	start_empty(&w);
	commit_a(&w);

	snprintf(path, sizeof(path), "%s/priority", group);
	client = client_asks(&w, "PUT", path, JSON, "{\"tandem-vrrp:priority\":100}");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"3\"");
	expect(&w, "GET", path, "", "", 200, ":100}");
	expect(&w, "PUT", path, JSON, "{\"tandem-vrrp:preempt\":true}", 400, "not what the path");
	expect(&w, "PUT", path, JSON, "{\"tandem-vrrp:priority\":255}", 400, "255");
	expect(&w, "POST", path, JSON, "{}", 405, "Allow:");

	client = client_asks(&w, "PATCH", group, JSON,
	                     "{\"tandem-vrrp:vrrp-group\":[{\"id\":5,\"priority\":90,"
	                     "\"virtual-address\":[\"10.0.0.9/24\"]}]}");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 4);	/* the address */
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 4);	/* and the priority */
	expect_answer(client, 204, "ETag: \"4\"");
	expect(&w, "GET", group, "", "", 200, "[\"10.0.0.1/24\",\"10.0.0.9/24\"]");
	expect(&w, "PATCH", group, JSON, "{\"tandem-vrrp:vrrp-group\":[{\"id\":6}]}", 400,
	       "not what the path");

	client = client_asks(&w, "POST", vifs, JSON,
	                     "{\"tandem-interfaces:vif\":[{\"id\":10,"
	                     "\"address\":[\"192.168.255.81/30\"]}]}");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 201, "Location: /restconf/data/tandem-interfaces:interfaces/"
	              "dataplane=dp0s3/vif=10");
	expect(&w, "POST", vifs, JSON, "{\"tandem-interfaces:vif\":[{\"id\":10}]}", 409,
	       "data-exists");

	snprintf(path, sizeof(path), "%s/vif=10", vifs);
	client = client_asks(&w, "DELETE", path, "", "");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 204, "");
	expect(&w, "GET", path, "", "", 404, "nothing");
	expect(&w, "DELETE", path, "", "", 404, "nothing");
	snprintf(path, sizeof(path), "%s/id", group);
	expect(&w, "DELETE", path, "", "", 400, "key");

	client = client_asks(&w, "DELETE", "/restconf/data/tandem-interfaces:interfaces", "", "");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 204, "");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	tear_down_world(&w);
}

static void
test_heads_and_methods_follow_the_standard(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	expect(&w, "GET", "/.well-known/host-meta", "", "", 200, "href=\"/restconf\"");
	expect(&w, "GET", "/restconf", "", "", 200, "yang-library-version");
	expect(&w, "GET", "/restconf/yang-library-version", "", "", 200, "2019-01-04");
	expect(&w, "GET", "/nowhere", "", "", 404, "errors");
	expect(&w, "GET", "/restconf/database", "", "", 404, "errors");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:nothing", "", "", 404, "errors");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/bonding", "", "", 400, "");
	expect(&w, "GET", CONFIG, "Accept: text/html\r\n", "", 406, "");
	expect(&w, "GET", CONFIG, "Accept: text/html, application/*;q=0.5\r\n", "", 200, "");
	expect(&w, "GET", CONFIG, "Accept: application/yang-data+json;q=0\r\n", "", 406, "");
	expect(&w, "GET", CONFIG, "If-None-Match: \"1\"\r\n", "", 304, "ETag: \"1\"");
	expect(&w, "GET", "/restconf/data?content=some", "", "", 400, "content");
	expect(&w, "GET", "/restconf/data?depth=3", "", "", 400, "depth");
	expect(&w, "GET", "/restconf/data?content=nonconfig", "", "", 200, "interfaces-state");
	expect(&w, "HEAD", CONFIG, "", "", 200, "Content-Length: 2");
	expect(&w, "OPTIONS", "/restconf/data", "", "", 200, "Accept-Patch:");
	expect(&w, "DELETE", "/restconf/data", "", "", 405, "Allow: GET, HEAD");
	expect(&w, "PUT", "/restconf/data/tandem-state:vrrp-state", JSON, "{}", 405, "Allow: GET");
	expect(&w, "BREW", "/restconf/data", "", "", 405, "Allow:");
	tear_down_world(&w);
}

static void
test_too_large_body_is_refused(void **state UNUSED)
{
	struct world w;
	int fd;

	start_empty(&w);
	fd = client_connects(&w);
	dprintf(fd, "PUT /restconf/data HTTP/1.1\r\nHost: router\r\n" JSON
	        "Content-Length: 16777217\r\n\r\n");
	shutdown(fd, SHUT_WR);
	expect_answer(fd, 413, "");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	tear_down_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies_that_are_no_configuration_are_refused),
		cmocka_unit_test(test_bad_value_is_named_with_its_instance_and_the_path_asked),
		cmocka_unit_test(test_every_bad_value_of_a_body_is_named),
		cmocka_unit_test(test_refusal_of_a_body_tells_no_schema_location_and_no_secret),
		cmocka_unit_test(test_parts_are_edited_through_the_same_commit),
		cmocka_unit_test(test_heads_and_methods_follow_the_standard),
		cmocka_unit_test(test_too_large_body_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
