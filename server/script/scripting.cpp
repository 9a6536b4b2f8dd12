// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/scripting.h"

#include <utility>

namespace keel::script {

namespace {

// Closing an interpreter of less takes some hundred microseconds.
constexpr std::size_t kLargeBytes = std::size_t{1} << 20;

void let_go(std::shared_ptr<void> old, std::size_t objects, std::size_t bytes, LazyFree* background) {
    if (background != nullptr && bytes > kLargeBytes) background->submit(objects, [old = std::move(old)] {});
}

}  // namespace

void Scripting::flush_scripts(LazyFree& lazy_free, bool in_background) {
    const std::size_t count = scripts.count();
    const std::size_t bytes = scripts.vm_bytes() + scripts.source_bytes();
    let_go(scripts.flush(), count, bytes, in_background ? &lazy_free : nullptr);
}

void Scripting::flush_libraries(LazyFree& lazy_free, bool in_background) {
    const std::size_t count = libraries.count();
    const std::size_t bytes = libraries.vm_bytes() + libraries.code_bytes();
    let_go(libraries.flush(), count, bytes, in_background ? &lazy_free : nullptr);
}

Status Scripting::restore_libraries(Bytes payload, RestoreMode mode, LazyFree& lazy_free, bool in_background) {
    const std::size_t count = libraries.count();
    const std::size_t bytes = libraries.vm_bytes() + libraries.code_bytes();
    std::shared_ptr<void> old;
    Status restored = libraries.restore(payload, mode, old);
    if (old != nullptr) let_go(std::move(old), count, bytes, in_background ? &lazy_free : nullptr);
    return restored;
}

}  // namespace keel::script
