#!/bin/sh
# The hook of `vm image build` for the tests' nspawn machines: what the site installs is
# in apt's cache, so that how long it takes to come up says nothing about the mirror.
exec chroot "$1" sh -c 'apt-get -qq update && apt-get -qq install -y --download-only etcd-server etcd-client haproxy' >&2
