/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each role keeps.  libcap-ng changes the user and the capabilities in the one order that
 * works; libseccomp forbids the manager what a taken-over manager would want.
 */
#include "system/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

void
privilege_open_files(uint64_t count)
{
	const struct rlimit wanted = { count, count };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max < count && setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool
privilege_real_time_helper(void)
{
	struct sched_param scheduling = { .sched_priority = HELPER_PRIORITY };

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &scheduling) == 0;
}

bool
privilege_real_time_least(void)
{
	const struct sched_param scheduling = {
		.sched_priority = sched_get_priority_min(SCHED_RR),
	};

	return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &scheduling) == 0;
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

/* For ports below 1024: what is configured later cannot be opened before.  Where the service was
 * not given it, another port does. */
static bool
may_bind(void)
{
	return capng_get_caps_process() == 0 &&
	       capng_have_capability(CAPNG_PERMITTED, CAP_NET_BIND_SERVICE);
}

int
privilege_drop_manager(const char *user, struct error *error)
{
	static const unsigned kept[] = { CAP_NET_BIND_SERVICE };
	int r = become(user, kept, may_bind() ? 1 : 0, error);

	return r < 0 ? r : forbid_calls(error);
}

/* ---- flowsync ------------------------------------------------------------------------------- */

/* A sanitizer has calls of its own; there what is not on the list goes to the kernel's log. */
#if defined(__SANITIZE_ADDRESS__)
#define OTHER_CALLS SCMP_ACT_LOG
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OTHER_CALLS SCMP_ACT_LOG
#endif
#endif
#ifndef OTHER_CALLS
#define OTHER_CALLS SCMP_ACT_KILL_PROCESS
#endif

/* What flowsync and the libraries below it (libsystemd, GnuTLS, libnftables, libc) call. */
static const int flowsync_calls[] = {
	/* its loop */
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(signalfd4), SCMP_SYS(eventfd2), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(alarm), SCMP_SYS(setitimer),
	/* sockets; which, is said below */
	SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(listen), SCMP_SYS(accept4),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(shutdown),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(memfd_create),
	/* its key, settings of connection tracking, names that libnftables looks up */
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64), SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(flock), SCMP_SYS(dup),
	SCMP_SYS(uname), SCMP_SYS(getcwd),
	/* time, chance, and who it is */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64), SCMP_SYS(sysinfo),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(getcpu),
	/* locks, signals, its end */
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(membarrier), SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(prctl),
	SCMP_SYS(tgkill), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Calls of which only some are on the list. */
static int
let_some(scmp_filter_ctx filter)
{
	static const unsigned families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	/* The number of an interface and its name. */
	static const unsigned long requests[] = { SIOCGIFINDEX, SIOCGIFNAME, TCGETS, FIONREAD };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		                     SCMP_A0(SCMP_CMP_EQ, families[i]));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(requests); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		                     SCMP_A1(SCMP_CMP_EQ, requests[i]));
	/* A file that is there may be opened as it is; one that is not stays so, and a library that
	 * tries goes on. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, O_CREAT | O_TRUNC, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mkdir), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mkdirat), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unlinkat), 0);
	return r;
}

/* Negative numbers are names that this architecture does not have. */
static int
let_calls(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(OTHER_CALLS);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flowsync_calls); i++)
		if (flowsync_calls[i] >= 0)
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, flowsync_calls[i], 0);
	if (r == 0)
		r = let_some(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	if (r < 0)
		return error_set(error, r, "cannot forbid system calls: %s", strerror(-r));
	return 0;
}

/*
 * Nothing is written but the kernel's own settings of the network: the files of the service belong
 * to the same user.  A kernel without Landlock leaves that to the user's own rights.
 */
static int
let_writes(struct error *error)
{
	const struct landlock_ruleset_attr writes = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE |
		                     LANDLOCK_ACCESS_FS_REMOVE_DIR |
		                     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
		                     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
		                     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
		                     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	struct landlock_path_beneath_attr settings = {
		.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE,
		.parent_fd = open("/proc/sys/net", O_PATH | O_CLOEXEC),
	};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &writes, sizeof(writes), 0);
	bool known = rules >= 0 || (errno != ENOSYS && errno != EOPNOTSUPP);
	bool bad = rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0;

	if (!bad && settings.parent_fd >= 0)
		bad = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &settings,
		              0) < 0;
	bad = bad || syscall(SYS_landlock_restrict_self, rules, 0) < 0;
	if (bad && known)
		error_set(error, -errno, "cannot forbid writing to files: %s", strerror(errno));
	if (settings.parent_fd >= 0)
		close(settings.parent_fd);
	if (rules >= 0)
		close(rules);
	return bad && known ? -EPERM : 0;
}

int
privilege_drop_flowsync(const char *user, struct error *error)
{
	static const unsigned kept[] = { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE };
	int r = become(user, kept, may_bind() ? 2 : 1, error);

	if (r >= 0)
		r = let_writes(error);
	return r < 0 ? r : let_calls(error);
}
