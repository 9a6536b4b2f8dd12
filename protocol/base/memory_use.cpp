// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/memory_use.h"

#include <fmt/core.h>
#include <malloc.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#if defined(KEEL_JEMALLOC)
#include <jemalloc/jemalloc.h>
#endif
#if defined(KEEL_SANITIZED)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // GCC comes without the header that declares it
#endif

#if defined(KEEL_JEMALLOC)
// Read by jemalloc before main. A slab of 4096 or 8192 bytes, as blocks of streams and nodes of lists are, would hold
// one such region, and its record of 128 bytes would weigh 3 percent of it; of 32 pages it is lost in the sum. Unused
// pages go back after about a second, not ten: a client's large buffers are used again at once or not at all.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "slab_sizes:4096-4096:32|8192-8192:32,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
#endif

namespace keel {

namespace {

#if defined(KEEL_JEMALLOC)
struct ThreadCounters {
    std::atomic<const std::uint64_t*> allocated{nullptr};  // null: nobody's
    const std::uint64_t* freed = nullptr;
    // Threads change their own counters with plain stores; torn they are not.
    [[nodiscard]] std::int64_t held(const std::uint64_t* of_allocated) const noexcept {
        const std::uint64_t gone = __atomic_load_n(freed, __ATOMIC_RELAXED);
        return static_cast<std::int64_t>(__atomic_load_n(of_allocated, __ATOMIC_RELAXED) - gone);
    }
};
constexpr std::size_t kMostThreads = 64;
std::mutex g_registering;  // guards who has which place
std::array<ThreadCounters, kMostThreads> g_threads;
std::atomic<std::size_t> g_places{0};          // that were ever taken
std::atomic<std::int64_t> g_held_by_ended{0};  // allocated less freed by threads that have ended

// The place of the thread that has this counter; null: a free one. Null if there is none.
ThreadCounters* place_of(const std::uint64_t* allocated) {
    for (std::size_t i = 0; i < g_places.load(std::memory_order_relaxed); ++i) {
        if (g_threads[i].allocated.load(std::memory_order_relaxed) == allocated) return &g_threads[i];
    }
    return nullptr;
}

template <typename T>
T control(const char* name) {
    T value{};
    std::size_t size = sizeof(value);
    mallctl(name, &value, &size, nullptr, 0);
    return value;
}
#endif

}  // namespace

void register_thread_memory() {
#if defined(KEEL_JEMALLOC)
    const auto allocated = control<std::uint64_t*>("thread.allocatedp");
    const auto freed = control<std::uint64_t*>("thread.deallocatedp");
    if (allocated == nullptr || freed == nullptr) return;
    const std::lock_guard lock(g_registering);
    if (place_of(allocated) != nullptr) return;
    ThreadCounters* place = place_of(nullptr);
    if (place == nullptr) {
        const std::size_t places = g_places.load(std::memory_order_relaxed);
        if (places == kMostThreads) return;
        place = &g_threads[places];
        g_places.store(places + 1, std::memory_order_relaxed);
    }
    place->freed = freed;
    place->allocated.store(allocated, std::memory_order_release);
#endif
}

void unregister_thread_memory() {
#if defined(KEEL_JEMALLOC)
    const auto allocated = control<std::uint64_t*>("thread.allocatedp");
    const std::lock_guard lock(g_registering);
    ThreadCounters* const place = allocated == nullptr ? nullptr : place_of(allocated);
    if (place == nullptr) return;
    g_held_by_ended.fetch_add(place->held(allocated), std::memory_order_relaxed);
    place->allocated.store(nullptr, std::memory_order_release);
#endif
}

std::uint64_t malloced_bytes() noexcept {
#if defined(KEEL_JEMALLOC)
    std::int64_t held = g_held_by_ended.load(std::memory_order_relaxed);
    const std::size_t places = g_places.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < places; ++i) {
        const std::uint64_t* const allocated = g_threads[i].allocated.load(std::memory_order_acquire);
        if (allocated != nullptr) held += g_threads[i].held(allocated);
    }
    return held > 0 ? static_cast<std::uint64_t>(held) : 0;
#elif defined(KEEL_SANITIZED)
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}

std::uint64_t resident_bytes() noexcept {
    std::FILE* file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr) return 0;
    unsigned long long total = 0;
    unsigned long long resident = 0;
    const int read = std::fscanf(file, "%llu %llu", &total, &resident);
    std::fclose(file);
    return read == 2 ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t machine_bytes() noexcept {
    struct sysinfo info {};
    return sysinfo(&info) == 0 ? std::uint64_t{info.totalram} * info.mem_unit : 0;
}

AllocatorFigures allocator_figures() {
#if defined(KEEL_JEMALLOC)
    std::uint64_t epoch = 1;
    std::size_t size = sizeof(epoch);
    mallctl("epoch", &epoch, &size, &epoch, size);
    AllocatorFigures out;
    out.allocated = control<std::size_t>("stats.allocated");
    out.active = control<std::size_t>("stats.active");
    out.resident = control<std::size_t>("stats.resident");
    const auto pages = control<std::size_t>(fmt::format("stats.arenas.{}.pmuzzy", MALLCTL_ARENAS_ALL).c_str());
    out.muzzy = pages * control<std::size_t>("arenas.page");
    return out;
#else
    return {};
#endif
}

std::string allocator_name() {
#if defined(KEEL_JEMALLOC)
    return fmt::format("jemalloc-{}.{}.{}", JEMALLOC_VERSION_MAJOR, JEMALLOC_VERSION_MINOR, JEMALLOC_VERSION_BUGFIX);
#else
    return "libc";
#endif
}

bool purge_in_background([[maybe_unused]] bool on) {
#if defined(KEEL_JEMALLOC)
    return mallctl("background_thread", nullptr, nullptr, &on, sizeof(on)) == 0;
#else
    return false;
#endif
}

bool purge_allocator() {
#if defined(KEEL_JEMALLOC)
    return mallctl(fmt::format("arena.{}.purge", MALLCTL_ARENAS_ALL).c_str(), nullptr, nullptr, nullptr, 0) == 0;
#else
    return malloc_trim(0) >= 0;
#endif
}

std::string allocator_report() {
    std::string out;
#if defined(KEEL_JEMALLOC)
    malloc_stats_print([](void* to, const char* text) { static_cast<std::string*>(to)->append(text); }, &out, nullptr);
#else
    out = "Stats not supported for the current allocator";
#endif
    return out;
}

#if defined(KEEL_JEMALLOC)

namespace {
Error allocator_error(int code) { return Error{fmt::format("ERR {}", std::strerror(code))}; }
}  // namespace

// A parameter's width is not told: the one that fits is accepted.
Result<std::int64_t> allocator_number(const std::string& name, std::optional<std::int64_t> value) {
    int code = EINVAL;
    for (const std::size_t width : {sizeof(std::int64_t), sizeof(std::int32_t), sizeof(bool)}) {
        std::int64_t old = 0;
        std::int64_t fresh = value.value_or(0);
        std::size_t size = width;
        code = mallctl(name.c_str(), &old, &size, value ? &fresh : nullptr, value ? width : 0);
        if (code == 0) return old;
        if (code != EINVAL) break;
    }
    return allocator_error(code);
}

Result<std::string> allocator_text(const std::string& name, std::optional<std::string> value) {
    const char* old = nullptr;
    std::size_t size = sizeof(old);
    const char* fresh = value ? value->c_str() : nullptr;
    const int code = mallctl(name.c_str(), &old, &size, value ? &fresh : nullptr, value ? sizeof(fresh) : 0);
    if (code != 0) return allocator_error(code);
    return std::string{old == nullptr ? "" : old};
}

Status allocator_act(const std::string& name) {
    const int code = mallctl(name.c_str(), nullptr, nullptr, nullptr, 0);
    if (code != 0) return allocator_error(code);
    return {};
}

#else

namespace {
constexpr ErrorText kNoParameters{"ERR The allocator of this build has no parameters"};
}

Result<std::int64_t> allocator_number(const std::string&, std::optional<std::int64_t>) { return kNoParameters; }
Result<std::string> allocator_text(const std::string&, std::optional<std::string>) { return kNoParameters; }
Status allocator_act(const std::string&) { return kNoParameters; }

#endif

}  // namespace keel
