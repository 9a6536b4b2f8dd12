// SPDX-License-Identifier: BSD-3-Clause
//
// How hash commands come to a hash, and what they make of fields that are due but still there (DueKeys in keyspace.h):
//
//                     remove                          hide                     show
//     a named field   goes at once and is announced   is not there             is there
//     a whole walk    does not show it                does not show it         shows it
//     HLEN            counts it                       counts it                counts it
//
// Always true:
//   1. Whatever a command does to a hash goes through Opened, so the database's index of field deadlines is right after
//      it, and an empty hash is gone.
//   2. A due field that a command met is announced before what the command did itself: replicas get its HDEL ahead.
#pragma once

#include <initializer_list>
#include <vector>

#include "datatypes/command/context.h"
#include "datatypes/hash/hash.h"

namespace keel::hash {

[[nodiscard]] inline Limits limits(const Context& cx) {
    return {cx.settings.encodings.hash_max_listpack_entries, cx.settings.encodings.hash_max_listpack_value_bytes};
}

// The latest deadline of a field that is not there any more; negative if none is hidden.
[[nodiscard]] inline UnixMs horizon(const Context& cx) {
    return cx.keyspace.due_keys == DueKeys::show ? UnixMs{-1} : cx.now();
}
[[nodiscard]] inline bool is_due(const Context& cx, UnixMs deadline) {
    return deadline != kNoDeadline && deadline <= horizon(cx);
}
// Whether some field of the hash is due.
[[nodiscard]] inline bool has_due(const Context& cx, const HashView& hash) { return is_due(cx, hash.earliest()); }

// The hash at a key that a command reads, for the fields it names: those that are due go first. Null: no such hash.
Result<Entry*> open_to_read(Context& cx, const Key& key, std::span<const Bytes> names);

// The spot of a field that is there to be seen.
[[nodiscard]] inline Spot locate(const Context& cx, const HashView& hash, Bytes name) {
    const Spot spot = hash.locate(name);
    if (spot.there() && is_due(cx, hash.deadline(spot))) [[unlikely]]
        return {.hash = spot.hash};
    return spot;
}

// The hash at a key that a command changes.
class Opened {
  public:
    // `entry` is what write() gave for the key, a hash or null: then a new one begins here.
    Opened(Context& cx, const Key& key, Entry* entry)
        : cx_(cx),
          key_(key),
          entry_(entry),
          edit_(entry, limits(cx)),
          before_(entry != nullptr ? edit_.earliest() : kNoDeadline) {}
    // Lets go of it, if finish() was not called: nothing but due fields may have changed.
    ~Opened() {
        if (!closed_ && close()) cx_.effects.happened(cx_.db().index(), key_.text, events::kDel);
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    HashEdit* operator->() { return &edit_; }
    // The spot of a field that is there to be seen. One that is due goes, if that is ours to do, and is announced
    // later.
    Spot locate(Bytes name);
    // The same for a field that will get a value in any case: a due one goes without a word if it is not ours to
    // announce.
    Spot locate_to_put(Bytes name);

    // The command changed it: puts it in its place and tells the events, and `del` if nothing is left.
    void finish(std::initializer_list<Event> what);
    void finish(Event what) { finish({what}); }

  private:
    Spot without_due(const Spot& spot, Bytes name, bool will_put);
    bool close();

    Context& cx_;
    const Key& key_;
    Entry* entry_;
    HashEdit edit_;
    UnixMs before_;               // the earliest deadline, as the database knows it
    std::vector<Bytes> expired_;  // words of the request
    bool closed_ = false;
};

}  // namespace keel::hash
