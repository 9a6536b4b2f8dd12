// SPDX-License-Identifier: BSD-3-Clause
//
// A slower disk for any server: preloaded, it makes each fdatasync() take KEEL_SLOW_DISK_US microseconds longer.
#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

extern "C" int fdatasync(int descriptor) {
    using Sync = int (*)(int);
    static const auto real = reinterpret_cast<Sync>(dlsym(RTLD_NEXT, "fdatasync"));
    static const char* const told = std::getenv("KEEL_SLOW_DISK_US");
    const int result = real(descriptor);
    const int number = errno;
    if (told != nullptr) usleep(static_cast<useconds_t>(std::atoi(told)));
    errno = number;
    return result;
}
