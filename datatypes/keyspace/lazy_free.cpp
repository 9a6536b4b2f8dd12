// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/keyspace/lazy_free.h"

#include "datatypes/encodings/small_heap.h"

namespace keel {

void LazyFree::free_now(const ValueRef& value) noexcept {
    if (value.payload != nullptr) type_ops(value.type).destroy(value);
}

void LazyFree::retire(const ValueRef& value) {
    if (value.payload == nullptr) return;
    const bool much = value.type == Type::string ? value.text.size() >= kBlockBytes
                                                 : type_ops(value.type).free_effort(value) > kEffort;
    if (!much || background_ == nullptr) return free_now(value);
    submit(1, [value] { free_now(value); });
}

void LazyFree::submit(std::uint64_t objects, std::function<void()> job) {
    if (background_ == nullptr) return job();
    pending_ += objects;
    if (jobs_++ == 0) small_heap().share(true);
    background_->submit(std::move(job), [this, objects] {
        pending_ -= objects;
        freed_ += objects;
        if (--jobs_ == 0) small_heap().share(false);
    });
}

}  // namespace keel
