/* Against a private sshd on the loopback, and against peers that are none. */
#include "probe.h"

#include "child.h"
#include "peers.h"
#include "rollout/base/file.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"

/* libssh2 1.10 loses two numbers of each ECDSA key that it reads from a file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libssh2.so\nleak:CRYPTO_zalloc\n";
}

static pid_t sshd;
static int port;

static void keygen(const char *name, const char *type, const char *passphrase)
{
	char command[600];
	snprintf(command, sizeof(command), "ssh-keygen -q -t %s -N '%s' -f %s </dev/null", type,
		 passphrase, probe_path(name));
	assert_int_equal(system(command), 0);
}

static void authorized_key(const char *name, const char *type, const char *passphrase)
{
	char command[600];
	keygen(name, type, passphrase);
	snprintf(command, sizeof(command), "cat %s.pub >>%s", probe_path(name),
		 probe_path("authorized_keys"));
	assert_int_equal(system(command), 0);
}

static bool sshd_knows(const char *option)
{
	char command[600];
	snprintf(command, sizeof(command), SSHD " -t -f %s -o %s 2>/dev/null",
		 probe_path("sshd_config"), option);
	return system(command) == 0;
}

static void write_config(void)
{
	CLEANUP(strbuf_release) struct strbuf c = {0};
	strbuf_printf(&c,
		      "ListenAddress 127.0.0.1\nPort %d\nHostKey %s\nAuthorizedKeysFile %s\n"
		      "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n"
		      "PasswordAuthentication no\nAllowTcpForwarding yes\nSetEnv HOME=%s\n",
		      port, probe_path("host_key"), probe_path("authorized_keys"),
		      probe_path("home"));
	probe_write("sshd_config", c.ptr, 0600);
	/* Newer ones turn away who broke off before: these tests do nothing else. */
	if (sshd_knows("PerSourcePenalties=no")) {
		strbuf_puts(&c, "PerSourcePenalties no\n");
		probe_write("sshd_config", c.ptr, 0600);
	}
}

static void await_sshd(void)
{
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (peers_connect(fd, port) == 0)
			return;
		usleep(20000);
	}
}

static int start_sshd(void **state UNUSED)
{
	if (access(SSHD, X_OK) < 0 ||
	    (geteuid() == 0 && access("/run/sshd", F_OK) < 0 && mkdir("/run/sshd", 0755) < 0))
		return 0; /* each test then skips */
	port = peers_port(NULL);
	mkdir(probe_path("home"), 0755);
	mkdir(probe_path("home/.ssh"), 0700);
	setenv("HOME", probe_path("home"), 1);
	unsetenv("SSH_AUTH_SOCK");
	authorized_key("host_key", "ed25519", "");
	authorized_key("ed25519", "ed25519", "");
	authorized_key("ecdsa", "ecdsa", "");
	authorized_key("rsa", "rsa", "");
	authorized_key("rsa_pem", "rsa -m PEM", "");
	authorized_key("rsa_pkcs8", "rsa -m PKCS8", "");
	authorized_key("rsa_pem_locked", "rsa -m PEM", "open sesame");
	authorized_key("rsa_locked", "rsa", "open sesame");
	authorized_key("locked", "ed25519", "open sesame");
	keygen("rsa_stranger", "rsa", "");
	write_config();
	sshd = child_fork();
	if (sshd == 0) {
		execl(SSHD, SSHD, "-D", "-q", "-f", probe_path("sshd_config"), (char *)NULL);
		_exit(127);
	}
	await_sshd();
	return 0;
}

static int stop_sshd(void **state UNUSED)
{
	if (sshd > 0) {
		kill(sshd, SIGTERM);
		waitpid(sshd, NULL, 0);
	}
	probe_clean();
	return 0;
}

static void know(const char *file, const char *mark)
{
	char command[700];
	snprintf(command, sizeof(command),
		 "printf '%%s[127.0.0.1]:%d %%s\\n' '%s' \"$(cut -d' ' -f1,2 %s.pub)\" >%s", port,
		 mark, probe_path(file), probe_path("home/.ssh/known_hosts"));
	assert_int_equal(system(command), 0);
}

static void run(struct probe *p, const char *key, const char *args, bool check)
{
	const char *keys[] = {key ? probe_path(key) : NULL, NULL};
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "127.0.0.1",
				     .port = port,
				     .key_files = key ? keys : NULL,
				     .ssh_args = args,
				     .ssh_config_file = "/dev/null",
				     .host_key_checking = check,
				     .connect_timeout_ms = PATIENCE_MS};
	if (sshd <= 0)
		skip();
	probe_run(p, &t);
}

static void expect(const char *key, const char *args, int code, const char *text)
{
	struct probe p = {0};
	run(&p, key, args, true);
	if (p.why.code != (enum err_code)code || p.up != (code == 0) ||
	    (text && !strstr(p.why.msg, text)))
		fail_msg("%s %s: %d %s", key ? key : "", args ? args : "", p.why.code, p.why.msg);
	probe_release(&p);
}

static void logs_in(void **state UNUSED)
{
	struct probe p = {.want = 3000000};
	know("host_key", "");
	run(&p, "ed25519", NULL, true);
	assert_string_equal(p.why.msg, "");
	assert_int_equal(p.got.len, 3000000);
	probe_release(&p);
	expect("ecdsa", NULL, 0, NULL);
}

/* Each format that OpenSSL and OpenSSH have written RSA keys in. */
static void logs_in_with_rsa(void **state UNUSED)
{
	know("host_key", "");
	expect("rsa", NULL, 0, NULL);
	expect("rsa_pem", NULL, 0, NULL);
	expect("rsa_pkcs8", NULL, 0, NULL);
	expect("rsa_stranger", NULL, ERR_AUTH, "(tried: ");
}

struct login {
	const char *key, *args, *command;
	enum err_code code;
	const char *text;
};

static void proves_a_login(const struct login *l)
{
	struct probe p = {.login_only = true, .login_command = l->command, .no_images = true};
	run(&p, l->key, l->args, true);
	if (p.why.code != l->code || p.up != (l->code == 0) ||
	    (l->text && !strstr(p.why.msg, l->text)))
		fail_msg("%s %s: %d %s", l->key, l->command ? l->command : "true", p.why.code,
			 p.why.msg);
	assert_int_equal(p.got.len, 0);
	probe_release(&p);
}

static void logs_in_only(void **state UNUSED)
{
	char jump[80];
	const struct login cases[] = {
		{"ed25519", NULL, NULL, 0, NULL},
		{"ed25519", NULL, "echo out; echo err >&2", 0, NULL},
		{"ed25519", jump, NULL, 0, NULL},
		{"ed25519", NULL, "echo no such thing >&2; exit 3", ERR_PROTOCOL,
		 "exit status 3: no such thing"},
		{"ed25519", NULL, "kill -9 $$", ERR_PROTOCOL, "killed by SIGKILL"},
		{"missing", NULL, NULL, ERR_AUTH, "missing does not exist"},
		{"ed25519", "-o ProxyCommand=false", NULL, ERR_UNREACHABLE, "greeting"},
	};
	know("host_key", "");
	snprintf(jump, sizeof(jump), "-J 127.0.0.1:%d", port);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		proves_a_login(&cases[i]);
	know("ed25519", "");
	proves_a_login(&(struct login){"ed25519", NULL, NULL, ERR_HOSTKEY, "HAS CHANGED"});
	know("host_key", "");
}

static void limits_what_proves_a_login(void **state UNUSED)
{
	const char *keys[] = {probe_path("ed25519"), NULL};
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "127.0.0.1",
				     .port = port,
				     .key_files = keys,
				     .ssh_config_file = "/dev/null",
				     .connect_timeout_ms = PATIENCE_MS,
				     .start_timeout_ms = 1200};
	struct probe p = {.login_only = true, .login_command = "sleep 600", .no_images = true};
	if (sshd <= 0)
		skip();
	probe_run(&p, &t);
	assert_int_equal(p.why.code, ERR_TIMEOUT);
	assert_non_null(strstr(p.why.msg, "the login's command did not end within 1 s"));
	probe_release(&p);
}

static void logs_in_locally(void **state UNUSED)
{
	struct transport_target t = {.kind = TRANSPORT_LOCAL};
	struct probe good = {.login_only = true, .no_images = true};
	struct probe bad = {.login_only = true, .login_command = "exit 4", .no_images = true};
	probe_run(&good, &t);
	assert_true(good.up && good.why.code == 0);
	probe_run(&bad, &t);
	assert_true(!bad.up && bad.why.code == ERR_PROTOCOL);
	probe_release(&good);
	probe_release(&bad);
}

static void ends_at_any_time(void **state UNUSED)
{
	struct probe early = {.close_at_once = true}, up = {.close_when_up = true};
	run(&early, "ed25519", NULL, true);
	assert_int_equal(early.why.code, 0);
	run(&up, "ed25519", NULL, true);
	assert_string_equal(up.why.msg, "");
	assert_int_equal(up.got.len, up.want);
	probe_release(&early);
	probe_release(&up);
}

static void tells_what_is_wrong_with_a_key(void **state UNUSED)
{
	know("host_key", "");
	expect("rsa_locked", NULL, ERR_AUTH, "has a passphrase");
	expect("locked", NULL, ERR_AUTH, "has a passphrase");
	expect("missing", NULL, ERR_AUTH, "missing does not exist");
	expect("ed25519.pub", NULL, ERR_AUTH, "holds a public key");
	chmod(probe_path("ed25519"), 0644);
	expect("ed25519", NULL, ERR_AUTH, "chmod 600");
	chmod(probe_path("ed25519"), 0600);
}

static void opens(const char *file)
{
	const char *keys[] = {probe_path(file), NULL};
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "127.0.0.1",
				     .port = port,
				     .key_files = keys,
				     .key_passphrase = "open sesame",
				     .ssh_config_file = "/dev/null",
				     .connect_timeout_ms = PATIENCE_MS};
	struct probe p = {0};
	if (sshd <= 0)
		skip();
	probe_run(&p, &t);
	assert_string_equal(p.why.msg, "");
	probe_release(&p);
	t.key_passphrase = "wrong";
	probe_run(&p, &t);
	assert_int_equal(p.why.code, ERR_AUTH);
	probe_release(&p);
}

static void opens_a_key_with_its_passphrase(void **state UNUSED)
{
	know("host_key", "");
	opens("locked");
	opens("rsa_pem_locked");
}

/* IdentityFile is the public key, or the private one, of which only the public is here;
 * the agent has further keys, which the server takes too. */
static void picks_the_key_of_the_agent(void)
{
	static const char *const lonely[] = {"rsa.pub", "ecdsa.pub", "gone/ecdsa"};
	char command[600], option[400];
	snprintf(command, sizeof(command),
		 "cd %s && ssh-add -q rsa && mkdir -p gone && cp ecdsa.pub ed25519.pub gone/",
		 probe_path("."));
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < ARRAY_LEN(lonely); i++) {
		snprintf(option, sizeof(option), "-o IdentitiesOnly=yes -o IdentityFile=%s",
			 probe_path(lonely[i]));
		expect(NULL, option, 0, NULL);
		expect(lonely[i], "-o IdentitiesOnly=yes", 0, NULL);
	}
	/* the agent has another one */
	expect("ed25519.pub", "-o IdentitiesOnly=yes", ERR_AUTH, "no agent has");
	expect("gone/ed25519", "-o IdentitiesOnly=yes", ERR_AUTH, "does not exist");
}

static void uses_the_agent(void **state UNUSED)
{
	char command[600];
	if (sshd <= 0)
		skip();
	know("host_key", "");
	setenv("SSH_AUTH_SOCK", probe_path("agent.sock"), 1);
	pid_t agent = child_fork();
	if (agent == 0) {
		execlp("ssh-agent", "ssh-agent", "-D", "-a", probe_path("agent.sock"),
		       (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < PATIENCE_MS / 10 && access(probe_path("agent.sock"), F_OK) < 0; i++)
		usleep(10000);
	expect(NULL, NULL, ERR_AUTH, "there is no key here");
	snprintf(command, sizeof(command), "ssh-add -q %s", probe_path("rsa"));
	assert_int_equal(system(command), 0);
	expect(NULL, NULL, 0, NULL);
	snprintf(command, sizeof(command), "ssh-add -q -D 2>&1 && ssh-add -q %s",
		 probe_path("ecdsa"));
	assert_int_equal(system(command), 0);
	expect(NULL, NULL, 0, NULL);
	expect(NULL, "-o IdentitiesOnly=yes", ERR_AUTH, NULL);
	picks_the_key_of_the_agent();
	kill(agent, SIGSTOP); /* an agent that does not answer */
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "127.0.0.1",
				     .port = port,
				     .connect_timeout_ms = PATIENCE_MS,
				     .start_timeout_ms = 700,
				     .ssh_config_file = "/dev/null"};
	struct probe p = {0};
	probe_run(&p, &t);
	assert_int_equal(p.why.code, ERR_TIMEOUT);
	probe_release(&p);
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	unsetenv("SSH_AUTH_SOCK");
}

static void verifies_the_host(void **state UNUSED)
{
	struct probe p = {0};
	unlink(probe_path("home/.ssh/known_hosts"));
	expect("ed25519", NULL, ERR_HOSTKEY, "is not known");
	expect("ed25519", "-o StrictHostKeyChecking=accept-new", 0, NULL);
	expect("ed25519", NULL, 0, NULL);
	know("ed25519", "");
	expect("ed25519", NULL, ERR_HOSTKEY, "HAS CHANGED");
	expect("ed25519", "-o StrictHostKeyChecking=accept-new", ERR_HOSTKEY, "HAS CHANGED");
	run(&p, "ed25519", NULL, false);
	assert_true(p.up);
	probe_release(&p);
	know("host_key", "@revoked ");
	run(&p, "ed25519", NULL, false);
	assert_int_equal(p.why.code, ERR_HOSTKEY);
	assert_non_null(strstr(p.why.msg, "revoked by"));
	probe_release(&p);
	know("host_key", "");
}

static void goes_through_jump_hosts(void **state UNUSED)
{
	char args[200];
	know("host_key", "");
	snprintf(args, sizeof(args), "-J 127.0.0.1:%d", port);
	expect("ed25519", args, 0, NULL);
	snprintf(args, sizeof(args), "-J 127.0.0.1:%d,127.0.0.1:%d", port, port);
	expect("ed25519", args, 0, NULL);
	expect("ed25519", "-J 127.0.0.1:1", ERR_UNREACHABLE, "through the jump host: connect to");
	expect("ed25519", "-J a:b:c:1x", ERR_UNREACHABLE, NULL);
	expect("ed25519", "-J host:99999", ERR_INVALID, "ProxyJump");
	snprintf(args, sizeof(args), "-o ProxyCommand='nc 127.0.0.1 %d'", port);
	if (access("/bin/nc", X_OK) == 0)
		expect("ed25519", args, 0, NULL);
	expect("ed25519", "-o ProxyCommand=false", ERR_UNREACHABLE, "greeting");
}

/* Whoever sends to one host is not told of another meanwhile. */
static void delivers_from_the_loop_alone(void **state UNUSED)
{
	struct probe pair[2] = {{.want = 3000000}, {.want = 3000000}};
	const char *keys[] = {probe_path("ed25519"), NULL};
	char args[64];
	snprintf(args, sizeof(args), "-J 127.0.0.1:%d", port);
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "127.0.0.1",
				     .port = port,
				     .key_files = keys,
				     .ssh_args = args,
				     .ssh_config_file = "/dev/null",
				     .host_key_checking = true,
				     .connect_timeout_ms = PATIENCE_MS};
	if (sshd <= 0)
		skip();
	know("host_key", "");
	probe_run_pair(pair, &t);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(pair[i].why.msg, "");
		assert_false(pair[i].was_nested);
		probe_release(&pair[i]);
	}
}

static void reads_ssh_config(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf c = {0};
	struct probe p = {0};
	if (sshd <= 0)
		skip();
	know("host_key", "");
	strbuf_printf(&c,
		      "Host web\n HostName 127.0.0.1\n Port %d\n IdentityFile %s\n"
		      " UserKnownHostsFile %s\n",
		      port, probe_path("ecdsa"), probe_path("home/.ssh/known_hosts"));
	probe_write("ssh_config", c.ptr, 0600);
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "web",
				     .ssh_config_file = probe_path("ssh_config"),
				     .host_key_checking = true,
				     .connect_timeout_ms = PATIENCE_MS};
	probe_run(&p, &t);
	assert_string_equal(p.why.msg, "");
	probe_release(&p);
	probe_write("ssh_config", "Nonsense yes\n", 0600);
	probe_run(&p, &t);
	assert_int_equal(p.why.code, ERR_INVALID);
	assert_non_null(strstr(p.why.msg, "onsense"));
	probe_release(&p);
}

/* --- peers that are no ssh server --- */

static void survives_other_peers(void **state UNUSED)
{
	static const int want[] = {ERR_UNREACHABLE, ERR_UNREACHABLE, ERR_UNREACHABLE, 0, 0, 0};
	for (int peer = PEER_SILENT; peer <= PEER_GARBAGE; peer++) {
		int listener;
		struct probe p = {0};
		int at = peers_port(&listener);
		pid_t child = child_fork();
		if (child == 0) {
			signal(SIGPIPE, SIG_IGN);
			peers_play((enum peer)peer, accept(listener, NULL, NULL));
			_exit(0);
		}
		close(listener);
		struct transport_target t = {.kind = TRANSPORT_SSH,
					     .host = "127.0.0.1",
					     .port = at,
					     .ssh_config_file = "/dev/null",
					     .connect_timeout_ms = 1000};
		probe_run(&p, &t);
		assert_false(p.up);
		if (p.why.code == 0 || (want[peer] && p.why.code != (enum err_code)want[peer]))
			fail_msg("peer %d: %d %s", peer, p.why.code, p.why.msg);
		print_message("%s\n", p.why.msg);
		probe_release(&p);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

static void survives_a_cut_anywhere(void **state UNUSED)
{
	if (sshd <= 0)
		skip();
	for (size_t budget = 10; budget < 6000; budget += 97) {
		int listener;
		const char *keys[] = {probe_path("ed25519"), NULL};
		struct probe p = {.want = 20000};
		int at = peers_port(&listener);
		pid_t child = child_fork();
		if (child == 0)
			peers_relay(listener, port, budget);
		close(listener);
		struct transport_target t = {.kind = TRANSPORT_SSH,
					     .host = "127.0.0.1",
					     .port = at,
					     .key_files = keys,
					     .ssh_config_file = "/dev/null",
					     .connect_timeout_ms = PATIENCE_MS};
		probe_run(&p, &t);
		if (p.why.code != ERR_UNREACHABLE && p.why.code != ERR_AUTH)
			fail_msg("after %zu bytes: %d %s", budget, p.why.code, p.why.msg);
		probe_release(&p);
		waitpid(child, NULL, 0);
	}
}

static void through_a_dead_relay(struct probe *p, const char *ssh_args)
{
	int listener;
	const char *keys[] = {probe_path("ed25519"), NULL};
	int at = peers_port(&listener);
	pid_t child = child_fork();
	if (child == 0)
		peers_dead_relay(listener, port, 100000);
	close(listener);
	struct transport_target t = {.kind = TRANSPORT_SSH,
				     .host = "127.0.0.1",
				     .port = at,
				     .key_files = keys,
				     .ssh_args = ssh_args,
				     .ssh_config_file = "/dev/null",
				     .connect_timeout_ms = PATIENCE_MS};
	probe_run(p, &t);
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
}

static void notices_a_dead_peer(void **state UNUSED)
{
	struct probe p = {0};
	if (sshd <= 0)
		skip();
	/* On a busy machine sshd may be silent for so long. */
	for (int seconds = 1; !p.up && seconds < 30; seconds *= 3) {
		char args[64];
		snprintf(args, sizeof(args), "-o ServerAliveInterval=%d", seconds);
		probe_release(&p);
		p.want = 200000;
		through_a_dead_relay(&p, args);
		assert_int_equal(p.why.code, ERR_UNREACHABLE);
		if (!strstr(p.why.msg, "nothing heard for"))
			fail_msg("%s", p.why.msg);
	}
	assert_true(p.up);
	probe_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_in),
		cmocka_unit_test(logs_in_with_rsa),
		cmocka_unit_test(logs_in_only),
		cmocka_unit_test(limits_what_proves_a_login),
		cmocka_unit_test(logs_in_locally),
		cmocka_unit_test(ends_at_any_time),
		cmocka_unit_test(tells_what_is_wrong_with_a_key),
		cmocka_unit_test(opens_a_key_with_its_passphrase),
		cmocka_unit_test(uses_the_agent),
		cmocka_unit_test(verifies_the_host),
		cmocka_unit_test(goes_through_jump_hosts),
		cmocka_unit_test(delivers_from_the_loop_alone),
		cmocka_unit_test(reads_ssh_config),
		cmocka_unit_test(survives_other_peers),
		cmocka_unit_test(survives_a_cut_anywhere),
		cmocka_unit_test(notices_a_dead_peer),
	};
	return cmocka_run_group_tests(tests, start_sshd, stop_sshd);
}
