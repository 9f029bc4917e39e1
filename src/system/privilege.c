/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each role keeps.  libcap-ng changes the user and the capabilities in the one order that
 * works; libseccomp forbids the manager what a taken-over manager would want.
 */
#include "system/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Mid range: below the kernel's own threads at 99, above every ordinary process. */
#define REAL_TIME_PRIORITY 30
#define HELPER_PRIORITY (REAL_TIME_PRIORITY - 1)

void
privilege_real_time(const char **ret_missing)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct sched_param scheduling = { .sched_priority = REAL_TIME_PRIORITY };

	*ret_missing = NULL;
	/*
	 * The limit must be lifted before the capability goes: whatever is allocated later is
	 * locked too, and a stack that may not grow any more would end the process.
	 */
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0 ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		*ret_missing = "locked memory";
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &scheduling) < 0)
		*ret_missing = "real-time scheduling";
}

bool
privilege_real_time_helper(void)
{
	struct sched_param scheduling = { .sched_priority = HELPER_PRIORITY };

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &scheduling) == 0;
}

/* Become user with only these capabilities. */
static int
become(const char *user, const unsigned *capabilities, size_t count, struct error *error)
{
	const struct passwd *entry;
	int r;

	if (geteuid() != 0)
		return 0;
	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return error_set(error, errno ? -errno : -ENOENT,
		                 "there is no user %s to run as: create it, or name another with "
		                 "--user", user);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count; i++)
		capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capabilities[i], -1);
	r = capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
	                    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	if (r < 0)
		return error_set(error, -EPERM, "cannot become user %s (step %d)", user, r);
	/* A change of user forgets it: who loses the supervisor must not go on alone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set(error, -errno, "cannot tie the process to its supervisor: %s",
		                 strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(error, -errno, "cannot forbid new privileges: %s",
		                 strerror(errno));
	return 0;
}

int
privilege_drop_engine(const char *user, struct error *error)
{
	static const unsigned kept[] = { CAP_NET_ADMIN, CAP_NET_RAW };
	const struct sched_param scheduling = { .sched_priority = REAL_TIME_PRIORITY };

	/* A thread that is started later inherits this: without power it can lower itself only. */
	if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO)
		(void)sched_setscheduler(0, SCHED_FIFO, &scheduling);
	return become(user, kept, ARRAY_SIZE(kept), error);
}

int
privilege_drop_filter(const char *user, struct error *error)
{
	static const unsigned kept[] = { CAP_NET_ADMIN };

	return become(user, kept, ARRAY_SIZE(kept), error);
}

int
privilege_drop_runner(const char *user, struct error *error)
{
	static const unsigned kept[] = { CAP_SETUID, CAP_SETGID, CAP_KILL };

	/* The service is spared when memory runs out; a program of the operator's is not. */
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "0", 1);
		close(fd);
	}
	return become(user, kept, ARRAY_SIZE(kept), error);
}

int
privilege_drop_prober(const char *user, struct error *error)
{
	static const unsigned kept[] = { CAP_NET_RAW };

	return become(user, kept, ARRAY_SIZE(kept), error);
}

/* Forbid what only an intruder would call; EPERM, so that a library that tries it goes on. */
static int
forbid_calls(struct error *error)
{
	static const int forbidden[] = {
		SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(mount),
		SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns),
		SCMP_SYS(unshare), SCMP_SYS(init_module), SCMP_SYS(finit_module),
		SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
		SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(settimeofday),
		SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex),
		SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(add_key),
		SCMP_SYS(keyctl), SCMP_SYS(request_key), SCMP_SYS(open_by_handle_at),
		SCMP_SYS(io_uring_setup),
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(forbidden); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
		                     SCMP_A0(SCMP_CMP_EQ, AF_PACKET));
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	if (r < 0)
		return error_set(error, r, "cannot forbid system calls: %s", strerror(-r));
	return 0;
}

int
privilege_drop_manager(const char *user, struct error *error)
{
	/* For the door at port 443: what is configured later cannot be opened before.  Where the
	 * service was not given it, another port does. */
	static const unsigned kept[] = { CAP_NET_BIND_SERVICE };
	bool has = capng_get_caps_process() == 0 &&
	           capng_have_capability(CAPNG_PERMITTED, CAP_NET_BIND_SERVICE);
	int r = become(user, kept, has ? 1 : 0, error);

	return r < 0 ? r : forbid_calls(error);
}
