// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/background.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "protocol/base/memory_use.h"

using namespace keel;

namespace {

// Holds the helper inside a job until it is opened.
class Gate {
  public:
    void open() { opened_.set_value(); }
    [[nodiscard]] auto job() {
        return [opened = opened_.get_future().share()] { opened.wait(); };
    }

  private:
    std::promise<void> opened_;
};

void nothing() {}

// Remembers on which thread it died.
class Mourned {
  public:
    explicit Mourned(std::thread::id& where) : where_(&where) {}
    Mourned(Mourned&& other) noexcept : where_(std::exchange(other.where_, nullptr)) {}
    Mourned(const Mourned&) = delete;
    Mourned& operator=(const Mourned&) = delete;
    Mourned& operator=(Mourned&&) = delete;
    ~Mourned() {
        if (where_ != nullptr) *where_ = std::this_thread::get_id();
    }

  private:
    std::thread::id* where_;
};

// New threads would need a stack that no machine has, and so there are none.
class NoThreads {
  public:
    NoThreads() {
        pthread_getattr_default_np(&before_);
        pthread_attr_t wanted;
        pthread_getattr_default_np(&wanted);
        pthread_attr_setstacksize(&wanted, std::size_t{1} << 50);
        pthread_setattr_default_np(&wanted);
        pthread_attr_destroy(&wanted);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;
    ~NoThreads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }

  private:
    pthread_attr_t before_;
};

}  // namespace

TEST_CASE("background: jobs run elsewhere, completions here, both in order") {
    Background background(nothing);
    const auto here = std::this_thread::get_id();
    std::vector<int> ran;
    std::vector<int> completed;
    for (int i = 0; i < 100; ++i) {
        background.submit(
            [&ran, i, here] {
                ran.push_back(i);
                return std::this_thread::get_id() != here;
            },
            [&completed, i, here](bool elsewhere) {
                CHECK(elsewhere);
                CHECK(std::this_thread::get_id() == here);
                completed.push_back(i);
            });
    }
    background.drain();
    std::vector<int> expected(100);
    for (int i = 0; i < 100; ++i) expected[static_cast<std::size_t>(i)] = i;
    CHECK(ran == expected);
    CHECK(completed == expected);
    CHECK(background.pending() == 0);
}

TEST_CASE("background: jobs and results may be move-only") {
    Background background(nothing);
    auto text = std::make_unique<std::string>("moved");
    std::string seen;
    background.submit([text = std::move(text)]() mutable { return std::move(text); },
                      [&seen, proof = std::make_unique<int>(1)](std::unique_ptr<std::string> back) { seen = *back; });
    background.drain();
    CHECK(seen == "moved");
}

TEST_CASE("background: what a job holds dies on the helper, before the completion") {
    Background background(nothing);
    const auto here = std::this_thread::get_id();
    std::thread::id plain = here;
    std::thread::id with_completion = here;
    bool gone_before = false;
    background.submit([held = Mourned(plain)] {});
    background.submit([held = Mourned(with_completion)] {}, [&] { gone_before = with_completion != here; });
    background.drain();
    CHECK(plain != here);
    CHECK(gone_before);
}

TEST_CASE("background: pending counts until the completion has returned") {
    Background background(nothing);
    Gate gate;
    background.submit(gate.job());
    background.submit([] {});
    std::size_t during = 99;
    background.submit([] {}, [&] { during = background.pending(); });
    CHECK(background.pending() == 3);
    CHECK(background.run_completions() == 0);
    gate.open();
    background.drain();
    CHECK(during == 1);
    CHECK(background.pending() == 0);
}

TEST_CASE("background: the loop is woken once for a batch, and not for jobs without completion") {
    std::atomic<int> wakes{0};
    Background background([&wakes] { ++wakes; });
    background.submit([] {});
    background.drain();
    CHECK(wakes == 0);

    std::promise<void> all_ran;
    for (int i = 0; i < 5; ++i) background.submit([] {}, [] {});
    background.submit([&] { all_ran.set_value(); });
    all_ran.get_future().wait();
    CHECK(wakes == 1);
    CHECK(background.run_completions() == 5);

    std::promise<void> woken;
    Background second([&woken] { woken.set_value(); });
    second.submit([] {}, [] {});
    CHECK(woken.get_future().wait_for(std::chrono::seconds{10}) == std::future_status::ready);
    second.drain();
}

TEST_CASE("background: a completion may submit, and drain waits for that too") {
    Background background(nothing);
    int depth = 0;
    std::function<void()> again = [&] {
        if (++depth < 10) background.submit([] {}, [&] { again(); });
    };
    background.submit([] {}, [&] { again(); });
    background.drain();
    CHECK(depth == 10);
}

TEST_CASE("background: the destructor runs what waits, without completions") {
    int ran = 0;
    bool completed = false;
    Gate gate;
    {
        Background background(nothing);
        background.submit(gate.job());
        for (int i = 0; i < 10; ++i) background.submit([&ran] { ++ran; }, [&completed] { completed = true; });
        gate.open();
    }
    CHECK(ran == 10);
    CHECK_FALSE(completed);
}

TEST_CASE("background: the helper has its name and takes no signals, its maker's mask stays") {
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    Background background(nothing, "bio_test");
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    for (const int signal : {SIGTERM, SIGUSR1, SIGCHLD})
        CHECK(sigismember(&before, signal) == sigismember(&after, signal));

    struct Seen {
        std::string name;
        bool term_blocked;
        bool usr1_blocked;
    };
    Seen seen{};
    background.submit(
        [] {
            char name[16] = {};
            pthread_getname_np(pthread_self(), name, sizeof name);
            sigset_t mask;
            pthread_sigmask(SIG_SETMASK, nullptr, &mask);
            return Seen{name, sigismember(&mask, SIGTERM) == 1, sigismember(&mask, SIGUSR1) == 1};
        },
        [&seen](Seen result) { seen = std::move(result); });
    background.drain();
    CHECK(seen.name == "bio_test");
    CHECK(seen.term_blocked);
    CHECK(seen.usr1_blocked);
}

TEST_CASE("background: a system that gives no thread is an error, and the signals stay as they were") {
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    {
        const NoThreads limit;
        const Background none(nothing, "bio_test");
        REQUIRE_FALSE(none.started());
        CHECK(none.started().error().text() == "Can't create the thread bio_test: Resource temporarily unavailable");
    }
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    for (const int signal : {SIGTERM, SIGUSR1, SIGCHLD})
        CHECK(sigismember(&before, signal) == sigismember(&after, signal));
    const Background one(nothing);
    CHECK(one.started());
}

TEST_CASE("background: what one thread allocates and the other frees counts, also when the helper has ended") {
    constexpr std::size_t kJobs = 20'000;
    constexpr std::size_t kBytes = 100;
    register_thread_memory();
    const std::uint64_t before = malloced_bytes();
    const auto grown = [before] { return static_cast<std::int64_t>(malloced_bytes() - before); };
    {
        Background background(nothing);
        for (std::size_t i = 0; i < kJobs; ++i) {
            // One of it dies there, the other is made there and dies here.
            background.submit([given = std::string(kBytes, 'a')] { return std::string(kBytes, 'b'); },
                              [](const std::string&) {});
        }
        background.drain();
        CHECK(std::abs(grown()) < static_cast<std::int64_t>(kJobs * kBytes / 10));
    }
    CHECK(std::abs(grown()) < static_cast<std::int64_t>(kJobs * kBytes / 10));
}
