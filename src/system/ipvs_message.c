/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses travel in a field of 16 bytes whatever their family, ports in network order, all else
 * in the order of this machine.  What the kernel has and we do not know (a scheduler, a method) is
 * "other", so that it is changed to what is wanted; what is malformed is dropped.
 */
#include "system/ipvs_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "system/netlink.h"

#define ADDRESS_SIZE 16u

_Static_assert(BALANCE_PERSISTENT == IP_VS_SVC_F_PERSISTENT &&
               BALANCE_FALLBACK == IP_VS_SVC_F_SCHED_SH_FALLBACK &&
               BALANCE_OURS == IP_VS_SVC_F_SCHED3, "flags are the kernel's");

static const char *const schedulers[BALANCE_ALGORITHMS] = {
	[BALANCE_ROUND_ROBIN] = "rr",
	[BALANCE_WEIGHTED_ROUND_ROBIN] = "wrr",
	[BALANCE_LEAST_CONNECTION] = "lc",
	[BALANCE_WEIGHTED_LEAST_CONNECTION] = "wlc",
	[BALANCE_SOURCE_HASHING] = "sh",
	[BALANCE_DESTINATION_HASHING] = "dh",
	[BALANCE_LOCALITY] = "lblc",
};

static const uint8_t methods[BALANCE_METHODS] = {
	[BALANCE_NAT] = IP_VS_CONN_F_MASQ,
	[BALANCE_DIRECT] = IP_VS_CONN_F_DROUTE,
	[BALANCE_TUNNEL] = IP_VS_CONN_F_TUNNEL,
};

/* ---- requests ------------------------------------------------------------------------------- */

static struct nlmsghdr *
begin(void *buffer, uint16_t type, uint16_t flags, uint32_t sequence, uint8_t command,
      uint8_t version)
{
	const struct genlmsghdr head = { .cmd = command, .version = version };
	struct nlmsghdr *message;

	memset(buffer, 0, IPVS_REQUEST_MAX);	/* what fills up attributes is zero, too */
	message = netlink_begin(buffer, type, flags, &head, sizeof(head));
	message->nlmsg_seq = sequence;
	return message;
}

struct nlmsghdr *
ipvs_message_family(void *buffer, uint32_t sequence)
{
	struct nlmsghdr *message = begin(buffer, GENL_ID_CTRL, 0, sequence, CTRL_CMD_GETFAMILY, 1);

	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME);
	return message;
}

static uint16_t
kernel_family(uint8_t family)
{
	return family == 6 ? AF_INET6 : AF_INET;
}

/* Which service it is. */
static void
put_key(struct nlmsghdr *message, const struct balance_service *service)
{
	mnl_attr_put_u16(message, IPVS_SVC_ATTR_AF, kernel_family(service->family));
	if (service->mark) {
		mnl_attr_put_u32(message, IPVS_SVC_ATTR_FWMARK, service->mark);
		return;
	}
	mnl_attr_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, service->protocol);
	mnl_attr_put(message, IPVS_SVC_ATTR_ADDR, ADDRESS_SIZE, service->address.bytes);
	mnl_attr_put_u16(message, IPVS_SVC_ATTR_PORT, htons(service->port));
}

static void
put_properties(struct nlmsghdr *message, const struct balance_service *service)
{
	const struct ip_vs_flags flags = { .flags = service->flags, .mask = ~0u };

	mnl_attr_put_strz(message, IPVS_SVC_ATTR_SCHED_NAME, schedulers[service->algorithm]);
	mnl_attr_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	mnl_attr_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, service->persistence);
	/* Every client is remembered by itself. */
	mnl_attr_put_u32(message, IPVS_SVC_ATTR_NETMASK, service->family == 6 ? 128 : UINT32_MAX);
}

static void
put_dest(struct nlmsghdr *message, const struct balance_dest *dest, bool whole)
{
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_DEST);

	mnl_attr_put_u16(message, IPVS_DEST_ATTR_ADDR_FAMILY,
	                 kernel_family(dest->address.family));
	mnl_attr_put(message, IPVS_DEST_ATTR_ADDR, ADDRESS_SIZE, dest->address.bytes);
	mnl_attr_put_u16(message, IPVS_DEST_ATTR_PORT, htons(dest->port));
	if (whole) {
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, methods[dest->method]);
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_WEIGHT, dest->weight);
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_U_THRESH, 0);
		mnl_attr_put_u32(message, IPVS_DEST_ATTR_L_THRESH, 0);
	}
	mnl_attr_nest_end(message, nest);
}

struct nlmsghdr *
ipvs_message_step(void *buffer, uint16_t type, uint32_t sequence, const struct balance_step *step)
{
	static const uint8_t commands[] = {
		[BALANCE_ADD_SERVICE] = IPVS_CMD_NEW_SERVICE,
		[BALANCE_CHANGE_SERVICE] = IPVS_CMD_SET_SERVICE,
		[BALANCE_DELETE_SERVICE] = IPVS_CMD_DEL_SERVICE,
		[BALANCE_ADD_DEST] = IPVS_CMD_NEW_DEST,
		[BALANCE_CHANGE_DEST] = IPVS_CMD_SET_DEST,
		[BALANCE_DELETE_DEST] = IPVS_CMD_DEL_DEST,
	};
	struct nlmsghdr *message;
	struct nlattr *nest;

	assert(step->kind < ARRAY_SIZE(commands));
	message = begin(buffer, type, NLM_F_ACK, sequence, commands[step->kind],
	                IPVS_GENL_VERSION);
	nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_SERVICE);
	put_key(message, step->service);
	if (step->kind == BALANCE_ADD_SERVICE || step->kind == BALANCE_CHANGE_SERVICE)
		put_properties(message, step->service);
	mnl_attr_nest_end(message, nest);
	if (step->kind >= BALANCE_ADD_DEST)
		put_dest(message, &step->dest, step->kind != BALANCE_DELETE_DEST);
	return message;
}

struct nlmsghdr *
ipvs_message_services(void *buffer, uint16_t type, uint32_t sequence)
{
	return begin(buffer, type, NLM_F_DUMP, sequence, IPVS_CMD_GET_SERVICE, IPVS_GENL_VERSION);
}

struct nlmsghdr *
ipvs_message_dests(void *buffer, uint16_t type, uint32_t sequence,
                   const struct balance_service *service)
{
	struct nlmsghdr *message = begin(buffer, type, NLM_F_DUMP, sequence, IPVS_CMD_GET_DEST,
	                                 IPVS_GENL_VERSION);
	struct nlattr *nest = mnl_attr_nest_start(message, IPVS_CMD_ATTR_SERVICE);

	put_key(message, service);
	mnl_attr_nest_end(message, nest);
	return message;
}

/* ---- answers -------------------------------------------------------------------------------- */

bool
ipvs_message_read_family(const struct nlmsghdr *message, uint16_t *ret_type)
{
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
		return false;
	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID) {
			*ret_type = (uint16_t)netlink_number(attribute);
			return *ret_type > 0;
		}
	}
	return false;
}

/* The nested attribute of a message that tells one thing, or NULL. */
static const struct nlattr *
find_nest(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
		return NULL;
	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

static uint16_t
read_port(const struct nlattr *attribute)
{
	return ntohs((uint16_t)netlink_number(attribute));
}

/* Its family may come behind it: the bytes are kept until the end. */
static void
read_address(const struct nlattr *attribute, uint8_t bytes[ADDRESS_SIZE])
{
	size_t length = mnl_attr_get_payload_len(attribute);

	memset(bytes, 0, ADDRESS_SIZE);
	memcpy(bytes, mnl_attr_get_payload(attribute),
	       length < ADDRESS_SIZE ? length : ADDRESS_SIZE);
}

static bool
to_family(uint32_t number, uint8_t *ret)
{
	*ret = number == AF_INET ? 4 : number == AF_INET6 ? 6 : 0;
	return *ret != 0;
}

static struct ip
to_ip(uint8_t family, const uint8_t bytes[ADDRESS_SIZE])
{
	return family == 4 ? ip_from_v4(bytes) : ip_from_v6(bytes);
}

static uint64_t
read_count(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) == sizeof(uint64_t) ?
	       mnl_attr_get_u64(attribute) : 0;
}

static void
read_counts(const struct nlattr *nest, struct balance_counts *counts)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest) {
		switch (mnl_attr_get_type(attribute)) {
		case IPVS_STATS_ATTR_CONNS:
			counts->connections = read_count(attribute);
			break;
		case IPVS_STATS_ATTR_INPKTS:
			counts->packets_in = read_count(attribute);
			break;
		case IPVS_STATS_ATTR_OUTPKTS:
			counts->packets_out = read_count(attribute);
			break;
		case IPVS_STATS_ATTR_INBYTES:
			counts->bytes_in = read_count(attribute);
			break;
		case IPVS_STATS_ATTR_OUTBYTES:
			counts->bytes_out = read_count(attribute);
			break;
		}
	}
}

static uint8_t
read_algorithm(const struct nlattr *attribute)
{
	char name[IP_VS_SCHEDNAME_MAXLEN];

	netlink_text(attribute, name, sizeof(name));
	for (uint8_t i = 0; i < BALANCE_ALGORITHMS; i++)
		if (strcmp(name, schedulers[i]) == 0)
			return i;
	return BALANCE_ALGORITHMS;
}

static uint32_t
read_flags(const struct nlattr *attribute)
{
	struct ip_vs_flags flags = { 0 };

	if (mnl_attr_get_payload_len(attribute) == sizeof(flags))
		memcpy(&flags, mnl_attr_get_payload(attribute), sizeof(flags));
	return flags.flags & BALANCE_FLAGS;
}

static void
read_service_attribute(const struct nlattr *attribute, struct balance_service *ret)
{
	switch (mnl_attr_get_type(attribute)) {
	case IPVS_SVC_ATTR_PROTOCOL:
		ret->protocol = (uint8_t)netlink_number(attribute);
		break;
	case IPVS_SVC_ATTR_PORT:
		ret->port = read_port(attribute);
		break;
	case IPVS_SVC_ATTR_FWMARK:
		ret->mark = netlink_number(attribute);
		break;
	case IPVS_SVC_ATTR_SCHED_NAME:
		ret->algorithm = read_algorithm(attribute);
		break;
	case IPVS_SVC_ATTR_FLAGS:
		ret->flags = read_flags(attribute);
		break;
	case IPVS_SVC_ATTR_TIMEOUT:
		ret->persistence = netlink_number(attribute);
		break;
	case IPVS_SVC_ATTR_STATS64:
		read_counts(attribute, &ret->counts);
		break;
	}
}

bool
ipvs_message_read_service(const struct nlmsghdr *message, struct balance_service *ret)
{
	const struct nlattr *nest = find_nest(message, IPVS_CMD_ATTR_SERVICE), *attribute;
	uint8_t bytes[ADDRESS_SIZE] = { 0 };

	if (!nest)
		return false;
	*ret = (struct balance_service){ .algorithm = BALANCE_ALGORITHMS };
	mnl_attr_for_each_nested(attribute, nest) {
		if (mnl_attr_get_type(attribute) == IPVS_SVC_ATTR_AF)
			(void)to_family(netlink_number(attribute), &ret->family);
		else if (mnl_attr_get_type(attribute) == IPVS_SVC_ATTR_ADDR)
			read_address(attribute, bytes);
		else
			read_service_attribute(attribute, ret);
	}
	if (ret->family == 0)
		return false;
	/* Those of a mark are known by nothing else; the kernel gives them a protocol. */
	if (ret->mark)
		ret->protocol = ret->port = 0;
	else
		ret->address = to_ip(ret->family, bytes);
	return true;
}

static uint8_t
read_method(const struct nlattr *attribute)
{
	uint32_t number = netlink_number(attribute) & IP_VS_CONN_F_FWD_MASK;

	for (uint8_t i = 0; i < BALANCE_METHODS; i++)
		if (methods[i] == number)
			return i;
	return BALANCE_METHODS;
}

static void
read_dest_attribute(const struct nlattr *attribute, struct balance_dest *ret)
{
	switch (mnl_attr_get_type(attribute)) {
	case IPVS_DEST_ATTR_PORT:
		ret->port = read_port(attribute);
		break;
	case IPVS_DEST_ATTR_FWD_METHOD:
		ret->method = read_method(attribute);
		break;
	case IPVS_DEST_ATTR_WEIGHT:
		ret->weight = netlink_number(attribute);
		break;
	case IPVS_DEST_ATTR_ACTIVE_CONNS:
		ret->active = netlink_number(attribute);
		break;
	case IPVS_DEST_ATTR_INACT_CONNS:
		ret->inactive = netlink_number(attribute);
		break;
	case IPVS_DEST_ATTR_PERSIST_CONNS:
		ret->persistent = netlink_number(attribute);
		break;
	case IPVS_DEST_ATTR_STATS64:
		read_counts(attribute, &ret->counts);
		break;
	}
}

bool
ipvs_message_read_dest(const struct nlmsghdr *message, uint8_t family, struct balance_dest *ret)
{
	const struct nlattr *nest = find_nest(message, IPVS_CMD_ATTR_DEST), *attribute;
	uint8_t bytes[ADDRESS_SIZE] = { 0 };

	if (!nest)
		return false;
	*ret = (struct balance_dest){ .method = BALANCE_METHODS };
	mnl_attr_for_each_nested(attribute, nest) {
		if (mnl_attr_get_type(attribute) == IPVS_DEST_ATTR_ADDR) {
			read_address(attribute, bytes);
		} else if (mnl_attr_get_type(attribute) == IPVS_DEST_ATTR_ADDR_FAMILY) {
			if (!to_family(netlink_number(attribute), &family))
				return false;
		} else {
			read_dest_attribute(attribute, ret);
		}
	}
	ret->address = to_ip(family, bytes);
	return true;
}
