/* Addresses: what netaddr and ansible.utils give. */
#include "fixture.h"
#include "test.h"

static const struct fixture_case cases[] = {
	{"'192.168.1.5/24' | ipaddr", "'192.168.1.5/24'"},
	{"'192.168.1.5/24' | ipaddr('network')", "'192.168.1.0'"},
	{"'192.168.1.5/24' | ansible.utils.ipaddr('network/prefix')", "'192.168.1.0/24'"},
	{"'192.168.1.5/24' | ipaddr('netmask')", "'255.255.255.0'"},
	{"'192.168.1.5/24' | ipaddr('broadcast')", "'192.168.1.255'"},
	{"'192.168.1.0/24' | ipaddr('10')", "'192.168.1.10/24'"},
	{"'192.168.1.0/24' | ipaddr('-2') | ipaddr('address')", "'192.168.1.254'"},
	{"'192.168.1.5' | ipaddr('192.168.0.0/16')", "'192.168.1.5'"},
	{"'10.0.0.5' | ipaddr('192.168.0.0/16')", "None"},
	{"'10.0.0.5' | ipaddr('nope')", "ERROR there is no query 'nope'"},
	{"'host' | ipaddr", "False"},
	{"['10.0.0.1', 'host', '::1'] | ipv4", "['10.0.0.1']"},
	{"'10.0.0.5' | ipaddr('revdns')", "'5.0.0.10.in-addr.arpa.'"},
	{"'10.0.0.0/8' | ipaddr('size')", "16777216"},
	{"'2001:db8::/64' | ipaddr('size')", "'18446744073709551616'"},
	{"'::/0' | ipaddr('prefix')", "0"},
	{"'0.0.0.0/0' | ipaddr('size')", "4294967296"},
	{"'10.1.2.1/30' | ipaddr('peer')", "'10.1.2.2'"},
	{"'fe80::1' | ipwrap", "'[fe80::1]'"},
	{"'10.0.0.0/16' | ipsubnet(24)", "'256'"},
	{"'10.0.0.0/16' | ipsubnet(24, 5)", "'10.0.5.0/24'"},
	{"'10.0.0.0/16' | ipsubnet(24, -1)", "'10.0.255.0/24'"},
	{"'10.0.0.0/16' | ipsubnet(24, 256)", "False"},
	{"'10.0.0.0/16' | ipsubnet(8)", "ERROR smaller than /8"},
	{"'2001:db8::/32' | ipsubnet(64, 3)", "'2001:db8:0:3::/64'"},
	{"'10.0.0.5' | ipmath(-6)", "'9.255.255.255'"},
	{"'255.255.255.255' | ipmath(1)", "ERROR there is no such address"},
	{"'10.0.0.0/24' | nthhost(300)", "False"},
	{"'10.0.0.5/24' | next_nth_usable(2)", "'10.0.0.7'"},
	{"'10.0.0.0/8' | network_in_network('10.1.0.0/16')", "True"},
	{"['10.0.0.0/25', '10.0.0.128/25'] | cidr_merge", "['10.0.0.0/24']"},
	{"['0.0.0.0/1', '128.0.0.0/1'] | cidr_merge", "['0.0.0.0/0']"},
	{"['::/1', '8000::/1'] | cidr_merge", "['::/0']"},
	{"['10.0.0.1', '10.0.1.7'] | cidr_merge('span')", "'10.0.0.0/23'"},
	{"'::/0' | usable_range", "ERROR a list of more than"},
	{"'52:54:00:12:34:56' | hwaddr('cisco')", "'5254.0012.3456'"},
	{"'nope' | hwaddr('unix')", "ERROR not a hardware address"},
	{"'2001:db8::/64' | slaac('52:54:00:12:34:56')", "'2001:db8::5054:ff:fe12:3456'"},
	{"'10.1.1.1' is ansible.utils.in_network('10.0.0.0/8')", "True"},
	{"'10.1.1.1/24' is ansible.utils.ip", "False"},
	{"users | default([{'a': [1, 2]}]) | json_query('[].a[] | sum(@)')", "3"},
	{"hosts | json_query('sort_by([?up], &name)[*].ip')", "['10.0.0.1', '10.0.0.3']"},
	{"hosts | json_query('[].length(tags)')", "[2, 1, 0]"},
	{"hosts | json_query('[')", "ERROR JMESPath: an expression is expected at 2"},
	{"hosts | json_query('nope(@)')", "ERROR there is no function 'nope'"},
	{"hosts | json_query('&name')", "ERROR & belongs into a function's arguments"},
	{"'1.0.dev1' is version('1.0a1', '<', version_type='pep440')", "True"},
	{"'C:\\\\a\\\\b.txt' | win_basename", "'b.txt'"},
	{"nope is string or nope is none", "False"},
};

static void networks(void **state)
{
	(void)state;
	fixture_check(EVAL, cases, ARRAY_LEN(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(networks)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
