#include "rollout/vm/image.h"

#define UBUNTU "https://cloud-images.ubuntu.com/releases/"
#define DEBIAN "https://cloud.debian.org/images/cloud/"

/* Dated releases, which do not change any more. Digests: the SHA256SUMS (Ubuntu)
 * and SHA512SUMS (Debian) beside the images. */
const struct vm_named_image vm_named_images[] = {
	{"ubuntu-22.04", VM_ARCH_AMD64,
	 UBUNTU "jammy/release-20260913/ubuntu-22.04-server-cloudimg-amd64.img",
	 "sha256:9144540e8af7637d258b50dbabe82ce1aa6752c9574fedfb048270da0e087899", "jammy"},
	{"ubuntu-22.04", VM_ARCH_ARM64,
	 UBUNTU "jammy/release-20260913/ubuntu-22.04-server-cloudimg-arm64.img",
	 "sha256:ab5fcc80611a98bf999018045119d87b3a0e7c78f3b43b254b93d5c22bae3ff6", "jammy"},
	{"ubuntu-24.04", VM_ARCH_AMD64,
	 UBUNTU "noble/release-20260926/ubuntu-24.04-server-cloudimg-amd64.img",
	 "sha256:6a81c37564db9b1ee84e141922625e1d7c5b389b99bb3c572e0243607d5bb4d2", "noble"},
	{"ubuntu-24.04", VM_ARCH_ARM64,
	 UBUNTU "noble/release-20260926/ubuntu-24.04-server-cloudimg-arm64.img",
	 "sha256:1d6bffe64b848468ac97f821d369a4846d983de1800ccf6b5ec8853e85cefc55", "noble"},
	{"debian-12", VM_ARCH_AMD64,
	 DEBIAN "bookworm/20260923-2610/debian-12-genericcloud-amd64-20260923-2610.qcow2",
	 "sha512:3d94c9dd66d8a283fde060b8810373b7ae04038b956ee00d553d1ae564f6fbde"
	 "aa2fd6e7404e87e53348b5a9509170f3ea7c0731ba737590c5c4cb8d559a47f8",
	 "bookworm"},
	{"debian-12", VM_ARCH_ARM64,
	 DEBIAN "bookworm/20260923-2610/debian-12-genericcloud-arm64-20260923-2610.qcow2",
	 "sha512:89a752d5c7d8e88bee39a57d88d496cca574f7d1e8df5df7a169825435f99feb"
	 "11ed13ab27ec7bee96fe1584be4ff9479358fbca6cc859efa109f4aba18724c8",
	 "bookworm"},
	{"debian-13", VM_ARCH_AMD64,
	 DEBIAN "trixie/20260914-2601/debian-13-genericcloud-amd64-20260914-2601.qcow2",
	 "sha512:95e110dfcdbd0ed8a82a75ed9579802f9950cabf51a810dcc6388e81bc778188"
	 "713878b9f28d583a0ea602fbf48b35996ae9ad37f584166d8fbd6489df248f53",
	 "trixie"},
	{"debian-13", VM_ARCH_ARM64,
	 DEBIAN "trixie/20260914-2601/debian-13-genericcloud-arm64-20260914-2601.qcow2",
	 "sha512:9eeabc75e74a682fcaff785f6c1f6896b486159397201f51f58298a8f95990f6"
	 "debb8058b6969ca95cf6823f6e8058dd6f8589ba940a194b2780cd7f95771d69",
	 "trixie"},
};
const size_t vm_named_image_count = ARRAY_LEN(vm_named_images);
