// SPDX-License-Identifier: BSD-3-Clause
//
// What the log asks of the helper thread: run a job there, and then tell the loop. The server's is BackgroundHelper
// over the one helper thread (protocol/base/background.h); a test's runs jobs when the test says so.
//
// Always true: jobs run one at a time, in the order they were given, and so do their `done`s, on the loop's thread.
#pragma once

#include <functional>

#include "protocol/base/background.h"
#include "protocol/base/result.h"

namespace keel::aof {

class Helper {
  public:
    virtual ~Helper() = default;
    // `job` must not touch what the loop may touch.
    virtual void run(std::function<Status()> job, std::function<void(Status)> done) = 0;
};

class BackgroundHelper final : public Helper {
  public:
    explicit BackgroundHelper(Background& background) : background_(background) {}
    void run(std::function<Status()> job, std::function<void(Status)> done) override {
        background_.submit(std::move(job), std::move(done));
    }

  private:
    Background& background_;
};

}  // namespace keel::aof
