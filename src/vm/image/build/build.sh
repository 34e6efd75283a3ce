#!/bin/bash
# `rollout vm image build`: makes a bootable disk image, or a root tree for
# systemd-nspawn, of a Debian suite from its packages. Needs root and
# mmdebstrap; a disk image also sgdisk, mkfs.ext4, mkfs.vfat, mcopy, qemu-img.
#
# Told by the environment:
#   IMAGE_FORMAT    disk (qcow2) or tree
#   IMAGE_SUITE     bookworm, trixie, ...
#   IMAGE_ARCH      amd64, arm64
#   IMAGE_WORK      an empty folder to work in
#   IMAGE_OUTPUT    what to make: a file, or a folder that is not there yet
#   IMAGE_MIRROR    optional: a mirror instead of the sources of this machine's apt
#   IMAGE_PACKAGES  optional: further packages
#   IMAGE_HOOK      optional: an executable, called with the tree as its argument
set -euo pipefail
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin
umask 022
: "${IMAGE_FORMAT:?}" "${IMAGE_SUITE:?}" "${IMAGE_ARCH:?}" "${IMAGE_WORK:?}" "${IMAGE_OUTPUT:?}"

# ---- what goes in ----

# What every machine has, about as in Debian's cloud images.
BASE_PACKAGES='apt bash-completion ca-certificates curl dbus gzip iproute2 iputils-ping kmod less
    libpam-systemd netbase openssh-server openssl procps psmisc sudo systemd systemd-sysv
    tar tzdata xz-utils'
# A disk image's own, beside kernel and boot loader.
DISK_PACKAGES='cloud-init e2fsprogs fdisk gdisk grub2-common initramfs-tools python3
    systemd-resolved systemd-timesyncd udev zstd'

# Units without a purpose in a machine that lives for hours, or that wake up by
# themselves while a test measures something.
IDLE_UNITS='apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service
    fstrim.timer dpkg-db-backup.timer man-db.timer'
# Modules that are loaded when they are used, not by a unit at each boot.
DISK_UNITS='modprobe@drm.service modprobe@efi_pstore.service modprobe@loop.service
    modprobe@dm_mod.service'
# In nspawn there is no hardware and no terminal to log in at.
TREE_UNITS='systemd-udevd.service systemd-networkd-wait-online.service console-getty.service
    getty@.service getty.target'

die() {
    echo "error: $*" >&2
    exit 1
}

need() { # PROGRAM:PACKAGE...
    local each missing=()
    for each in "$@"; do
        command -v "${each%%:*}" >/dev/null || missing+=("${each##*:}")
    done
    [ ${#missing[@]} = 0 ] || die "building an image needs these packages: ${missing[*]}"
}

check() {
    [ "$(id -u)" = 0 ] || die "building an image needs root"
    need mmdebstrap:mmdebstrap
    if [ "$IMAGE_FORMAT" = disk ]; then
        need sgdisk:gdisk mkfs.ext4:e2fsprogs mkfs.vfat:dosfstools mcopy:mtools qemu-img:qemu-utils
    fi
    case $IMAGE_ARCH in
    amd64 | arm64) ;;
    *) die "no image can be built for '$IMAGE_ARCH': only for amd64 and arm64" ;;
    esac
    if [ "$IMAGE_ARCH" != "$(dpkg --print-architecture)" ]; then
        grep -qs enabled "/proc/sys/fs/binfmt_misc/qemu-$(machine_name)" ||
            die "building for $IMAGE_ARCH needs a machine of that kind, or the packages qemu-user-static and binfmt-support"
    fi
}

machine_name() { # as uname calls it
    case $IMAGE_ARCH in
    amd64) echo x86_64 ;;
    arm64) echo aarch64 ;;
    esac
}

includes() {
    local list=$BASE_PACKAGES
    if [ "$IMAGE_FORMAT" = disk ]; then
        list="$list $DISK_PACKAGES linux-image-cloud-$IMAGE_ARCH grub-efi-$IMAGE_ARCH-bin"
        if [ "$IMAGE_ARCH" = amd64 ]; then list="$list grub-pc-bin"; fi
        # A part of systemd's package until then.
        if [ "$IMAGE_SUITE" != bookworm ]; then list="$list systemd-repart"; fi
    fi
    # shellcheck disable=SC2086 # a list of words
    printf '%s\n' $list ${IMAGE_PACKAGES:-} | paste -sd,
}

# ---- the tree ----

# The sources that serve the suite and its updates: of this machine's apt, or Debian's.
sources() {
    local found
    if [ -n "${IMAGE_MIRROR:-}" ]; then
        echo "deb $IMAGE_MIRROR $IMAGE_SUITE main"
        return
    fi
    found=$(sources_of_apt)
    echo "${found:-$(sources_of_debian)}"
}

sources_of_debian() {
    local keys='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
    echo "deb $keys http://deb.debian.org/debian $IMAGE_SUITE main"
    echo "deb $keys http://deb.debian.org/debian $IMAGE_SUITE-updates main"
    echo "deb $keys http://deb.debian.org/debian-security $IMAGE_SUITE-security main"
}

sources_of_apt() {
    # shellcheck disable=SC2016 # the dollars are apt's
    apt-get indextargets --format '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' |
        awk -F'|' -v suite="$IMAGE_SUITE" '
            $1 == "Packages" && $4 == "main" && ($3 == suite || index($3, suite "-") == 1) && !seen[$2 $3]++ {
                print "deb", $2, $3, $4
            }'
}

# A mirror that fails for a moment is asked again.
apt_options() { # of mmdebstrap: with this machine's proxies
    echo '--aptopt=Acquire::Retries "6";'
    apt-config dump --format '%F "%v";%n' |
        sed -nE 's/^(Acquire::(http|https|ftp)::Proxy(::[^ ]*)? ".+";)$/--aptopt=\1/p'
}

bootstrap() { # TREE
    local from options
    from=$(sources)
    mapfile -t options < <(apt_options)
    say "installing packages of $IMAGE_SUITE"
    # The initramfs is made while packages are installed, so it is told before.
    mmdebstrap --mode=root --variant=minbase --architectures="$IMAGE_ARCH" \
        --include="$(includes)" --dpkgopt=force-unsafe-io "${options[@]}" \
        --essential-hook="bash '$IMAGE_WORK/initramfs' \"\$1\"" \
        "$IMAGE_SUITE" "$1" - <<<"$from"
}

# The drivers of virtual disks and interfaces instead of every driver there is, which
# an emulated processor would unpack for seconds. They are only put there: udev loads
# those that the machine has a device for. cloud-init looks for the interfaces early.
initramfs_script() {
    cat <<-'END'
	mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"
	printf '%s\n' MODULES=list COMPRESS=zstd FSTYPE=ext4 >"$1/etc/initramfs-tools/conf.d/image"
	printf '%s\n' '#!/bin/sh' '[ "$1" != prereqs ] || exit 0' '. /usr/share/initramfs-tools/hook-functions' \
	    'manual_add_modules virtio_pci virtio_mmio virtio_blk virtio_scsi virtio_net e1000 sd_mod ahci ata_piix nvme ext4 crc32c_generic' \
	    >"$1/etc/initramfs-tools/hooks/image"
	chmod 755 "$1/etc/initramfs-tools/hooks/image"
	END
}

say() {
    echo "image: $*"
}

put() { # TREE PATH MODE: standard input becomes a file
    mkdir -p "$(dirname "$1$2")"
    cat >"$1$2"
    chmod "$3" "$1$2"
}

# apt goes on with the sources and proxies that the image was made from: where this
# machine gets its packages, its VMs most likely can, too.
apt_settings() { # TREE
    rm -f "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
}

mask() { # TREE UNIT...
    local tree=$1 unit
    for unit in "${@:2}"; do ln -sf /dev/null "$tree/etc/systemd/system/$unit"; done
}

# What makes one machine different from another comes from the seed or the driver.
anonymous() { # TREE
    rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname" "$1/var/lib/systemd/random-seed" \
        "$1/var/lib/dbus/machine-id"
    : >"$1/etc/machine-id"
    echo '127.0.0.1 localhost' >"$1/etc/hosts"
    mkdir -p "$1/var/log/journal"
}

common_setup() { # TREE
    apt_settings "$1"
    anonymous "$1"
    # shellcheck disable=SC2086 # a list of words
    mask "$1" $IDLE_UNITS
}

# ---- a disk image's tree ----

# Only modules that have a purpose here, since each costs an emulated processor
# time; growing the disk is faster by grow_root.
cloud_init() { # TREE
    put "$1" /etc/cloud/cloud.cfg.d/90_image.cfg 644 <<-'END'
	datasource_list: [NoCloud, None]
	system_info: {network: {renderers: [networkd]}}
	locale: false
	apt: {preserve_sources_list: true}
	cloud_init_modules: [seed_random, bootcmd, write-files, disk_setup, mounts, set_hostname, update_hostname, update_etc_hosts, ca-certs, users-groups, ssh]
	cloud_config_modules: [ssh-import-id, locale, set-passwords, apt-configure, ntp, timezone, runcmd]
	cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-vendor, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, final-message, power-state-change]
	END
    # It waits for udev to have found the interfaces, which needs udev to have begun.
    put "$1" /etc/systemd/system/cloud-init-local.service.d/image.conf 644 <<-'END'
	[Unit]
	After=systemd-udevd.service systemd-udev-trigger.service
	END
}

# At each boot the root partition takes what is free behind it, and the filesystem
# takes the partition (x-systemd.growfs in fstab).
grow_root() { # TREE
    put "$1" /etc/repart.d/50-root.conf 644 <<-'END'
	[Partition]
	Type=root
	END
}

console_device() {
    case $IMAGE_ARCH in
    amd64) echo ttyS0 ;;
    arm64) echo ttyAMA0 ;;
    esac
}

# grub.cfg names the links to the newest kernel, which its packages maintain, so
# that it stays right without update-grub; who runs that gets the same settings.
boot_loader_config() { # TREE UUID
    local line
    line="console=tty0 console=$(console_device),115200"
    put "$1" /etc/default/grub 644 <<-END
	GRUB_DEFAULT=0
	GRUB_TIMEOUT=0
	GRUB_DISTRIBUTOR=Debian
	GRUB_CMDLINE_LINUX_DEFAULT=""
	GRUB_CMDLINE_LINUX="$line"
	GRUB_TERMINAL="console serial"
	GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
	GRUB_DISABLE_OS_PROBER=true
	END
    put "$1" /boot/grub/grub.cfg 644 <<-END
	if serial --unit=0 --speed=115200; then
	    terminal_output console serial
	    terminal_input console serial
	fi
	set timeout=0
	menuentry Debian {
	    linux /vmlinuz root=UUID=$2 ro $line
	    initrd /initrd.img
	}
	END
}

fstab() { # TREE UUID
    put "$1" /etc/fstab 644 <<-END
	UUID=$2 / ext4 defaults,noatime,errors=remount-ro,x-systemd.growfs 0 1
	END
}

network() { # TREE: cloud-init renders it, systemd-networkd and -resolved apply it
    systemctl --root="$1" --quiet enable systemd-networkd.service systemd-resolved.service
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"
    # One interface that is up is enough to go on; the segment has no router.
    put "$1" /etc/systemd/system/systemd-networkd-wait-online.service.d/image.conf 644 <<-'END'
	[Service]
	ExecStart=
	ExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=30
	END
}

disk_setup() { # TREE UUID
    cloud_init "$1"
    grow_root "$1"
    boot_loader_config "$1" "$2"
    fstab "$1" "$2"
    network "$1"
    # shellcheck disable=SC2086 # a list of words
    mask "$1" $DISK_UNITS
}

# ---- the disk ----

# Sectors of 512 bytes. The root comes last on the disk, so that it can grow.
BIOS_START=2048
ESP_START=4096
ESP_SECTORS=32768
ROOT_START=$((ESP_START + ESP_SECTORS))

# The features that every GRUB of the supported suites reads, whatever this
# machine's mke2fs.conf says.
filesystem_features() {
    cat <<-'END'
	[defaults]
	    base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
	    default_mntopts = acl,user_xattr
	    blocksize = 4096
	    inode_size = 256
	    inode_ratio = 16384
	[fs_types]
	    ext4 = {
	        features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
	    }
	END
}

root_sectors() { # TREE: its size and a third, and 256 MiB
    local used
    used=$(du -s --block-size=512 "$1" | cut -f1)
    echo $(((used + used / 3 + 524288) / 2048 * 2048))
}

root_type() { # sgdisk's code: by it systemd-repart knows the root partition
    case $IMAGE_ARCH in
    amd64) echo 8304 ;;
    arm64) echo 8305 ;;
    esac
}

partitions() { # DISK SECTORS
    rm -f "$1"
    truncate -s $(((ROOT_START + $2 + 2048) * 512)) "$1"
    if [ "$IMAGE_ARCH" = amd64 ]; then
        sgdisk -n "14:$BIOS_START:$((ESP_START - 1))" -t 14:EF02 "$1" >/dev/null
    fi
    sgdisk -n "15:$ESP_START:$((ROOT_START - 1))" -t 15:EF00 -c 15:efi \
        -n "1:$ROOT_START:$((ROOT_START + $2 - 1))" -t "1:$(root_type)" -c 1:root "$1" >/dev/null
}

root_filesystem() { # TREE DISK SECTORS UUID
    filesystem_features >"$IMAGE_WORK/mke2fs.conf"
    MKE2FS_CONFIG=$IMAGE_WORK/mke2fs.conf mkfs.ext4 -q -F -T ext4 -L root -U "$4" -d "$1" \
        -E "offset=$((ROOT_START * 512)),lazy_itable_init=0,lazy_journal_init=0" \
        "$2" "$(($3 / 2))k"
}

GRUB_MODULES='part_gpt ext2 normal configfile linux search search_fs_uuid serial terminal echo
    test true minicmd gzio'

grub_image() { # TREE PLATFORM PLACE MODULE...: makes /PLACE in the tree
    local tree=$1 platform=$2 place=$3
    mkdir -p "$tree/boot/grub/$platform"
    cp "$tree/usr/lib/grub/$platform"/*.{mod,lst} "$tree/boot/grub/$platform/"
    # shellcheck disable=SC2086 # a list of words
    chroot "$tree" grub-mkimage -O "$platform" -o "$place" -p /boot/grub \
        -c /boot/grub/early.cfg $GRUB_MODULES "${@:4}"
}

grub_images() { # TREE UUID
    put "$1" /boot/grub/early.cfg 644 <<-END
	search.fs_uuid $2 root
	set prefix=(\$root)/boot/grub
	END
    case $IMAGE_ARCH in
    amd64)
        grub_image "$1" i386-pc /boot/grub/i386-pc/core.img biosdisk
        grub_image "$1" x86_64-efi /boot/grub/BOOTX64.EFI fat efi_gop
        ;;
    arm64) grub_image "$1" arm64-efi /boot/grub/BOOTAA64.EFI fat efi_gop ;;
    esac
}

number() { # VALUE BYTES: little-endian
    local value=$1 left=$2 text=
    for (( ; left > 0; left--)); do
        text+=$(printf '\\x%02x' $((value & 255)))
        value=$((value >> 8))
    done
    printf '%b' "$text"
}

patch() { # DISK OFFSET: standard input goes there
    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# What grub-install does to a disk: boot.img into the first sector, with the place
# of core.img at 0x5c and without the jump at 0x66 that mistrusts the BIOS's drive
# number; core.img into its partition, its own rest's place at the end of its first
# sector (GRUB's boot.h: GRUB_BOOT_MACHINE_KERNEL_SECTOR, _DRIVE_CHECK, and struct
# grub_pc_bios_boot_blocklist).
bios_loader() { # TREE DISK
    local core=$1/boot/grub/i386-pc/core.img
    [ "$(stat -c %s "$core")" -le $(((ESP_START - BIOS_START) * 512)) ] ||
        die "GRUB's core.img does not fit into its partition"
    dd if="$1/usr/lib/grub/i386-pc/boot.img" of="$2" bs=1 count=440 conv=notrunc status=none
    number "$BIOS_START" 8 | patch "$2" $((0x5c))
    printf '\x90\x90' | patch "$2" $((0x66))
    dd if="$core" of="$2" bs=512 seek="$BIOS_START" conv=notrunc status=none
    number $((BIOS_START + 1)) 8 | patch "$2" $((BIOS_START * 512 + 512 - 12))
}

efi_partition() { # TREE DISK
    local esp=$IMAGE_WORK/esp loader
    loader=$(ls "$1"/boot/grub/BOOT*.EFI)
    truncate -s $((ESP_SECTORS * 512)) "$esp"
    mkfs.vfat -n EFI "$esp" >/dev/null
    mmd -i "$esp" ::EFI ::EFI/BOOT
    mcopy -i "$esp" "$loader" ::EFI/BOOT/
    dd if="$esp" of="$2" bs=1M seek=$((ESP_START / 2048)) conv=notrunc,sparse status=none
    rm -f "$loader" "$esp"
}

disk() { # TREE UUID
    local disk=$IMAGE_WORK/disk sectors
    say "making the disk"
    grub_images "$1" "$2"
    sectors=$(root_sectors "$1")
    partitions "$disk" "$sectors"
    efi_partition "$1" "$disk"
    if [ "$IMAGE_ARCH" = amd64 ]; then bios_loader "$1" "$disk"; fi
    root_filesystem "$1" "$disk" "$sectors" "$2"
    say "converting it to qcow2"
    qemu-img convert -f raw -O qcow2 "$disk" "$IMAGE_OUTPUT"
    rm -f "$disk"
}

# ---- all of it ----

main() {
    local tree=$IMAGE_WORK/tree uuid
    check
    uuid=$(cat /proc/sys/kernel/random/uuid)
    if [ "$IMAGE_FORMAT" = disk ]; then initramfs_script; fi >"$IMAGE_WORK/initramfs"
    bootstrap "$tree"
    common_setup "$tree"
    if [ "$IMAGE_FORMAT" = disk ]; then
        disk_setup "$tree" "$uuid"
    else
        # shellcheck disable=SC2086 # a list of words
        mask "$tree" $TREE_UNITS
    fi
    if [ -n "${IMAGE_HOOK:-}" ]; then
        say "running $IMAGE_HOOK"
        "$IMAGE_HOOK" "$tree" || die "the hook $IMAGE_HOOK failed (status $?)"
    fi
    if [ "$IMAGE_FORMAT" = disk ]; then disk "$tree" "$uuid"; else mv "$tree" "$IMAGE_OUTPUT"; fi
    say "done"
}

main
