"""Namespaces of this process alone: accounts, /etc and homes that always begin
the same, a network with nobody else in it. What is made in there ends with the
process."""
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess

from web_server import serve

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x20000, 0x4000000, 0x40000000
MS_REC, MS_PRIVATE, MS_BIND = 0x4000, 0x40000, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
TOP = "/mnt"  # of the namespace; a tmpfs
FOLDERS = ("/etc", "/home", "/var/mail")
KEPT = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "os-release", "pam.conf", "pam.d",
        "security", "ssl", "debian_version", "ansible", "ssh", "mke2fs.conf", "dpkg")
ACCOUNTS = [("root", 0, "/root", "/bin/bash"), ("daemon", 1, "/usr/sbin", "/usr/sbin/nologin"),
            ("bin", 2, "/bin", "/usr/sbin/nologin"), ("sys", 3, "/dev", "/usr/sbin/nologin"),
            ("mail", 8, "/var/mail", "/usr/sbin/nologin"), ("www-data", 33, "/var/www", "/usr/sbin/nologin"),
            ("nobody", 65534, "/nonexistent", "/usr/sbin/nologin")]
GROUPS = [("adm", 4), ("tty", 5), ("disk", 6), ("sudo", 27), ("shadow", 42), ("users", 100)]
FILES = {
    "passwd": "".join(f"{n}:x:{i}:{i}:{n}:{home}:{shell}\n" for n, i, home, shell in ACCOUNTS),
    "group": "".join(f"{n}:x:{i}:\n" for n, i in [a[:2] for a in ACCOUNTS] + GROUPS),
    "shadow": "".join(f"{n}:*:19700:0:99999:7:::\n" for n, *_ in ACCOUNTS),
    "gshadow": "".join(f"{n}:*::\n" for n, _ in [a[:2] for a in ACCOUNTS] + GROUPS),
    "subuid": "", "subgid": "",
    "login.defs": "MAIL_DIR /var/mail\nUMASK 022\nHOME_MODE 0755\nPASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\n"
                  "PASS_WARN_AGE 7\nUID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 100\nSYS_UID_MAX 999\nGID_MIN 1000\n"
                  "GID_MAX 60000\nSYS_GID_MIN 100\nSYS_GID_MAX 999\nUSERGROUPS_ENAB yes\nENCRYPT_METHOD SHA512\n",
    "default/useradd": "SHELL=/bin/sh\nSKEL=/etc/skel\nCREATE_MAIL_SPOOL=no\n",
    "skel/.profile": "# profile\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
    "hosts": "127.0.0.1 localhost\n", "hostname": "machine\n", "fstab": "# fstab\n",
    "shells": "/bin/sh\n/bin/bash\n", "sysctl.conf": "", "profile": "",
    "security/opasswd": "",
}


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def put_files(etc):
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(f"{etc}/{name}"), exist_ok=True)
        with open(f"{etc}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
    for name in ("shadow", "gshadow"):
        os.chmod(f"{etc}/{name}", 0o640)
        os.chown(f"{etc}/{name}", 0, 42)


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


class PrivateMachine:
    def __init__(self):
        """OSError where this process may not."""
        if os.geteuid() != 0:
            raise PermissionError("not root")
        for path in (os.path.realpath(__file__), os.path.realpath(os.environ.get("ROLLOUT", "/"))):
            if path.startswith(tuple(f"{folder}/" for folder in FOLDERS + (TOP,))):
                raise PermissionError(f"{path} would not be there any more")
        libc = ctypes.CDLL(None, use_errno=True)
        check(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET), "unshare")
        check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
        check(libc.mount(b"tmpfs", TOP.encode(), b"tmpfs", 0, b"mode=755"), f"mount {TOP}")
        raise_loopback()
        socket.sethostname("machine")
        self.pristine = f"{TOP}/pristine"
        os.makedirs(self.pristine)
        for name in KEPT + tuple(n for n in os.listdir("/etc") if n.startswith("python")):
            if os.path.exists(f"/etc/{name}"):
                subprocess.run(["cp", "-a", f"/etc/{name}", self.pristine], check=True)
        put_files(self.pristine)
        for folder in FOLDERS:
            own = f"{TOP}/own{folder}"
            os.makedirs(own)
            os.makedirs(folder, exist_ok=True)
            check(libc.mount(own.encode(), folder.encode(), None, MS_BIND, None), f"mount {folder}")
        serve()
        self.dir = f"{TOP}/cases"
        self.reset()

    def reset(self):
        ours = os.stat(TOP).st_dev
        for folder in FOLDERS:
            # Nothing is removed of the machine that this one is on.
            if os.stat(folder).st_dev != ours:
                raise RuntimeError(f"{folder} is not this machine's own")
            for name in os.listdir(folder):
                path = f"{folder}/{name}"
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        subprocess.run(["cp", "-a", f"{self.pristine}/.", "/etc"], check=True)
