// SPDX-License-Identifier: BSD-3-Clause
//
// What commands did, as the one stream of bytes that the log (and later the backlog and replicas) gets: commands in
// RESP, each in its database, and what belongs together as a transaction.
//
//     begin(); command(0, "*3 SET a 1"); end();                          SELECT 0 | SET a 1
//     begin(); command(0, ...); command(2, ...); end();                  MULTI | INCR b | SELECT 2 | DEL c | EXEC
//                                                                        ^ one script, one EXEC, one command with two
//                                                                        effects
//     log.append(stream.bytes(), stream.selected(), now); stream.clear();
//
// Always true:
//   1. A unit that did one thing stands as it is; one that did more is between MULTI and EXEC, so that nobody who reads
//   the
//      stream applies half of it.
//   2. SELECT stands where the database changes, and before the first command after reselect(): a new reader begins
//   there.
//   3. Nothing of a unit is in bytes() before its end().
#pragma once

#include <span>
#include <string>

#include "protocol/base/bytes.h"

namespace keel {

class EffectStream {
  public:
    // Units may lie in one another (a script inside of EXEC): only the outermost counts.
    void begin();
    void end();

    // In the client's own words, as they came: RESP, multibulk.
    void command(int db, Bytes resp);
    // In other words.
    void command(int db, std::span<const Bytes> words);

    // The next command selects its database: a file or a replica begins behind what is there.
    void reselect() { selected_ = -1; }
    // The database that is selected behind bytes(); -1: none was yet.
    [[nodiscard]] int selected() const { return selected_; }

    // What a unit that is under way has said so far becomes one of its own: for when the stream has to end here.
    void split();
    // A unit has begun and has said something.
    [[nodiscard]] bool in_unit() const { return depth_ > 0 && commands_ > 0; }

    // What ended since clear(). Both only outside of a unit, or where one has said nothing yet.
    [[nodiscard]] Bytes bytes() const { return out_; }
    void clear();
    // Forgets what was said since bytes() had this size. Outside of a unit.
    void cut(std::size_t size);
    // For one who takes the bytes with their memory, and leaves an empty string in its place: then clear().
    [[nodiscard]] std::string&& storage() { return std::move(out_); }
    [[nodiscard]] std::size_t memory_bytes() const { return out_.capacity(); }

  private:
    void next(int db);

    std::string out_;
    int selected_ = -1;
    int depth_ = 0;
    std::size_t commands_ = 0;  // of the unit
    std::size_t first_ = 0;     // where the unit's first command begins in out_
};

}  // namespace keel
