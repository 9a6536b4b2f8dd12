// SPDX-License-Identifier: BSD-3-Clause
//
// SIGTERM and SIGINT: the loop is told through a descriptor, and ends the process in order. A second SIGINT while that
// is under way (or while the loop is held up by something long) ends it at once, from the handler.
//
//     signal -> handler -> pipe -> the loop: Server::on_signal
//                  `- SIGINT, and one came before -> exit(1)
//
// One object lives at a time. Not here: deadly signals (the crash report).
#pragma once

#include <optional>

namespace keel {

class StopSignals {
  public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    // Readable when a signal has come.
    [[nodiscard]] int descriptor() const { return pipe_[0]; }
    // The next signal, if one has come.
    std::optional<int> take();
    // The shutdown that a signal began was called off: the next SIGINT is a first one again.
    static void forget();

  private:
    int pipe_[2];
};

}  // namespace keel
