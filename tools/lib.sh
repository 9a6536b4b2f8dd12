# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2086,SC2206
#
# What tools/start and tools/test share: finding out what this machine lacks, installing it, building. Sourced, not run.
#
# A need is looked for by what it gives (a header, a program, a Python module), not by a package's name, and only what
# is missing is asked of apt. That is not only quicker: naming an installed thing's other package makes apt refuse.
# Two cases seen: Debian's `npm` beside a nodejs that brings its own npm ("nodejs: Conflicts: npm"), and `libboost-dev`
# (1.74) beside libboost1.81-dev, which conflict. One such name in a list, and apt installs nothing of the whole list.
# So a need may also list alternatives, and when a joint installation fails each need is tried alone.
#
# Always true:
#   1. Nothing is installed, started or stopped beyond the packages printed.
#   2. No redis service: Debian's redis-tools holds the server's program already (as redis-check-rdb, which is the
#      server when called by that name), so the redis-server package, which starts one on 6379, is never installed.
#   3. A second run on a ready machine asks apt nothing.

KEEL_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
KEEL_JOBS=${KEEL_JOBS:-$(nproc)}
KEEL_PYTHON=/usr/bin/python3      # the distribution's own: its python3-redis and python3-pytest belong to it
KEEL_SINCE=$SECONDS
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$KEEL_ROOT} CCACHE_NOHASHDIR=1

say()  { printf '\033[1m== [%3ds] %s\033[0m\n' $((SECONDS - KEEL_SINCE)) "$*"; }
note() { printf '   %s\n' "$*"; }
die()  { printf '\n%s: %s\n' "$(basename "$0")" "$1" >&2; shift; [ $# -eq 0 ] || printf '   %s\n' "$@" >&2; exit 1; }

# --- what is needed: "what it is | test that it is there | package or alternatives in order of preference" ---
BUILD_NEEDS=(
    "ninja                     | has_program ninja                      | ninja-build"
    "CMake 3.22 or later       | has_cmake                              | cmake"
    "a C++20 compiler, GCC 12+ | has_compiler                           | g++-12 g++"
    "pkg-config                | has_program pkg-config                 | pkg-config pkgconf"
    "Boost.Asio headers        | has_header boost/asio.hpp              | libboost1.81-dev libboost1.83-dev libboost-dev"
    "jemalloc                  | has_header jemalloc/jemalloc.h         | libjemalloc-dev"
    "xxHash                    | has_header xxhash.h                    | libxxhash-dev"
    "fmt                       | has_header fmt/format.h                | libfmt-dev"
    "spdlog                    | has_header spdlog/spdlog.h             | libspdlog-dev"
    "Abseil                    | has_header absl/container/btree_map.h  | libabsl-dev"
    "OpenSSL headers           | has_header openssl/ssl.h               | libssl-dev"
    "liburing                  | has_header liburing.h                  | liburing-dev"
    "liblzf                    | has_header liblzf/lzf.h lzf.h          | liblzf-dev"
    "Lua 5.1, built as C++     | has_header lua5.1/lua.hpp              | liblua5.1-0-dev"
    "Catch2                    | has_header catch2/catch.hpp catch2/catch_all.hpp | catch2"
)
TEST_NEEDS=(
    "redis-cli, redis-benchmark and the server to compare with | has_peer   | redis-tools"
    "python3 of the system     | has_python sys                         | python3"
    "python3-redis             | has_python redis                       | python3-redis"
    "python3-pytest            | has_python pytest                      | python3-pytest"
    "openssl (certificates of tests) | has_program openssl              | openssl"
)
# Without these the rest still runs; ctest's list then lacks the tests that need them, and tools/test says so.
WISHED_NEEDS=(
    "ccache (quicker rebuilds) | has_program ccache                     | ccache"
    "clang with libFuzzer      | has_fuzzer                             | clang-16&libclang-rt-16-dev clang-17&libclang-rt-17-dev clang-18&libclang-rt-18-dev clang-15&libclang-rt-15-dev clang-14&libclang-rt-14-dev clang"
    "strace (delays of the disk) | has_program strace                    | strace"
    "Node.js and npm (ioredis) | has_npm                                | nodejs&npm"
)

has_program() { command -v "$1" >/dev/null 2>&1; }
has_header() {
    local header dir
    for header in "$@"; do
        for dir in /usr/include /usr/local/include "/usr/include/$(uname -m)-linux-gnu"; do
            [ -e "$dir/$header" ] && return 0
        done
    done
    return 1
}
has_python() { [ -x "$KEEL_PYTHON" ] && "$KEEL_PYTHON" -c "import $1" >/dev/null 2>&1; }
has_npm()    { has_program node && has_program npm; }
has_peer()   { has_program redis-cli && has_program redis-benchmark && { has_program redis-server || has_program redis-check-rdb; }; }
has_cmake() {
    local version
    version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p')
    [ -n "$version" ] && [ "$(printf '%s\n3.22\n' "$version" | sort -V | head -1)" = 3.22 ]
}
has_compiler() { find_compiler >/dev/null; }
has_fuzzer()   { find_fuzzer >/dev/null; }

# The compiler to build with: $CXX if set, else the first g++ that is version 12 or later.
find_compiler() {
    if [ -n "${CXX:-}" ]; then command -v "$CXX"; return; fi
    local cxx
    for cxx in g++ g++-12 g++-13 g++-14 g++-15; do
        if has_program "$cxx" && [ "$("$cxx" -dumpversion | cut -d. -f1)" -ge 12 ]; then command -v "$cxx"; return 0; fi
    done
    return 1
}

# The newest-known-good clang++ that comes with libFuzzer's runtime.
find_fuzzer() {
    local version cxx dir
    for version in -16 -17 -18 -19 -20 -15 -14 ''; do
        cxx=clang++$version
        has_program "$cxx" || continue
        dir=$("$cxx" -print-resource-dir)
        compgen -G "$dir/lib/*/libclang_rt.fuzzer*" >/dev/null && { command -v "$cxx"; return 0; }
    done
    return 1
}

# --- which system this is ---
SYSTEM_NAME="$(uname -s)"
[ -r /etc/os-release ] && SYSTEM_NAME=$(. /etc/os-release && echo "${PRETTY_NAME:-$NAME}")
system_is_known() {
    [ -r /etc/os-release ] && has_program apt-get && has_program dpkg || return 1
    local id version
    id=$(. /etc/os-release && echo "${ID:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    case $id in
        debian) [ -z "$version" ] || [ "${version%%.*}" -ge 12 ] ;;     # testing and unstable name no version
        ubuntu) [ "$(printf '%s\n22.04\n' "$version" | sort -V | head -1)" = 22.04 ] ;;
        *) return 1 ;;
    esac
}

trim() { local s=$1; s=${s#"${s%%[![:space:]]*}"}; printf '%s' "${s%"${s##*[![:space:]]}"}"; }
need_name() { trim "$(cut -d'|' -f1 <<<"$1")"; }
need_test() { trim "$(cut -d'|' -f2 <<<"$1")"; }
need_packages() { trim "$(cut -d'|' -f3 <<<"$1")"; }
is_met() { local -a test; read -ra test <<<"$(need_test "$1")"; "${test[@]}"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif has_program sudo; then sudo "$@"
    else die "packages have to be installed, but this is not root and there is no sudo. As root, run:" \
             "apt-get install --no-install-recommends $WANTED_PACKAGES"
    fi
}

# --- installing ---
APT_UPDATED='' APT_LOG='' WANTED_PACKAGES=''
apt_update_once() {
    [ -z "$APT_UPDATED" ] || return 0
    APT_UPDATED=yes
    note "apt-get update"
    as_root apt-get update -qq || note "apt-get update reported errors; going on with the lists there are"
}
apt_knows() {   # GROUP ("a&b": every one of them)
    local package policy
    for package in ${1//&/ }; do
        # Not through a pipe: with pipefail, a reader that leaves early fails the writer.
        policy=$(apt-cache policy "$package" 2>/dev/null)
        [[ $policy =~ Candidate:\ [^\(] ]] || return 1
    done
}
apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$APT_LOG" 2>&1; }

first_known() {   # NEED: the first of its alternatives that apt can offer
    local group
    for group in $(need_packages "$1"); do
        if apt_knows "$group"; then printf '%s' "$group"; return 0; fi
    done
    return 1
}
install_alone() {   # NEED: its alternatives in order, until its own test holds
    local group
    for group in $(need_packages "$1"); do
        apt_knows "$group" || continue
        note "installing ${group//&/ }"
        if apt_install ${group//&/ } && is_met "$1"; then return 0; fi
    done
    return 1
}

apt_reason() { grep -E 'Conflicts:|Depends:|^E:' "$APT_LOG" | grep -v 'Can not write log' | head -2 | tr -s ' \n' ' ' | grep . || echo "nothing of use"; }

# ensure required|wished NEED...: installs what is missing. A required need that stays unmet ends the script with the
# reason; a wished one is only reported.
ensure() {
    local kind=$1 need group missing=() wanted=() unmet=()
    shift
    for need in "$@"; do is_met "$need" || missing+=("$need"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! system_is_known; then explain_unknown "$kind" "${missing[@]}"; return 0; fi
    APT_LOG=$(mktemp)
    for need in "${missing[@]}"; do first_known "$need" >/dev/null || apt_update_once; done
    for need in "${missing[@]}"; do group=$(first_known "$need") && wanted+=(${group//&/ }); done
    WANTED_PACKAGES="${wanted[*]}"
    if [ ${#wanted[@]} -gt 0 ]; then
        say "installing ${wanted[*]}"
        apt_install "${wanted[@]}" || { apt_update_once; apt_install "${wanted[@]}" || note "apt refused them together; one at a time"; }
    fi
    for need in "${missing[@]}"; do
        is_met "$need" && continue
        install_alone "$need" && continue
        unmet+=("$(need_name "$need"): $(first_known "$need" || need_packages "$need"); apt said: $(apt_reason)")
    done
    rm -f "$APT_LOG"
    [ ${#unmet[@]} -gt 0 ] || return 0
    [ "$kind" = wished ] || die "could not install what keel needs on $SYSTEM_NAME:" "${unmet[@]}"
    for need in "${unmet[@]}"; do note "going on without $need"; done
}

explain_unknown() {   # required|wished MISSING...
    local kind=$1 need lines=()
    shift
    for need in "$@"; do lines+=("$(printf '%-60s %s' "$(need_name "$need")" "$(need_packages "$need" | tr "&" ' ')")"); done
    if [ "$kind" = wished ]; then
        for need in "${lines[@]}"; do note "going on without: $need"; done
        return 0
    fi
    die "this system ($SYSTEM_NAME) is none that this script installs packages on (Debian 12+, Ubuntu 22.04+), and it lacks" \
        "the following; install them your way and run this again (right: Debian's names, alternatives side by side)." \
        "${lines[@]}"
}

# --- building ---
# build PRESET [cmake -D options] [-- targets]: configures when something changed and builds, showing ninja's progress.
build() {
    local preset=$1 options=() targets=() compiler log=$KEEL_ROOT/build/$1.configure.log
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    [ $# -eq 0 ] || { shift; targets=(--target "$@"); }
    compiler=$(find_compiler) || die "no C++ compiler of GCC 12 or later was found (CXX=${CXX:-unset})."
    # Only a new folder is told its compiler: telling an old one makes CMake start over.
    [ -e "$KEEL_ROOT/build/$preset/CMakeCache.txt" ] || options+=(-DCMAKE_CXX_COMPILER="$compiler")
    say "building: $preset ($KEEL_JOBS jobs; CMake's words are in build/$preset.configure.log)"
    ( cd "$KEEL_ROOT"
      cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || { cat "$log"; exit 1; }
      cmake --build "build/$preset" -j "$KEEL_JOBS" "${targets[@]}"
    ) || die "building the $preset preset failed; the reason stands above."
}

# The server to compare with, under a name that makes it a server.
peer_server() {
    if has_program redis-server; then command -v redis-server; return; fi
    mkdir -p "$KEEL_ROOT/build/peer"
    ln -sfn "$(command -v redis-check-rdb)" "$KEEL_ROOT/build/peer/redis-server"
    printf '%s' "$KEEL_ROOT/build/peer/redis-server"
}
mkdir -p "$KEEL_ROOT/build"
