// SPDX-License-Identifier: BSD-3-Clause
//
// How commands open the set at a key, and what they say when they changed it.
#pragma once

#include "datatypes/command/context.h"
#include "datatypes/set/set.h"

namespace keel::set {

// The set at the key, for reading; none if there is no such key.
Result<SetView> read_set(Context& cx, const Key& key);

// The set of an entry while it is changed. The entry has it back when this ends; until then its payload is not to be
// looked at through the entry.
class SetEdit {
  public:
    explicit SetEdit(Entry& entry) : set(entry.value()), entry_(entry) {}
    ~SetEdit() {
        const ValueRef value = set.release();
        entry_.set_payload(value.form, value.payload);
    }
    SetEdit(const SetEdit&) = delete;
    SetEdit& operator=(const SetEdit&) = delete;

    Set set;

  private:
    Entry& entry_;
};

// Adds members to the set at the key, which comes to be if there is none, and tells of it. Returns how many are new.
std::size_t add_members(Context& cx, const Key& key, Entry* entry, std::span<const Bytes> members);

// Tells of `changes` members gone from the set of the entry, with one event. A set that has become empty goes too.
void tell_removed(Context& cx, const Key& key, Entry& entry, Event event, std::size_t changes);

}  // namespace keel::set
