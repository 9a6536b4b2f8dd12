// SPDX-License-Identifier: BSD-3-Clause
//
// What the server counts, for INFO. CONFIG RESETSTAT starts most of it anew.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

// A rate from samples of a growing counter: the mean of the last 16 samples, one each 100 ms.
class Rate {
  public:
    void sample(std::int64_t now_us, std::uint64_t counter) {
        if (last_us_ != 0 && now_us > last_us_) {
            const double seconds = static_cast<double>(now_us - last_us_) / 1e6;
            const std::uint64_t grown = counter >= last_ ? counter - last_ : 0;
            samples_[at_++ % samples_.size()] = static_cast<double>(grown) / seconds;
        }
        last_us_ = now_us;
        last_ = counter;
    }
    [[nodiscard]] double per_second() const {
        double sum = 0;
        for (const double sample : samples_) sum += sample;
        return sum / static_cast<double>(samples_.size());
    }
    void reset() { *this = Rate{}; }

  private:
    std::array<double, 16> samples_{};
    std::size_t at_ = 0;
    std::int64_t last_us_ = 0;
    std::uint64_t last_ = 0;
};

// Where the loop's time goes, in nanoseconds, always on.
struct LoopTimes {
    std::uint64_t cycles = 0;
    std::uint64_t read_ns = 0;     // receiving, parsing, looking up, gates
    std::uint64_t execute_ns = 0;  // running commands
    std::uint64_t record_ns = 0;   // telling others what commands changed
    std::uint64_t write_ns = 0;    // sending
    std::uint64_t expire_ns = 0;   // removing due keys
    std::uint64_t cron_ns = 0;
    std::uint64_t turn_ns = 0;     // all of the above, in turns that served a client
    std::uint64_t longest_ns = 0;  // the longest turn
    std::uint64_t most_commands = 0;  // in one turn
};

struct Stats {
    std::uint64_t connections_received = 0;
    std::uint64_t connections_rejected = 0;
    std::uint64_t commands = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t error_replies = 0;
    std::uint64_t evicted_clients = 0;
    std::uint64_t output_limit_disconnections = 0;
    std::uint64_t query_limit_disconnections = 0;
    std::uint64_t acl_denied_auth = 0;
    std::uint64_t acl_denied_command = 0;
    std::uint64_t acl_denied_key = 0;
    std::uint64_t acl_denied_channel = 0;
    std::uint64_t acl_denied_certificate = 0;
    std::uint64_t dirty = 0;  // changes since the last save
    std::uint64_t peak_memory = 0;
    std::map<std::string, std::uint64_t, std::less<>> errors;  // by code, for errorstats
    LoopTimes loop;
    Rate commands_rate;
    Rate bytes_in_rate;
    Rate bytes_out_rate;
    Rate cycles_rate;

    // Counts an error reply by its code (the first word of its text). The number of codes is bounded, since a
    // script can make them up.
    void count_error(Bytes text);
    // CONFIG RESETSTAT. Peak memory and `dirty` stay.
    void reset();
};

}  // namespace keel
