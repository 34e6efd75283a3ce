#pragma once
/* Rows of the registry: a host's settings that a program or a file of its own
 * keeps (PAM, alternatives, locales, disks). X(n) names the object `module_n`. */
/* clang-format off */
#define MODULES_SETTINGS(X) \
	X(alternatives) X(apache2_module) X(dpkg_divert) X(filesystem) X(firewalld) \
	X(htpasswd) X(locale_gen) X(lvg) X(lvol) X(pam_limits) X(pamd) X(seboolean) \
	X(selinux)
/* clang-format on */
