#pragma once
/* Rows of the registry: packages and where they come from, keys, the network,
 * version control, clusters. X(n) names the object `module_n`. */
/* clang-format off */
#define MODULES_NET(X) \
	X(apk) X(apt_key) X(apt_repository) X(deb822_repository) X(debconf) X(dnf) X(dpkg_selections) \
	X(git) X(helm) X(helm_info) X(helm_repository) X(iptables) X(k8s) X(k8s_drain) X(k8s_exec) \
	X(k8s_info) X(k8s_log) X(k8s_scale) X(kubectl) X(openssh_keypair) X(openssl_csr) \
	X(openssl_dhparam) X(openssl_privatekey) X(openssl_publickey) X(pip) X(ufw) X(uri) \
	X(x509_certificate) X(x509_certificate_info) X(yum)
/* clang-format on */
