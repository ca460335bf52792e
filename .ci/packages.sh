# SPDX-License-Identifier: Apache-2.0
# Which Debian packages each script needs, and how to get them. Sourced.
BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config python3 libuv1-dev libsodium-dev libsqlite3-dev
 libjansson-dev libconfig-dev libutf8proc-dev libseccomp-dev libcmocka-dev libcbor-dev valgrind"
CHECK_PACKAGES="mandoc python3-nacl procps sqlite3 strace systemd"
LONG_PACKAGES="clang libclang-rt-14-dev gcovr patch spin"

# Installs those that are missing, as root or with sudo.
need_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    echo "installing:$missing" >&2
    $as_root apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# node and npm may come from elsewhere than Debian.
need_node() {
    command -v npm >/dev/null 2>&1 || need_packages nodejs npm
}
