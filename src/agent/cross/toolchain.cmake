# Builds for another architecture of Debian, with its cross compiler and a tree of
# that architecture's packages. src/agent/cross/build.sh sets both variables:
#   ROLLOUT_CROSS_MACHINE  as `uname -m` says it there
#   ROLLOUT_CROSS_SYSROOT  the tree
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ROLLOUT_CROSS_MACHINE ROLLOUT_CROSS_SYSROOT)
set(triplet ${ROLLOUT_CROSS_MACHINE}-linux-gnu)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${ROLLOUT_CROSS_MACHINE})
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_SYSROOT ${ROLLOUT_CROSS_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
