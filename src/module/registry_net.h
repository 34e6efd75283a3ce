#pragma once
/* Rows of the registry: packages and where they come from, keys, the network,
 * version control, clusters. X(n) names the object `module_n`. */
/* clang-format off */
#define MODULES_NET(X) \
	X(apk) X(apt_key) X(apt_repository) X(deb822_repository) X(debconf) X(dnf) X(dpkg_selections) \
	X(git) X(iptables) X(kubectl) X(openssh_keypair) X(openssl_csr) X(openssl_privatekey) X(pip) \
	X(ufw) X(uri) X(x509_certificate) X(yum)
/* clang-format on */
